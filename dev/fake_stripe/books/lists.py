"""Lists as the API pages them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dev.fake_stripe.books.store import EVER, Span
from dev.fake_stripe.errors import InvalidParameter, InvalidRequest, NoSuchObject

if TYPE_CHECKING:
    from dev.fake_stripe.books.store import Object, Params

LIMIT_DEFAULT = 10
LIMIT_MAX = 100


def page(listed: list[Object], params: Params, *, url: str) -> Object:
    """The page of a list for `limit`, `starting_after` and `ending_before`."""
    limit = params.get("limit", LIMIT_DEFAULT)
    if not 1 <= limit <= LIMIT_MAX:
        raise InvalidParameter(
            f"This value must be from 1 to {LIMIT_MAX} (it currently is '{limit}').",
            code="parameter_invalid_integer",
            param="limit",
        )
    after, before = params.get("starting_after"), params.get("ending_before")
    if after is not None and before is not None:
        raise InvalidRequest("You may only specify one of these parameters: starting_after, ending_before.")
    if before is not None:
        end = _position(listed, before, "ending_before")
        data = listed[max(0, end - limit) : end]
        return _list(data, url=url, has_more=end > limit)
    start = 0 if after is None else _position(listed, after, "starting_after") + 1
    return _list(listed[start : start + limit], url=url, has_more=len(listed) > start + limit)


def whole(data: list[Object], *, url: str) -> Object:
    """The list inside another object, from its beginning."""
    return _list(data[:LIMIT_DEFAULT], url=url, has_more=len(data) > LIMIT_DEFAULT)


def created(params: Params) -> Span:
    """The span of the parameter `created`."""
    wanted = params.get("created", {})
    if isinstance(wanted, int):
        return Span(first=wanted, last=wanted)
    return Span(
        first=max(EVER.first, wanted.get("gte", EVER.first), wanted.get("gt", EVER.first - 1) + 1),
        last=min(EVER.last, wanted.get("lte", EVER.last), wanted.get("lt", EVER.last + 1) - 1),
    )


def _position(listed: list[Object], object_id: str, param: str) -> int:
    for position, body in enumerate(listed):
        if body["id"] == object_id:
            return position
    raise NoSuchObject("object", object_id, param=param)


def _list(data: list[Object], *, url: str, has_more: bool) -> Object:
    return {"object": "list", "data": data, "has_more": has_more, "url": url}

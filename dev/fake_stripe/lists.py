"""Lists as the API pages them, and `expand`, which puts objects where their ids stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dev.fake_stripe.errors import InvalidParameter, InvalidRequest, NoSuchObject
from dev.fake_stripe.store import EVER, Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from dev.fake_stripe.account import Work
    from dev.fake_stripe.contract import Params
    from dev.fake_stripe.store import Object

LIMIT_DEFAULT = 10
LIMIT_MAX = 100
EXPAND_DEPTH_MAX = 4


def page(listed: list[Object], params: Params, *, url: str) -> Object:
    """The part of a list that `limit`, `starting_after` and `ending_before` ask for."""
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
    """The bounds that `created` sets."""
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


# --- expand ---


def _object_of(kind: str) -> Callable[[Work, Object, str], Any]:
    def expanded(work: Work, body: Object, name: str) -> Any:  # noqa: ANN401  # an object, or null
        return None if body[name] is None else work.found(kind, body[name])

    return expanded


def _line_items(work: Work, body: Object, name: str) -> Object:
    return whole(work.store.parts(body["id"]), url=f"/v1/checkout/sessions/{body['id']}/{name}")


def _refunds(work: Work, body: Object, name: str) -> Object:
    return whole(work.store.listed("refund", charge=body["id"]), url=f"/v1/charges/{body['id']}/{name}")


_EXPANDED: dict[tuple[str, str], Callable[[Work, Object, str], Any]] = {
    ("checkout.session", "payment_intent"): _object_of("payment_intent"),
    ("checkout.session", "line_items"): _line_items,
    ("payment_intent", "latest_charge"): _object_of("charge"),
    ("charge", "payment_intent"): _object_of("payment_intent"),
    ("charge", "refunds"): _refunds,
    ("refund", "charge"): _object_of("charge"),
    ("refund", "payment_intent"): _object_of("payment_intent"),
}


def expand(work: Work, body: Object, params: Params) -> Object:
    """The object, or the list, with what the `expand` of a request names. Raises InvalidParameter."""
    for path in params.get("expand", []):
        steps = path.split(".")
        if len(steps) - (body["object"] == "list") > EXPAND_DEPTH_MAX:
            raise InvalidParameter(
                f"You cannot expand more than {EXPAND_DEPTH_MAX} levels of a property ({path}).", param="expand"
            )
        _expand(work, body, steps, path)
    return body


def _expand(work: Work, body: Object, steps: list[str], path: str) -> None:
    name, *rest = steps
    if body["object"] == "list" and name == "data" and rest:
        for each in body["data"]:
            _expand(work, each, rest, path)
        return
    expanded = _EXPANDED.get((body["object"], name))
    if expanded is None:
        raise InvalidParameter(f"This property cannot be expanded ({path}).", param="expand")
    if not isinstance(body.get(name), dict):
        body[name] = expanded(work, body, name)
    if rest and body[name] is not None:
        _expand(work, body[name], rest, path)

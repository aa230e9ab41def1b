"""`expand`: puts objects where their ids stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dev.fake_stripe.books.lists import whole
from dev.fake_stripe.errors import InvalidParameter

if TYPE_CHECKING:
    from collections.abc import Callable

    from dev.fake_stripe.books.account import Work
    from dev.fake_stripe.books.store import Object, Params

EXPAND_DEPTH_MAX = 4


def _object_of(kind: str) -> Callable[[Work, Object, str], Any]:
    def expanded(work: Work, body: Object, name: str) -> Any:
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
    """The object or list, with the objects that `expand` names in place of their ids. Raises InvalidParameter."""
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

"""Holds what the fake emits against the stripe package's types: every field, and no other, of the right type."""

import re
from collections.abc import Iterator
from typing import Any

import stripe

from dev.fake_stripe.api import shapes

CLASSES: dict[str, type] = {
    "charge": stripe.Charge,
    "checkout.session": stripe.checkout.Session,
    "event": stripe.Event,
    "item": stripe.LineItem,
    "payment_intent": stripe.PaymentIntent,
    "refund": stripe.Refund,
}

_TYPES: dict[type, type] = {
    shapes.Anything: object,
    shapes.Nothing: type(None),
    shapes.Text: str,
    shapes.Flag: bool,
}


def problems(body: dict[str, Any]) -> list[str]:
    """What is wrong with an object, a list of them, or an event and the object it tells of."""
    if body["object"] == "list":
        return [problem for each in body["data"] for problem in problems(each)]
    found = list(_problems(shapes.Record(CLASSES[body["object"]]), body, body["object"]))
    if body["object"] == "event":
        found += problems(body["data"]["object"])
    return found


def _problems(shape: shapes.Shape, value: Any, path: str) -> Iterator[str]:
    match shape:
        case shapes.Either(options):
            yield from _either(options, value, path)
        case shapes.Record() if isinstance(value, dict):
            yield from _record(shape, value, path)
        case shapes.ListOf(item) if isinstance(value, list):
            for number, each in enumerate(value):
                yield from _problems(item, each, f"{path}[{number}]")
        case shapes.PageOf(item) if isinstance(value, dict) and set(value) == {"object", "data", "has_more", "url"}:
            yield from _problems(shapes.ListOf(item), value["data"], f"{path}.data")
        case shapes.MapOf(inner) if isinstance(value, dict):
            for key, each in value.items():
                yield from _problems(inner, each, f"{path}.{key}")
        case _ if not _fits(shape, value):
            yield f"{path} is {value!r}, and no {shape}"


def _either(options: tuple[shapes.Shape, ...], value: Any, path: str) -> Iterator[str]:
    found = [list(_problems(option, value, path)) for option in options]
    if all(found):
        # The option that was meant is the one that was followed furthest.
        yield from max(found, key=lambda each: len(re.split(r"[.\[]", each[0].split(" ")[0])))


def _record(record: shapes.Record, value: dict[str, Any], path: str) -> Iterator[str]:
    for name in value:
        if name not in record.fields:
            yield f"{path}.{name} isn't a field of {record.type.__name__}"
    for name, field in record.fields.items():
        if name in value:
            yield from _problems(field.shape, value[name], f"{path}.{name}")
        elif field.required:
            yield f"{path}.{name} is missing"


def _fits(shape: shapes.Shape, value: Any) -> bool:
    match shape:
        case shapes.OneOf(values):
            return value in values
        case shapes.Whole():
            return isinstance(value, int) and not isinstance(value, bool)
        case shapes.Fraction():  # A decimal is text in JSON.
            return isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value) is not None
    return isinstance(value, _TYPES.get(type(shape), ()))

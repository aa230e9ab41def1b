"""Every refusal as a problem (RFC 9457): the only place that writes one for the wire, and that knows JSON pointers."""

import json
from collections.abc import Mapping, Sequence
from functools import singledispatch
from typing import Any, TypedDict

from pydantic_core import to_jsonable_python

from packhouse.errors import (
    IdempotencyKeyMissing,
    InvalidRequest,
    MoreUsedThanHeld,
    NotAssignable,
    Refusal,
    TooManyAttempts,
    TryAgain,
    Unauthenticated,
    UserMissing,
)

PAGES = "https://packhouse.example/problems/"
"""The address of each problem's page; docs/problems.md is its source."""
CONTENT_TYPE = "application/problem+json"
IN_HEADERS = frozenset({"retry_after_seconds"})
"""Fields of refusals that are a header and no member."""


class FieldError(TypedDict):
    """A field that can't be as it was sent. `pointer` says where it stands: RFC 6901, into the body or the query."""

    pointer: str
    detail: str


class FieldsInvalid(InvalidRequest):
    errors: Sequence[FieldError]


def problem(refusal: Refusal, *, instance: str) -> dict[str, Any]:
    """The problem's members: the five of RFC 9457, then the refusal's fields. `instance` is the request's id."""
    placed = _placed(refusal)
    return {
        "type": f"{PAGES}{placed.slug}",
        "title": placed.title,
        "status": placed.status.value,
        "detail": str(placed),
        "instance": instance,
        **{name: shown(getattr(placed, name)) for name in placed.fields() if name not in IN_HEADERS},
    }


def answer(refusal: Refusal, *, instance: str) -> dict[str, Any]:
    """The whole answer that a function gives to API Gateway."""
    headers = {"Content-Type": CONTENT_TYPE}
    if isinstance(refusal, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(refusal, TryAgain | TooManyAttempts):
        headers["Retry-After"] = str(refusal.retry_after_seconds)
    return {
        "statusCode": refusal.status.value,
        "headers": headers,
        "body": json.dumps(problem(refusal, instance=instance), separators=(",", ":")),
        "isBase64Encoded": False,
    }


@singledispatch
def shown(value: object) -> Any:
    """A field as its member shows it. A module with its own view of a value registers the view here."""
    return to_jsonable_python(value)


def invalid(detail: str, *place: str | int) -> FieldsInvalid:
    """The refusal of one field, by its place in the request; without a place, of the whole body."""
    return FieldsInvalid(errors=[FieldError(pointer=_pointer(place), detail=detail)])


def of_validation(errors: Sequence[Mapping[str, Any]]) -> Refusal:
    """The refusal for pydantic's errors: a missing Idempotency-Key has its own, the others share one."""
    if any(error["type"] == "missing" and error["loc"] == ("header", "idempotency-key") for error in errors):
        return IdempotencyKeyMissing()
    return FieldsInvalid(
        errors=[
            FieldError(pointer=_pointer(error["loc"][1:]), detail=error["msg"].removeprefix("Value error, "))
            for error in errors
        ]
    )


def _placed(refusal: Refusal) -> Refusal:
    """The refusal; where a rule found a field that can't be, with the place of that field in the request."""
    match refusal:
        case UserMissing(needs=needs):
            places = [("user",) if need.item is None else ("items", need.item, "user") for need in needs]
            detail = str(refusal)
            return FieldsInvalid(errors=[FieldError(pointer=_pointer(place), detail=detail) for place in places])
        case NotAssignable():
            return invalid(str(refusal), "sku")
        case MoreUsedThanHeld():
            return invalid(str(refusal), "licenses_used")
        case _:
            return refusal


def _pointer(place: Sequence[str | int]) -> str:
    """RFC 6901, into the body. A parameter of the path or the query counts as a member of the body."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in place)

"""Every refusal as a problem (RFC 9457): the only place that words one for the wire."""

import json
from collections.abc import Mapping, Sequence
from functools import singledispatch
from typing import Any

from pydantic_core import to_jsonable_python

from packhouse.errors import (
    IdempotencyKeyMissing,
    InvalidRequest,
    Refusal,
    TooManyAttempts,
    TryAgain,
    Unauthenticated,
)

PAGES = "https://packhouse.example/problems/"
"""Where the page of each problem stands; docs/problems.md is its source."""
CONTENT_TYPE = "application/problem+json"


def problem(refusal: Refusal, *, instance: str) -> dict[str, Any]:
    """The problem's members: the five of RFC 9457, then the facts. `instance` is the request's id."""
    return {
        "type": f"{PAGES}{refusal.slug}",
        "title": refusal.title,
        "status": refusal.status.value,
        "detail": str(refusal),
        "instance": instance,
        **{name: shown(fact) for name, fact in refusal.facts.items()},
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
def shown(fact: object) -> Any:  # noqa: ANN401  # whatever JSON holds
    """A fact as its member tells it. Modules with a view of their own for a value register it here."""
    return to_jsonable_python(fact)


def of_validation(errors: Sequence[Mapping[str, Any]]) -> Refusal:
    """What is wrong with a request's fields: a missing key by its own name, the rest by JSON pointer."""
    if any(one["type"] == "missing" and one["loc"] == ("header", "idempotency-key") for one in errors):
        return IdempotencyKeyMissing()
    return InvalidRequest(
        errors=[
            {"pointer": pointer(*one["loc"][1:]), "detail": one["msg"].removeprefix("Value error, ")} for one in errors
        ]
    )


def pointer(*parts: str | int) -> str:
    """RFC 6901, into the body; a parameter is named as if it were a member."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)

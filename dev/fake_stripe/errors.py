"""Every answer that is no success, in Stripe's form.

Refusal
├── Unauthorized            401 no key, or one this account doesn't have
├── InvalidRequest          400 something about the request is wrong
│   ├── UnknownParameter
│   ├── MissingParameter
│   ├── InvalidParameter
│   ├── VersionRefused      the API version isn't the stripe package's
│   ├── NotBuilt            Stripe takes it; the fake doesn't do it yet
│   └── Declined            the endpoint ran, and refused
├── NoSuchObject            404 (in the path) or 400 (in a parameter)
├── UnknownUrl              404
├── KeyReused               400 the idempotency key came with other parameters
├── KeyInUse                409 the idempotency key's first request hasn't been answered
├── RateLimited             429 a fault
└── Broken                  500 a fault
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import ClassVar

_DOCS = "https://docs.stripe.com/error-codes#"


class Refusal(Exception):
    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST
    type: ClassVar[str] = "invalid_request_error"
    remembered: ClassVar[bool] = False
    """Whether an idempotency key keeps it: only if the endpoint had begun."""

    def __init__(self, message: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.param = param
        self.answered = self.status
        self.headers: dict[str, str] = {}

    def body(self, request_id: str) -> dict[str, object]:
        error: dict[str, object] = {"message": self.message, "type": self.type}
        if self.code is not None:
            error |= {"code": self.code, "doc_url": f"{_DOCS}{self.code.replace('_', '-')}"}
        if self.param is not None:
            error["param"] = self.param
        error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": error}


class Unauthorized(Refusal):
    status = HTTPStatus.UNAUTHORIZED

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.headers = {"WWW-Authenticate": 'Bearer realm="Stripe"'}


class InvalidRequest(Refusal):
    pass


class UnknownParameter(InvalidRequest):
    def __init__(self, params: Sequence[str], *, meant: str | None = None) -> None:
        listed = ", ".join(params)
        suggestion = f". Did you mean {meant}?" if meant else ""
        super().__init__(
            f"Received unknown parameter{'s' * (len(params) > 1)}: {listed}{suggestion}",
            code="parameter_unknown",
            param=params[0],
        )


class MissingParameter(InvalidRequest):
    def __init__(self, param: str) -> None:
        super().__init__(f"Missing required param: {param}.", code="parameter_missing", param=param)


class InvalidParameter(InvalidRequest):
    """A parameter has the wrong type, an unknown value, or is out of its limits."""


class VersionRefused(InvalidRequest):
    pass


class NotBuilt(InvalidRequest):
    """Stripe's types allow it, but the fake doesn't do it. Ignoring it would leave it untested."""

    def __init__(self, param: str) -> None:
        super().__init__(
            f"The fake Stripe doesn't do {param} yet; see docs/fake-stripe.md.", code="fake_not_built", param=param
        )


class Declined(InvalidRequest):
    remembered = True


class NoSuchObject(Refusal):
    """`in_path`: the URL names the object; otherwise a parameter does."""

    remembered = True

    def __init__(self, kind: str, object_id: str, *, param: str, in_path: bool = False) -> None:
        super().__init__(f"No such {kind}: '{object_id}'", code="resource_missing", param=param)
        if in_path:
            self.answered = HTTPStatus.NOT_FOUND


class UnknownUrl(Refusal):
    status = HTTPStatus.NOT_FOUND

    def __init__(self, method: str, path: str) -> None:
        super().__init__(
            f"Unrecognized request URL ({method}: {path}). If you are trying to list objects, remove the trailing "
            "slash. If you are trying to retrieve an object, make sure you passed a valid (non-empty) identifier in "
            "your code. The fake Stripe knows the routes in docs/fake-stripe.md."
        )


class KeyReused(Refusal):
    type = "idempotency_error"

    def __init__(self, key: str, *, first: str, now: str) -> None:
        same = "with the same parameters they were first used with"
        if first != now:
            same = f"for the same endpoint they were first used for ('{now}' vs '{first}')"
        super().__init__(
            f"Keys for idempotent requests can only be used {same}. "
            f"Try using a key other than '{key}' if you meant to execute a different request."
        )


class KeyInUse(Refusal):
    status = HTTPStatus.CONFLICT
    type = "idempotency_error"

    def __init__(self, key: str) -> None:
        super().__init__(
            "There is currently another in-progress request using this Idempotent Key (that probably means you "
            f"submitted twice, and the other request is still going through): {key}. Please try again later.",
            code="idempotency_key_in_use",
        )


class RateLimited(Refusal):
    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self) -> None:
        super().__init__("Request rate limit exceeded.", code="rate_limit")
        self.headers = {"Stripe-Rate-Limited-Reason": "global-rate"}


class Broken(Refusal):
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    type = "api_error"

    def __init__(self, message: str = "Sorry! There was an error on our side. (A fault you asked for.)") -> None:
        super().__init__(message)

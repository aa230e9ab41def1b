"""IAM, which neither moto nor ministack plays: a function may do to the tables what its role says, and no more."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from packhouse.settings import settings
from tests.harness import template

_running: ContextVar[str | None] = ContextVar("running", default=None)


class AccessDeniedError(AssertionError):
    """A call that works here, and would be an AccessDeniedException on AWS."""


@contextmanager
def of(function: str | None) -> Iterator[None]:
    """Who calls meanwhile: this function, or (None) the test itself, which may do everything."""
    token = _running.set(function)
    try:
        yield
    finally:
        _running.reset(token)


def require(operation: str, params: Mapping[str, Any]) -> None:
    """Fail a call that the function which is running has no right to."""
    function = _running.get()
    if function is None:
        return
    allowed = template.rights(function)
    for action, resource in _needed(operation, params):
        if action not in allowed.get(resource, ()):
            raise AccessDeniedError(f"{function} may not {action} on {resource}")


def _needed(operation: str, params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The actions, and on what: `("Query", "Table/index/by_owner")`."""
    logical_ids = {settings().table: "Table", settings().journal: "Journal"}
    if operation == "TransactWriteItems":
        for action in params["TransactItems"]:
            ((name, one),) = action.items()
            right = "ConditionCheckItem" if name == "ConditionCheck" else f"{name}Item"
            yield right, logical_ids[one["TableName"]]
    elif operation in {"BatchGetItem", "BatchWriteItem"}:
        yield from ((operation, logical_ids[name]) for name in params["RequestItems"])
    else:
        index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
        yield operation, logical_ids[params["TableName"]] + index

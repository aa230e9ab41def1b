"""IAM, which neither moto nor ministack plays: a function may do what its role says, and no more.

Every call to AWS is held against the role of the function that is running, and each right that was used is kept:
`unused_rights.py` fails a run of the whole suite if the template gives a right that no test used.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from botocore.handlers import BUILTIN_HANDLERS

from packhouse.settings import settings, stripe_queue
from tests.harness import template

OUTSIDE_OF_TABLES = {"GetSecretValue": "StripeSecret", "PutEvents": "Bus", "SendEmail": "MailDomain"}
"""Calls to something of which there is one; a mail's right is on the domain it is sent from."""

_used: set[tuple[str, str, str]] = set()
_told: set[tuple[str, str, str]] = set()
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


def watch_every_session() -> None:
    """Hold the calls of every session that is made from now on against the rights of their function."""
    BUILTIN_HANDLERS.append(("provide-client-params", _called))


def news() -> list[tuple[str, str, str]]:
    """The rights that were used for the first time since this was last asked: function, action, resource."""
    found = sorted(_used - _told)
    _told.update(found)
    return found


def _called(model: Any, params: Mapping[str, Any], **_: object) -> None:
    """Fail a call that the function which is running has no right to."""
    function = _running.get()
    if function is None:
        return
    allowed = template.rights(function)
    for action, resource in _needed(model.name, params):
        if action not in allowed.get(resource, ()):
            raise AccessDeniedError(f"{function} may not {action} on {resource}")
        _used.add((function, action, resource))


def _needed(operation: str, params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The actions, and on what: `("Query", "Table/index/by_owner")`."""
    if operation in OUTSIDE_OF_TABLES:
        yield operation, OUTSIDE_OF_TABLES[operation]
    elif operation == "SendMessage":
        yield operation, "StripeEvents" if params["QueueUrl"] == stripe_queue() else params["QueueUrl"]
    else:
        yield from _needed_of_tables(operation, params)


def _needed_of_tables(operation: str, params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
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

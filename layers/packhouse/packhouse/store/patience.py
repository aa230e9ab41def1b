"""Patience with DynamoDB: a call without an answer is tried again a few times, with jitter. A refusal is an answer."""

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Never

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as ConnectionFailed

from packhouse.errors import TryAgain
from packhouse.store import wire
from packhouse.store.wire import Item

PAUSES_SECONDS_MAX = (0, 0.05, 0.1, 0.2)  # one before each try
PASSING = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
PASSING_REASONS = frozenset({"None", "TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError"})
REFUSED = "ConditionalCheckFailed"
SERVER_ERRORS = 500


class WriteRefused(Exception):
    """A condition didn't hold. In the order of the writes: which were refused, and the item that each of those met."""

    def __init__(self, refused: Sequence[bool], met: Sequence[Item | None]) -> None:
        super().__init__(f"refused: {[number for number, one in enumerate(refused) if one]}")
        self.refused = tuple(refused)
        self.met = tuple(met)


class Moved(Exception):
    """Somebody changed an item after it was read, so a decision made by it may be wrong."""


TRIES_MAX = 5  # of a step whose items others change at the same time


def until_settled[Seen, Done](
    read: Callable[[], Seen], attempt: Callable[[Seen], Done], *, first: Seen | None = None
) -> Done:
    """Read, and attempt it with the value. After a `Moved`, read and attempt again; `TryAgain` after a few attempts.

    `first` is a value that was read before, so the first attempt needs no read.
    """
    for number in range(TRIES_MAX):
        with suppress(Moved):
            return attempt(read() if number or first is None else first)
    raise TryAgain


def pause(seconds_max: float) -> None:
    if seconds_max:  # a sleep of 0 seconds takes a tenth of a millisecond
        time.sleep(random.uniform(0, seconds_max))  # noqa: S311  # nosec B311  # jitter, no secret


def patiently(call: Callable[..., Any], **arguments: Any) -> Any:
    """Call until there is an answer. `TryAgain` after a few calls."""
    for seconds_max in PAUSES_SECONDS_MAX:
        pause(seconds_max)
        try:
            return call(**arguments)
        except ClientError as error:
            if not passes(error):
                _refuse(error)
        except (ConnectionFailed, HTTPClientError) as error:  # botocore has tried again already
            raise TryAgain from error
    raise TryAgain


def passes(error: ClientError) -> bool:
    """Whether the same call may succeed in a moment. Also for AWS's other services."""
    reasons = _reasons(error)
    if reasons:
        return all(reason["Code"] in PASSING_REASONS for reason in reasons)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return error.response["Error"]["Code"] in PASSING or status >= SERVER_ERRORS


def _refuse(error: ClientError) -> Never:
    """Raise `WriteRefused` for a condition that didn't hold. Any other final error is our bug, and raised as it is."""
    reasons = _reasons(error)
    if any(reason["Code"] == REFUSED for reason in reasons):
        raise WriteRefused(
            [reason["Code"] == REFUSED for reason in reasons],
            [wire.plain(reason["Item"]) if reason.get("Item") else None for reason in reasons],
        ) from error
    if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
        met: Any = error.response.get("Item")
        raise WriteRefused([True], [wire.plain(met) if met else None]) from error
    raise error


def _reasons(error: ClientError) -> list[dict[str, Any]]:
    reasons: list[dict[str, Any]] = error.response.get("CancellationReasons") or []  # type: ignore[assignment]  # not in its stubs
    return reasons

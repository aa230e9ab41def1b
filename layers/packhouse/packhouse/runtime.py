"""The clock and the tables. Stores and rooms take them as arguments."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from packhouse.domain.access import Stamp
from packhouse.settings import settings
from packhouse.store.table import Log, StampedTable, Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

clock: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731  # tests and the local stack replace it to move time


def now() -> datetime:
    """The current time of Packhouse's clock, in UTC. It decides every promise of Packhouse."""
    return clock()


@cache
def dynamodb() -> "DynamoDBClient":
    return boto3.client("dynamodb", config=patience())


@cache
def table() -> Table:
    return Table(dynamodb(), settings().table)


def stamped(principal: str, request_id: str) -> StampedTable:
    """The table for work that no caller requested: a tick, an event, a message."""
    return table().stamped(Stamp(principal=principal, request_id=request_id, changed_at=now()))


@cache
def journal() -> Log:
    return Log(dynamodb(), settings().journal)


def patience() -> Config:
    """Give up a hanging call after two tries of 3 seconds each: the authorizer must answer within 10 seconds."""
    return Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})

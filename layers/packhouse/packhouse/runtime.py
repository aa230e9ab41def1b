"""The only place that builds a client, and the only clock. Everything below takes what it needs as an argument."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from packhouse.bus import Bus
from packhouse.mailer import Mailer
from packhouse.settings import bus_name, mail_settings, settings
from packhouse.store.table import Log, Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

clock: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731  # replaced as a whole where time is moved


def now() -> datetime:
    """The instant by which Packhouse decides what it promises, in UTC."""
    return clock()


@cache
def dynamodb() -> "DynamoDBClient":
    return boto3.client("dynamodb", config=patience())


@cache
def table() -> Table:
    return Table(dynamodb(), settings().table)


@cache
def journal() -> Log:
    return Log(dynamodb(), settings().journal)


@cache
def bus() -> Bus:
    return Bus(boto3.client("events", config=patience()), bus_name())


@cache
def mailer() -> Mailer:
    """Whose calls are sent once: a mail whose answer was lost may have been sent, and isn't sent again at once."""
    config = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1})
    return Mailer(boto3.client("sesv2", config=config), sender=mail_settings().sender)


def patience() -> Config:
    """A call that hangs is given up after two tries of 3 seconds: the authorizer must answer within 10."""
    return Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})

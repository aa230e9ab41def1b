"""How a world begins: with tables, a bus, and the people and keys of two workgroups.

moto's tables are made and populated once in a process. Each test is given a copy, as nobody has changed it, with all
that its stream has told; the journal has it already.
"""

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from moto import mock_aws
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID

from packhouse import runtime
from packhouse.settings import bus_name, settings
from tests.harness import strict, template
from tests.harness.memory import forget
from tests.harness.world import Clock, World

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_events import EventBridgeClient


@dataclass(frozen=True, slots=True)
class Clients:
    """The tests' own: nobody listens to them."""

    raw: "DynamoDBClient"
    streams: "DynamoDBStreamsClient"
    events: "EventBridgeClient"


@dataclass(frozen=True, slots=True)
class Kept:
    clients: Clients
    tables: Mapping[str, Any]
    pumped: Mapping[str, int]


def made(clock: Clock) -> World:
    """A populated world in the AWS that boto3 reaches."""
    return _made(_clients(), clock)


@contextmanager
def on_moto(clock: Clock) -> Iterator[World]:
    """A populated world in a moto of its own."""
    kept = _kept()
    with mock_aws():
        _motos().tables = copy.deepcopy(kept.tables)
        world = _world(kept.clients, clock)
        world.resume(kept.pumped)
        yield world


@cache
def _kept() -> Kept:
    with mock_aws():
        clients = _clients()
        pumped = _made(clients, Clock()).pump()
        kept = Kept(clients, copy.deepcopy(_motos().tables), pumped)
    forget()  # the test that is the first to need it starts as cold as any other
    return kept


def _made(clients: Clients, clock: Clock) -> World:
    for name, logical_id in ((settings().table, "Table"), (settings().journal, "Journal")):
        clients.raw.create_table(TableName=name, **template.table_definition(logical_id))
    world = _world(clients, clock)
    world.populate()
    return world


def _world(clients: Clients, clock: Clock) -> World:
    clients.events.create_event_bus(Name=bus_name())
    world = World(
        client=runtime.dynamodb(),
        raw=clients.raw,
        streams=clients.streams,
        table=runtime.table(),
        journal=runtime.journal(),
        clock=clock,
    )
    strict.watch(world.client)
    return world


def _clients() -> Clients:
    return Clients(boto3.client("dynamodb"), boto3.client("dynamodbstreams"), boto3.client("events"))


def _motos() -> Any:  # noqa: ANN401  # moto's
    return get_backend("dynamodb")[DEFAULT_ACCOUNT_ID]["us-east-1"]

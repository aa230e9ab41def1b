"""How a world begins: with tables, a bus, and the people and keys of two workgroups.

moto's tables are made and populated once in a process. Each test is given a copy, as nobody has changed it, with all
that its stream has told; the journal has it already.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Self

import boto3
from moto import mock_aws
from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID

from packhouse import runtime
from packhouse.settings import bus_name, settings
from tests.harness import strict, template
from tests.harness.memory import forget
from tests.harness.world import Clock, Reached, World

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
    """What a world on moto was."""

    tables: Mapping[str, Any]
    reached: Reached

    @classmethod
    def of(cls, world: World) -> Self:
        return cls(copy.deepcopy(_motos().tables), world.reached())

    def put_in(self, world: World) -> None:
        _motos().tables = copy.deepcopy(self.tables)
        world.go_on_from(self.reached)


def made(clock: Clock) -> World:
    """A populated world in the AWS that boto3 reaches."""
    return _made(_clients(), clock)


@contextmanager
def on_moto(clock: Clock) -> Iterator[World]:
    """A populated world in a moto of its own."""
    clients, kept = _populated()
    with mock_aws():
        world = _world(clients, clock)
        kept.put_in(world)
        yield world


def prepare[Told](world: World, act: Callable[[World], Told]) -> Told:
    """Do something to a populated world on moto, once in a process: from then on its tables are copied, as they were
    left. What the act told is told again, so it is something that doesn't change."""
    if act not in _prepared:
        told = act(world)
        _prepared[act] = Kept.of(world), told
        return told
    kept, told = _prepared[act]
    kept.put_in(world)
    return told


_prepared: dict[Callable[[World], Any], tuple[Kept, Any]] = {}


@cache
def _populated() -> tuple[Clients, Kept]:
    with mock_aws():
        clients = _clients()
        world = _made(clients, Clock())
        world.pump()
        kept = Kept.of(world)
    forget()  # the test that is the first to need it starts as cold as any other
    return clients, kept


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


def _motos() -> Any:
    return get_backend("dynamodb")[DEFAULT_ACCOUNT_ID]["us-east-1"]

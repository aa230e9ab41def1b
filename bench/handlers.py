"""CPU of a handler, compared with that of its boto3 calls.

Three worlds are equal. In the first, every call of the handlers is recorded. In the second, the handlers are measured.
In the third, a bare client makes the recorded calls, on items in the same state; only the table's name is different.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import boto3
from botocore import xform_name

from bench import rounds
from bench.acts import Act, Event, acts, handled
from bench.report import Row, Section
from bench.stage import BenchError, Stage
from packhouse import runtime
from tests.harness.world import World

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BUDGET = 1.30
ROUNDS = 11


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a client: the method's name, and its arguments."""

    method: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One invocation: the number of its calls, the CPU of the calls alone, and of the whole handler."""

    calls: int
    bare_ms: float
    handler_ms: float
    ratio: rounds.Ratio


@dataclass
class Trio:
    """The three worlds."""

    stage: Stage
    recorded: World
    measured: World
    bare: World

    def prepared(self, act: Act, count: int) -> tuple[list[Event], list[list[Call]]]:
        """The events for the handler, and for each of them the calls of the bare client."""
        self.stage.enter("recorded")
        calls = [_calls(act, event, to=self.bare.table.name) for event in act.prepare(self.recorded, count)]
        self.stage.enter("bare")
        act.prepare(self.bare, count)
        self.stage.enter("measured")
        return act.prepare(self.measured, count), calls


def measured(on: Stage) -> Mapping[str, Measured]:
    """The measurements of all acts, by name."""
    trio = Trio(on, *(on.world(name) for name in ("recorded", "measured", "bare")))
    return {act.name: _measured(trio, act) for act in acts()}


def section(found: Mapping[str, Measured]) -> Section:
    return Section(
        title="CPU of a handler over its boto3 calls",
        note=(
            "The real handler, from event to answer, and a bare client that makes the same calls with the same\n"
            "arguments, some of each in turn. DynamoDB is ministack in another process, whose CPU doesn't count.\n"
            f"Medians of {ROUNDS} rounds; `from` and `to` hold the middle half. The budget is {BUDGET:.2f}."
        ),
        rows=[
            Row(
                name,
                {
                    "calls": str(each.calls),
                    "bare ms": each.bare_ms,
                    "handler ms": each.handler_ms,
                    "ours ms": each.handler_ms - each.bare_ms,
                    "ratio": each.ratio.median,
                    "from": each.ratio.lower,
                    "to": each.ratio.upper,
                },
            )
            for name, each in found.items()
        ],
    )


def _measured(trio: Trio, act: Act) -> Measured:
    prepared, recorded = trio.prepared(act, (rounds.WARM_UP_ROUNDS + ROUNDS) * act.per_round)
    events, calls = iter(prepared), iter(recorded)
    handler = act.handler()
    client = boto3.client("dynamodb", config=runtime.patience())

    def handle() -> None:
        for event in islice(events, act.per_round):
            handled(handler, event)

    def call() -> None:
        for calls_of_event in islice(calls, act.per_round):
            for each in calls_of_event:
                getattr(client, each.method)(**each.arguments)

    both = {"handler": rounds.own_cpu(handle), "bare": rounds.own_cpu(call)}
    seconds = rounds.interleaved(both, rounds=ROUNDS)
    return Measured(
        calls=len(recorded[0]),
        bare_ms=rounds.milliseconds(seconds["bare"], per=act.per_round),
        handler_ms=rounds.milliseconds(seconds["handler"], per=act.per_round),
        ratio=rounds.ratio(seconds["handler"], seconds["bare"]),
    )


def _calls(act: Act, event: Event, *, to: str) -> list[Call]:
    """The calls that a handler makes for an event, as calls to another table."""
    client = runtime.dynamodb()
    with _written_down(client) as calls:
        handled(act.handler(), event)
    if not calls:
        raise BenchError(f"{act.name}: the handler made no call")
    return [Call(call.method, _turned(call.arguments, runtime.table().name, to)) for call in calls]


@contextmanager
def _written_down(client: "DynamoDBClient") -> Iterator[list[Call]]:
    calls: list[Call] = []

    def note(params: Mapping[str, Any], model: Any, **_: object) -> None:
        calls.append(Call(xform_name(model.name), copy.deepcopy(dict(params))))

    client.meta.events.register("provide-client-params.dynamodb", note, unique_id="bench-note")
    try:
        yield calls
    finally:
        client.meta.events.unregister("provide-client-params.dynamodb", unique_id="bench-note")


def _turned(arguments: Any, table: str, to: str) -> Any:
    """The arguments, with another table's name in place of the table's."""
    turn: Callable[[Any], Any] = lambda value: _turned(value, table, to)  # noqa: E731  # of this very call
    if isinstance(arguments, Mapping):
        return {to if name == table else name: turn(value) for name, value in arguments.items()}
    if isinstance(arguments, list):
        return [turn(value) for value in arguments]
    return to if arguments == table else arguments

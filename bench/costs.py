"""Units and dollars of each request, with the journal that follows it, and of a million runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench import rounds
from bench.acts import AUTHORIZE, BATCH, FAILURE, HEARTBEAT, START_BATCH, START_ONE, SUCCESS, Act, acts, handled
from bench.handlers import Measured
from bench.prices import EVENT, HTTP_REQUEST, MEMORY_MB, MILLION, ROUND_TRIP_MS, Usage, billed_milliseconds
from bench.report import Cell, Row, Section
from bench.stage import Stage
from packhouse.journal.bus import EVENTS_PER_CALL
from tests.harness.gateway import context, handler_of
from tests.harness.meter import Bill, metered
from tests.harness.world import World

COSTED = (START_ONE, START_BATCH, SUCCESS, FAILURE, HEARTBEAT, AUTHORIZE)
INVOCATIONS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The bill and usage of a request, and the usage of the journal for its changes."""

    own: Bill
    request: Usage
    journal: Usage

    @property
    def whole(self) -> Usage:
        return self.request + self.journal

    def row(self, name: str) -> Row:
        return Row(
            name,
            {
                "calls": str(self.own.round_trips),
                "write": f"{self.own.table_units}",
                "index": f"{self.own.index_units}",
                "read": f"{self.own.read_units:g}",
                "journal": f"{self.journal.write_units:g}",
                "events": f"{self.journal.events:g}",
                **_dollars(self.whole),
            },
        )


def section(on: Stage, measured: Mapping[str, Measured]) -> Section:
    costs = {act.name: _cost(on, act, measured[act.name]) for act in acts() if act.name in COSTED}
    runs = {
        "started alone, succeeds": _sum(costs, START_ONE, SUCCESS),
        "started alone, one heartbeat, succeeds": _sum(costs, START_ONE, HEARTBEAT, SUCCESS),
        "started alone, fails": _sum(costs, START_ONE, FAILURE),
        f"started in {BATCH}s, succeeds": costs[START_BATCH].whole * (1 / BATCH) + costs[SUCCESS].whole,
        f"started in {BATCH}s, fails": costs[START_BATCH].whole * (1 / BATCH) + costs[FAILURE].whole,
    }
    return Section(
        title="Units of a request, and dollars of a million",
        note=(
            "The tests' meter counts the calls, and DynamoDB's units by its documentation. The journal writes\n"
            "entries and events after each change: here one invocation for a request, though one takes up to 100\n"
            "changes. Dollars are by the prices of us-east-1 in bench/prices.py. Assumed: Lambda's time is the CPU of\n"
            f"this machine, divided by the part of a CPU that {MEMORY_MB} MB get, and {ROUND_TRIP_MS:g} ms a call.\n"
            "The cost of a run is without the authorizer, whose answer is kept for a minute, and without storage,\n"
            "backups, logs, traces and data transfer."
        ),
        rows=[
            *(cost.row(name) for name, cost in costs.items()),
            *(
                Row(f"a run {name}", {"write units": used.write_units, "read units": used.read_units, **_dollars(used)})
                for name, used in runs.items()
            ),
        ],
    )


def _cost(on: Stage, act: Act, measured: Measured) -> Cost:
    """Meter the first event. Time the journal with the others, because metering makes it slower."""
    world = on.world(f"cost-{act.name.replace(' ', '-').replace(':', '')}")
    first, *others = act.prepare(world, INVOCATIONS)
    stream = Stream(world)
    stream.new()
    with metered(world.client, world.raw) as own:
        handled(act.handler(), first)
    changes = stream.new()
    with metered(world.client, world.raw) as journal:
        _journal(changes)
    usage = Usage(
        requests=act.name != AUTHORIZE,
        invocations=1,
        milliseconds=billed_milliseconds(measured.handler_ms, measured.calls),
        write_units=own.table_units + own.index_units,
        read_units=own.read_units,
    )
    if not changes:
        return Cost(own=own, request=usage, journal=Usage())
    seconds = []
    for event in others:
        handled(act.handler(), event)
        seconds.append(rounds.own_cpu(partial(_journal, stream.new()))())
    return Cost(own=own, request=usage, journal=_journal_usage(journal, seconds))


class Stream:
    """The stream of a world's table."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen: set[str] = set()

    def new(self) -> list[Any]:
        """The records since the last call of this."""
        found = [record for record in self._world.records() if record["eventID"] not in self._seen]
        self._seen |= {record["eventID"] for record in found}
        return found


def _journal(records: list[Any]) -> None:
    handler_of("JournalFunction")({"Records": records}, context())


def _journal_usage(bill: Bill, seconds: Sequence[float]) -> Usage:
    events = bill.calls["PutItem"]  # each entry is published
    calls = bill.round_trips + -(-events // EVENTS_PER_CALL)
    return Usage(
        invocations=1,
        milliseconds=billed_milliseconds(rounds.milliseconds(seconds), calls),
        write_units=bill.table_units + bill.index_units,
        events=events,
    )


def _sum(costs: Mapping[str, Cost], *names: str) -> Usage:
    return sum((costs[name].whole for name in names), Usage())


def _dollars(used: Usage) -> Mapping[str, Cell]:
    """The dollars of a million."""
    return {
        "$ API": used.requests * HTTP_REQUEST * MILLION,
        "$ Lambda": used.function_dollars * MILLION,
        "$ DynamoDB": used.table_dollars * MILLION,
        "$ bus": used.events * EVENT * MILLION,
        "$ in all": used.dollars * MILLION,
    }

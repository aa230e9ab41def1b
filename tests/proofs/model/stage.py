"""Where the machines run: one world on ministack for all their runs, emptied before each of them.

On moto they took as long, and it is right in one thread only.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from packhouse import runtime, settings
from packhouse.domain.journal import OUTSIDE, Entry
from packhouse.journal.entries import entry_of
from packhouse.operations import invariants
from packhouse.store import keys, marks
from packhouse.store.wire import plain
from packhouse.sweep import engine
from tests.harness import template
from tests.harness.gateway import Answer, Gateway, context, handler_of
from tests.harness.shop import Shop
from tests.harness.world import NORTHWIND, START, World, path_of
from tests.proofs.model.model import Packhouse
from tests.proofs.model.tally import Tally

WHOLE_CHECK_EVERY = 10
BEGINNING = {"name": "Northwind", "time_zone": "UTC", "low_balance": {}, "notify": [], "managers_redeem": False}
"""Northwind, as nobody has changed it."""


class RememberingGateway(Gateway):
    """Asks the authorizer once for each token, as API Gateway does for so many seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[str, Any] = {}

    def authorize(self, event: dict[str, Any]) -> None:
        token = event["headers"]["authorization"]
        if token not in self._told:
            super().authorize(event)
            self._told[token] = event["requestContext"]["authorizer"]
        event["requestContext"]["authorizer"] = self._told[token]


@dataclass
class Stage:
    shop: Shop
    tally: Tally = field(default_factory=Tally)
    set_ups: int = 0
    _watched: int = 0
    _tokens: dict[str, str] = field(default_factory=dict)
    _sold: dict[str, Any] = field(default_factory=dict)

    @property
    def world(self) -> World:
        return self.shop.world

    def call(self, method: str, path: str, who: str | None, **request: Any) -> Answer:  # noqa: ANN401  # as the gateway's
        """A request, with the same token each time that somebody makes one in a run."""
        if who and who not in self._tokens:
            self._tokens[who] = self.world.token(who)
        return self.world.gateway.call(method, path_of(path), token=self._tokens[who] if who else None, **request)

    def set_up(self) -> Packhouse:
        """Everything as it was in the beginning; the model of it."""
        world = self.world
        for name, logical_id in ((settings.settings().table, "Table"), (settings.settings().journal, "Journal")):
            world.raw.delete_table(TableName=name)
            world.raw.create_table(TableName=name, **template.table_definition(logical_id))
        world.clock.now = START
        world.gateway = RememberingGateway()
        self._tokens.clear()
        self._watched = 0
        world.populate()
        marks.move(world.stamped(), START)
        self.shop.stripe.reset()
        self.set_ups += 1
        catalog = self._catalog()
        types = {one["sku"]: one for one in catalog["license_types"]}
        return Packhouse(now=START, catalog=types, policies=catalog["policies"], workgroup=dict(BEGINNING))

    def _catalog(self) -> dict[str, Any]:
        """As it is told, once."""
        if not self._sold:
            self._sold = self.call("GET", "/v1/catalog", None).body
        return self._sold

    def counters(self) -> dict[str, tuple[int, int, int]]:
        """Of each of the workgroup's packs, what is available, expired and assigned, as the table has it."""
        found = self.world.table.query_all(keys.packs(NORTHWIND))
        return {keys.subject(item): (item["available"], item["expired"], item["assigned"]) for item in found}

    def queued(self) -> dict[str, tuple[str | None, object]]:
        """When each run, pack and project is due, and of which warning or reminder it knows, as the table has it."""
        known: dict[str, tuple[str | None, object]] = {}
        for item in self.world.items():
            match keys.kind(item):
                case "RUN":
                    about: object = None
                case "PACK":
                    about = item.get("reminded_days")
                case "PROJECT":
                    warned = item.get("warned")
                    about = (warned["days"], warned["idle_since"][:-1].partition(".")[0] + "Z") if warned else None
                case _:
                    continue
            known[keys.subject(item)] = item.get("due_at"), about
        return known

    def sweep(self, items_max: int | None = None) -> dict[str, dict[str, int]]:
        """A tick of the sweep; or one that may do only so much."""
        if items_max is None:
            told: dict[str, dict[str, int]] = handler_of("SweepFunction")({"job": "sweep"}, context())
            return told
        given: Any = {"seconds": 60, "items_max": items_max, "clock": runtime.now}
        swept = engine.tick(self.world.table, settings.settings().policies, **given)
        return {queue: asdict(one) for queue, one in swept.items()}

    def watch(self) -> list[str]:
        """Hand the watch what has happened to settled runs since it was last; the runs, as it is told of them."""
        records = self.world.records()
        new = [record for record in records[self._watched :] if _is_of_settled_run(record["dynamodb"])]
        self._watched = len(records)
        if new:
            handler_of("WatchFunction")({"Records": new}, context())
        return [record["dynamodb"]["Keys"]["SK"]["S"].removeprefix("RUN#") for record in new]

    def advance(self, by: timedelta) -> None:
        self.world.clock.now += by

    @property
    def queue(self) -> str:
        return settings.stripe_queue()

    def charged_at(self) -> datetime:
        """When the last payment was made, by Stripe's clock."""
        paid = [event for event in self.shop.events() if event["type"] == "checkout.session.completed"]
        return datetime.fromtimestamp(paid[-1]["created"], UTC)

    def tell_stripe_the_time(self) -> None:
        """Have the fake's clock say what ours does. It runs on, and goes only forward but for this."""
        self.shop.stripe.set_clock(self.world.clock.now)

    @property
    def is_written(self) -> bool:
        """Whether this run's journal is written in the end."""
        return self.set_ups % WHOLE_CHECK_EVERY == 1

    def roll_up(self) -> None:
        """Ticks of the roll-up, until no day is left to count."""
        while handler_of("RollUpFunction")({"job": "roll-up-usage"}, context())["parts"]:
            pass

    def check(self) -> None:
        """Every invariant over what is left, and its journal: as the stream has it, now and then as it is written."""
        if self.is_written:
            self.world.check()
        else:
            entries = list(_entries(self.world.records()))
            assert invariants.violations(self.world.items(), entries) == []
            assert [entry for entry in entries if entry.actor == OUTSIDE] == []
        refused = [asked["problem"] for asked in self.shop.stripe.requests() if asked["verdict"] == "refused"]
        assert refused == []


def _is_of_settled_run(change: Mapping[str, Any]) -> bool:
    """As the template's filter says."""
    return change["Keys"]["SK"]["S"].startswith("RUN#") and "outcome" in change.get("NewImage", {})


def _entries(records: list[Any]) -> Iterator[Entry]:
    """What the journal function makes of the stream's records, without the table to put it in."""
    for record in records:
        change = record["dynamodb"]
        entry = entry_of(
            event_id=record["eventID"],
            sequence=change["SequenceNumber"],
            recorded_at=datetime.fromtimestamp(change["ApproximateCreationDateTime"], UTC),
            before=plain(change["OldImage"]) if change.get("OldImage") else None,
            after=plain(change["NewImage"]) if change.get("NewImage") else None,
        )
        if entry is not None:
            yield entry

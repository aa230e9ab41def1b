"""Where the machines run: one world on ministack for all their runs, emptied before each of them.

On moto they took as long, and it is right in one thread only.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from packhouse import settings
from packhouse.domain import instants
from packhouse.domain.journal import OUTSIDE, Entry
from packhouse.journal.entries import entry_of
from packhouse.operations.invariants import checks
from packhouse.store import keys, marks
from packhouse.store.wire import plain
from tests.harness import template
from tests.harness.gateway import Answer, Gateway, context, handler_of
from tests.harness.shop import Shop
from tests.harness.sweeping import tick
from tests.harness.world import START, World, path_of
from tests.proofs.model.rules.state import Terms, Type

WHOLE_CHECK_EVERY = 10

type Thing = tuple[object, ...]
"""The states and counters of a thing."""


@dataclass
class Tally:
    """How often each answer was met: a machine that never met one has shown nothing about it."""

    runs: int = 0
    steps: int = 0
    disagreements: int = 0
    met: Counter[str] = field(default_factory=Counter)

    def told(self, *, whole: bool) -> str:
        """One line, or every answer."""
        head = f"{self.runs} runs, {self.steps} steps, {self.met.total()} answers, {self.disagreements} disagreements"
        return "\n  ".join([head, *(f"{name} {times}" for name, times in sorted(self.met.items()))]) if whole else head


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
    _known: list[Terms] = field(default_factory=list)

    @property
    def world(self) -> World:
        return self.shop.world

    def call(self, method: str, path: str, who: str | None, **request: Any) -> Answer:
        """A request, with the same token each time that somebody makes one in a run."""
        if who and who not in self._tokens:
            self._tokens[who] = self.world.token(who)
        return self.world.gateway.call(method, path_of(path), token=self._tokens[who] if who else None, **request)

    def set_up(self) -> Terms:
        """Everything as it was in the beginning; what is sold and promised there."""
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
        return self._terms()

    def _terms(self) -> Terms:
        """As the catalog tells them, once."""
        if not self._known:
            catalog = self.call("GET", "/v1/catalog", None).body
            types = {
                one["sku"]: Type(
                    sku=one["sku"],
                    services=frozenset(one["services"]),
                    on_success=one["consumption"] == "on_success",
                    months=one["validity_months"],
                    lease=one["lease_seconds_default"],
                    price=one["unit_price"]["amount"],
                )
                for one in catalog["license_types"]
            }
            self._known.append(Terms(types, catalog["policies"]))
        return self._known[0]

    def seconds(self, told: str | None) -> int | None:
        return int(instants.parse(told).timestamp()) if told else None

    def things(self) -> dict[str, Thing]:
        """The states and counters of every pack, run, entitlement, project and order, as the table has them."""
        things: dict[str, Thing] = {}
        for item in self.world.items():
            due, name = self.seconds(item.get("due_at")), keys.subject(item)
            match keys.entity(item):
                case "PACK":
                    counters = item["available"], item["expired"], item["assigned"]
                    expires = self.seconds(item["expires_at"])
                    things[name] = (*counters, expires, due, item.get("reminded_days"))
                case "RUN":
                    until = self.seconds(item.get("lease_expires_at"))
                    things[name] = (item["state"], item.get("outcome"), item.get("licenses_used"), until)
                case "ENT":
                    withdrawn = item["state"] == "withdrawn"
                    things[f"{item['user']} {item['sku']}"] = (item["pack_id"], "used_at" in item, withdrawn)
                case "PROJECT":
                    warned = item.get("warned")
                    told = (warned["days"], self.seconds(warned["idle_since"])) if warned else None
                    known = [self.seconds(item.get(name)) for name in ("last_settled_at", "last_success_at")]
                    things[name] = (item["state"], due, told, *known)
                case "ORDER":
                    things[name] = (item["status"], *item.get("packs", ()))
        return things

    def due(self) -> dict[str, object]:
        """When each thing is due that is in a queue."""
        return {keys.subject(item): item["due_at"] for item in self.world.items() if "due_at" in item}

    def sweep(self, items_max: int | None = None) -> None:
        """A tick of the sweep; or one that may do only so much."""
        if items_max is None:
            handler_of("SweepFunction")({"job": "sweep"}, context())
        else:
            tick(self.world.table, settings.settings().policies, items_max=items_max)

    def watch(self) -> list[str]:
        """Hand the watch what has happened to settled runs since it was last; the runs, as it is told of them."""
        records = self.world.records()
        new = [record for record in records[self._watched :] if _is_of_settled_run(record["dynamodb"])]
        self._watched = len(records)
        if new:
            handler_of("WatchFunction")({"Records": new}, context())
        return [record["dynamodb"]["Keys"]["SK"]["S"].removeprefix("RUN#") for record in new]

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
            assert checks.violations(self.world.items(), entries) == []
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

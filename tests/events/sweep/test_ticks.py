"""A tick is bounded and goes on where the last one stopped; what fails or meets a busy table keeps no other waiting."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer

from packhouse.store import keys, queues
from packhouse.store.wire import Item
from packhouse.sweep import engine
from packhouse.sweep import runs as sweep_runs
from packhouse.sweep.engine import Swept
from tests.events.sweep.ticks import counters, expiring_in, item_of, run_item, sweep
from tests.harness.sweeping import NOTHING, QUEUES
from tests.harness.world import World


def spoil(world: World, item: Item, **attributes: Any) -> None:
    """By hand, past every condition."""
    whole = {**item, **attributes}
    wire = {name: TypeSerializer().serialize(value) for name, value in whole.items() if value is not None}
    world.raw.put_item(TableName=world.table.name, Item=wire)


def test_a_tick_is_bounded_and_the_next_goes_on_runs_before_packs(world: World) -> None:
    packs = [expiring_in(world, 2, hours=1) for _ in range(3)]
    project = world.project()
    runs = world.started(project, 5, lease_seconds=60)
    world.clock.advance(days=200)

    ticks = []
    for _ in range(6):
        ticks.append(sweep(world, items_max=2))
        states = {run_item(world, project, run)["state"] for run in runs}
        expired = [sum(counters(world, pack)) for pack in packs]
        assert states == {"lapsed"} or ticks[-1]["PACK"].done == 0, expired

    assert [(tick["RUN"].done, tick["PACK"].done) for tick in ticks] == [
        (2, 0), (2, 0), (1, 1), (0, 2), (0, 0), (0, 0),
    ]  # fmt: skip
    assert [counters(world, pack) for pack in packs] == [(0, 2, 0)] * 3


def test_a_tick_says_for_how_long_what_it_left_has_been_due(world: World) -> None:
    expiring_in(world, 1, hours=1)
    world.started(world.project(), 1, lease_seconds=60)
    world.clock.advance(hours=3)

    first, second, third = (sweep(world, items_max=1) for _ in range(3))

    assert first["RUN"].done == 1
    assert first["PACK"] == Swept(late_seconds=2 * 3600)
    assert (second["RUN"], second["PACK"]) == (Swept(), Swept(done=1))
    assert third == dict.fromkeys(QUEUES, Swept())


def test_a_tick_without_time_does_nothing_and_says_so(world: World) -> None:
    world.grant("mailbox-migration", 1)
    world.started(world.project(), 1, lease_seconds=60)
    world.clock.advance(hours=1)

    swept = sweep(world, seconds=-1)

    assert swept["RUN"] == Swept(late_seconds=59 * 60)
    assert sweep(world)["RUN"]["done"] == 1


def test_a_poisoned_item_waits_longer_each_time_then_is_parked_and_keeps_no_other(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    pack = world.grant("mailbox-migration", 3)
    project = world.project()
    bad, good = world.started(project, 2, lease_seconds=60)
    world.sound = False
    world.clock.advance(minutes=1)
    spoil(world, run_item(world, project, bad), coverage="melted")

    ticks, due_at = [], []
    for minutes in (1, 5, 15, 60, 60):
        ticks.append(sweep(world)["RUN"])
        due_at.append(run_item(world, project, bad)["due_at"])
        world.clock.advance(minutes=minutes)

    assert run_item(world, project, good)["state"] == "lapsed"
    assert counters(world, pack) == (2, 0, 0)
    assert due_at == [
        "2026-11-24T03:02:00Z",
        "2026-11-24T03:07:00Z",
        "2026-11-24T03:22:00Z",
        "2026-11-24T04:22:00Z",
        "2026-11-24T04:22:00Z",
    ]
    assert [sum(tick[name] for tick in ticks) for name in ("done", "postponed", "parked")] == [1, 4, 1]
    item = run_item(world, project, bad)
    assert (item["due"], item["parked_from"], item["tries"]) == ("PARKED#RUN", f"RUN#{bad[4].upper()}", 5)
    assert caplog.messages.count(engine.PARKED) == 1


def test_what_is_in_a_queue_by_mistake_is_logged_without_its_user(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.entitle("ada@northwind.example")
    world.sound = False
    entitlement = next(item for item in world.items() if keys.entity(item) == "ENT")
    spoil(world, entitlement, due="RUN#0", due_at="2026-11-24T03:00:00Z")

    swept = sweep(world)["RUN"]

    assert swept["postponed"] == 1
    failed = next(record for record in caplog.records if record.message == "item failed")
    assert (vars(failed)["kind"], vars(failed)["item"]) == ("ENT", "user-migration-bundle")


def test_tries_are_forgotten_once_an_item_is_done(world: World) -> None:
    pack = expiring_in(world, 3, days=8)
    sound = item_of(world, pack)
    for days_left in (7, 1):
        world.clock.now = pack.expires_at - timedelta(days=days_left)
        spoil(world, item_of(world, pack), state="melted")
        for minutes in (0, 1, 5, 15):
            world.clock.advance(minutes=minutes)
            assert sweep(world)["PACK"]["postponed"] == 1
        spoil(world, item_of(world, pack), state=sound["state"])
        world.clock.advance(minutes=60)
        assert sweep(world)["PACK"]["done"] == 1
    world.sound = False  # what was done by hand, the journal tells as such

    assert item_of(world, pack)["due"] == "PACK"


def test_a_lapse_whose_pack_is_gone_is_parked_and_loses_nothing(world: World) -> None:
    pack = world.grant("mailbox-migration", 3)
    project = world.project()
    (run,) = world.started(project, lease_seconds=60)
    whole = item_of(world, pack)
    world.raw.delete_item(TableName=world.table.name, Key={name: {"S": whole[name]} for name in ("PK", "SK")})
    world.sound = False
    world.clock.advance(minutes=1)

    assert sweep(world)["RUN"]["postponed"] == 1
    assert run_item(world, project, run)["state"] == "held"


@contextmanager
def busy_table(world: World) -> Iterator[None]:
    """Every transaction meets another's."""
    events, call = world.client.meta.events, "before-call.dynamodb.TransactWriteItems"

    def conflict(**_: object) -> Any:
        response = type("Response", (), {"status_code": 400})
        reasons = [{"Code": "TransactionConflict"}, {"Code": "None"}]
        return response, {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}

    events.register(call, conflict)
    yield
    events.unregister(call, conflict)


def test_a_busy_table_counts_no_try_and_ends_the_tick(world: World) -> None:
    world.grant("mailbox-migration", 20)
    project = world.project()
    runs = world.started(project, 20, lease_seconds=60)
    world.clock.advance(minutes=1)

    with busy_table(world):
        busy = sweep(world)["RUN"]
    tries = [run_item(world, project, run).get("tries", 0) for run in runs]
    world.clock.advance(minutes=1)
    after = sweep(world)["RUN"]

    assert (busy["done"], busy["postponed"], busy["parked"]) == (0, engine.BUSY_MAX, 0)
    assert set(tries) == {0}
    assert after == {**NOTHING, "done": 20}


def test_what_only_ever_meets_a_busy_table_is_late_since_it_was_first_due(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.grant("mailbox-migration", 1)
    (run,) = world.started(world.project(), lease_seconds=60)
    world.clock.advance(minutes=1)

    with busy_table(world):
        late = []
        for _ in range(3):
            late.append(sweep(world)["RUN"])
            world.clock.advance(minutes=1)
    after = sweep(world)["RUN"]

    assert late == [{**NOTHING, "postponed": 1, "late_seconds": 60 * number} for number in range(3)]
    assert after == {**NOTHING, "done": 1}
    told = [vars(record) for record in caplog.records if record.message == engine.BUSY]
    assert [(one["queue"], one["item"]) for one in told] == [("RUN", run)] * 3


def test_a_tick_that_fails_on_what_another_has_done_puts_it_back_into_no_queue(world: World) -> None:
    world.grant("mailbox-migration", 2)
    project = world.project()
    runs = world.started(project, 2, lease_seconds=60)
    stale = [run_item(world, project, run) for run in runs]
    world.clock.advance(minutes=1)
    sweep(world)
    done = [run_item(world, project, run) for run in runs]

    queues.postpone(world.stamped(), stale[0], until=world.clock.now, tries=1)
    queues.park(world.stamped(), stale[1], "RUN", tries=5)

    assert [run_item(world, project, run) for run in runs] == done


def test_an_index_that_lags_brings_nothing_up_twice(world: World) -> None:
    """A second tick that found the same entries, before the index had dropped them."""
    pack = world.grant("mailbox-migration", 3)
    project = world.project()
    runs = world.started(project, 3, lease_seconds=60)
    stale = [run_item(world, project, run) for run in runs]
    world.clock.advance(minutes=1)
    sweep(world)

    for item in stale:
        sweep_runs.step(world.stamped(), item)

    assert counters(world, pack) == (3, 0, 0)
    assert {run_item(world, project, run)["state"] for run in runs} == {"lapsed"}

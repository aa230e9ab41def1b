"""Leases that end lapse: their licenses go back to the very packs they came from."""

import pytest

from packhouse.domain.packs import PackState
from packhouse.sweep import runs as sweep_runs
from tests.events.sweep.ticks import counters, expiring_in, run_item, set_pack, sweep
from tests.harness.sweeping import NOTHING, QUEUES
from tests.harness.world import World


def test_nothing_due_is_nothing_done(world: World) -> None:
    world.grant("mailbox-migration", 3)
    world.started(world.project())

    assert sweep(world) == dict.fromkeys(QUEUES, NOTHING)


def test_a_hold_lapses_from_the_second_its_lease_ends(world: World) -> None:
    pack = world.grant("mailbox-migration", 3)
    project = world.project(max_licenses_per_item=2)
    (run,) = world.started(project, licenses=2, lease_seconds=60)

    world.clock.advance(seconds=59)
    sweep(world)
    before = run_item(world, project, run)["state"]
    world.clock.advance(seconds=1)
    swept = sweep(world)

    assert before == "held"
    assert swept["RUN"] == {**NOTHING, "done": 1}
    item = run_item(world, project, run)
    assert item["state"] == "lapsed"
    assert "due" not in item
    assert counters(world, pack) == (3, 0, 0)
    assert (world.pack(pack)["available"], world.pack(pack)["in_runs"]) == (3, 0)


def test_a_lapse_is_journaled_in_the_sweeps_name(world: World) -> None:
    world.grant("mailbox-migration", 1)
    world.started(world.project(), lease_seconds=60)
    world.clock.advance(minutes=1)

    sweep(world)
    world.pump()

    (entry,) = [entry for entry in world.entries() if entry.kind == "run.lapsed"]
    assert entry.actor == "packhouse:sweep"
    assert [change.field for change in entry.changes] == ["state"]


def test_a_run_on_several_packs_gives_each_its_own_back(world: World) -> None:
    packs = [world.grant("mailbox-migration", 2) for _ in range(3)]
    project = world.project(max_licenses_per_item=5)
    world.started(project, licenses=5, lease_seconds=60)
    world.clock.advance(minutes=1)

    sweep(world)

    assert [counters(world, pack) for pack in packs] == [(2, 0, 0)] * 3


def test_a_heartbeat_keeps_the_hold_and_the_sweep_waits_for_the_new_end(world: World) -> None:
    pack = world.grant("mailbox-migration", 1)
    project = world.project()
    (run,) = world.started(project, lease_seconds=60)
    world.call("POST", f"projects/{project}/runs/{run}/heartbeat", json={"lease_seconds": 600})
    assert run_item(world, project, run)["due_at"] == "2026-11-24T03:01:00Z"

    world.clock.advance(minutes=1)
    sweep(world)

    item = run_item(world, project, run)
    assert (item["state"], item["due_at"]) == ("held", "2026-11-24T03:10:00Z")
    world.clock.advance(minutes=9)
    sweep(world)
    assert run_item(world, project, run)["state"] == "lapsed"
    assert counters(world, pack) == (1, 0, 0)


def test_waiting_for_a_lease_that_was_extended_makes_no_journal_entry(world: World) -> None:
    world.grant("mailbox-migration", 1)
    project = world.project()
    (run,) = world.started(project, lease_seconds=60)
    world.call("POST", f"projects/{project}/runs/{run}/heartbeat", json={"lease_seconds": 600})
    world.clock.advance(minutes=1)
    world.pump()
    before = len(world.entries())

    sweep(world)
    world.pump()

    assert len(world.entries()) == before


def test_licenses_of_a_pack_that_expired_meanwhile_go_to_expired(world: World) -> None:
    pack = expiring_in(world, 3, hours=1)
    world.started(world.project(), 2, lease_seconds=7200)
    world.clock.advance(hours=2)

    sweep(world)

    assert counters(world, pack) == (0, 3, 0)


def test_a_pack_that_expires_while_held_waits_for_its_run(world: World) -> None:
    pack = expiring_in(world, 3, hours=1)
    project = world.project()
    done, lapsing = world.started(project, 2, lease_seconds=7200)
    world.clock.advance(hours=1)
    sweep(world)
    while_held = (counters(world, pack), world.pack(pack)["in_runs"])

    assert world.settle(project, done).status == 200  # the lease outlives the pack
    world.clock.advance(hours=1)
    sweep(world)

    assert while_held == ((0, 1, 0), 2)
    assert run_item(world, project, lapsing)["state"] == "lapsed"
    assert (counters(world, pack), world.pack(pack)["in_runs"]) == ((0, 2, 0), 1)


def test_licenses_of_a_revoked_pack_go_to_revoked_and_the_others_back(world: World) -> None:
    revoked, sound = world.grant("mailbox-migration", 1), world.grant("mailbox-migration", 2)
    if revoked.pack_id > sound.pack_id:
        revoked, sound = sound, revoked
    project = world.project(max_licenses_per_item=3)
    world.started(project, licenses=2 if revoked.quantity == 1 else 3, lease_seconds=60)
    set_pack(world, revoked, state=PackState.REVOKED)
    world.clock.advance(minutes=1)

    sweep(world)

    assert counters(world, revoked) == (0, 0, revoked.quantity)
    assert counters(world, sound) == (sound.quantity, 0, 0)


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_a_settlement_after_the_lapse_is_told_when_and_where_the_licenses_went(world: World, outcome: str) -> None:
    pack = world.grant("mailbox-migration", 1)
    project = world.project()
    (run,) = world.started(project, lease_seconds=60)
    world.clock.advance(minutes=5)
    unswept = world.settle(project, run, outcome)
    sweep(world)

    swept = world.settle(project, run, outcome)

    for answer in (unswept, swept):
        assert (answer.status, answer.slug) == (409, "lease-ended")
        assert answer.body["returned_at"] == "2026-11-24T03:01:00Z"
        assert answer.body["returned_to"] == [{"pack_id": pack.pack_id, "quantity": 1}]


def test_a_run_settled_in_time_is_left_alone(world: World) -> None:
    pack = world.grant("mailbox-migration", 1)
    project = world.project()
    (run,) = world.started(project, lease_seconds=60)
    world.settle(project, run)
    world.clock.advance(days=1)

    assert sweep(world)["RUN"] == NOTHING
    assert counters(world, pack) == (0, 0, 0)


def test_a_lapse_decided_on_a_stale_read_loses_to_a_heartbeat_and_to_a_settlement(world: World) -> None:
    """Who read a run before somebody else wrote it must not end it on what it read."""
    pack = world.grant("mailbox-migration", 2)
    project = world.project()
    extended, settled = world.started(project, 2, lease_seconds=60)
    stale = [run_item(world, project, run) for run in (extended, settled)]
    world.clock.advance(seconds=59)
    world.call("POST", f"projects/{project}/runs/{extended}/heartbeat", json={"lease_seconds": 600})
    world.settle(project, settled)
    world.clock.advance(seconds=1)

    for item in stale:
        sweep_runs.step(world.stamped(), item)

    assert [run_item(world, project, run)["state"] for run in (extended, settled)] == ["held", "consumed"]
    assert counters(world, pack) == (0, 0, 0)

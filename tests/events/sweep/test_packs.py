"""Packs that end: what is left of them expires."""

import pytest

from packhouse.consumption import settling
from packhouse.domain.packs import PackState
from packhouse.domain.runs import Outcome, Settlement
from tests.events.sweep.ticks import counters, expiring_in, item_of, set_pack, sweep
from tests.harness.sweeping import NOTHING
from tests.harness.world import NORTHWIND, World


def test_a_pack_expires_from_the_second_it_ends(world: World) -> None:
    pack = expiring_in(world, 5, hours=1)

    world.clock.advance(minutes=59, seconds=59)
    sweep(world)
    before = counters(world, pack)
    world.clock.advance(seconds=1)
    sweep(world)

    assert before == (5, 0, 0)
    assert counters(world, pack) == (0, 5, 0)
    assert world.pack(pack)["state"] == "expired"


def test_what_comes_back_just_after_the_end_expires_at_the_last_look(world: World) -> None:
    pack = expiring_in(world, 2, hours=1)
    project = world.project()
    (run,) = world.started(project, lease_seconds=7200)
    world.clock.advance(minutes=59, seconds=59)
    late = world.stamped()  # a request that came before the end and is written after it
    world.clock.advance(seconds=1)
    sweep(world)
    settling.settle(late, NORTHWIND, project, run, Settlement(outcome=Outcome.FAILED))
    between = counters(world, pack)
    world.clock.advance(minutes=5)
    sweep(world)

    assert between == (1, 1, 0)
    assert counters(world, pack) == (0, 2, 0)
    assert "due" not in item_of(world, pack)


def test_a_pack_leaves_its_queue_once_nothing_can_come_back_to_it(world: World) -> None:
    pack = expiring_in(world, 1, hours=1)
    world.clock.advance(days=90)

    sweep(world)

    assert counters(world, pack) == (0, 1, 0)
    assert "due" not in item_of(world, pack)
    assert sweep(world)["PACK"] == NOTHING


@pytest.mark.parametrize(
    ("state", "left", "due"),
    [
        (PackState.FROZEN, (0, 4, 0), False),
        (PackState.REFUND_PENDING, (4, 0, 0), True),
        (PackState.REFUNDED, (4, 0, 0), False),
        (PackState.REVOKED, (4, 0, 0), False),
    ],
)
def test_what_is_refunded_stays_as_it_is_when_its_pack_ends(
    world: World,
    state: PackState,
    left: tuple[int, int, int],
    due: bool,
) -> None:
    pack = expiring_in(world, 4, hours=1)
    set_pack(world, pack, state=state)
    world.clock.advance(hours=2)

    sweep(world)
    sweep(world)

    assert counters(world, pack) == left
    assert ("due" in item_of(world, pack)) == due
    assert world.pack(pack)["state"] == state


def test_a_refund_that_was_cancelled_lets_its_pack_expire_a_day_later_at_most(world: World) -> None:
    pack = expiring_in(world, 4, hours=1)
    set_pack(world, pack, state=PackState.REFUND_PENDING)
    world.clock.advance(hours=1)
    sweep(world)
    set_pack(world, pack, state=PackState.ACTIVE)

    world.clock.advance(days=1)
    sweep(world)

    assert counters(world, pack) == (0, 4, 0)

"""Licenses that come back after their pack has ended are expired: by the clock of their return, not of their start."""

from datetime import timedelta

import pytest

from packhouse.domain import instants
from packhouse.domain.packs import Pack
from packhouse.store import keys
from tests.harness.gateway import context, handler_of
from tests.harness.world import NORTHWIND, START, World

YEAR_AGO = instants.plus_months(START, -12)


def held_on(world: World, *, ends_in: timedelta) -> tuple[Pack, str, str]:
    """A pack of one license that ends then, and the project and run that hold it, with a lease of four hours."""
    pack = world.grant("mailbox-migration", 1, acquired=YEAR_AGO + ends_in)
    project = world.project()
    (run,) = world.started(project, lease_seconds=4 * 3600)
    return pack, project, run


def counters(world: World, pack: Pack) -> dict[str, int]:
    item = world.item(keys.pack(NORTHWIND, pack.pack_id))
    assert item is not None
    return {name: item[name] for name in ("available", "expired", "revoked") if item[name]}


@pytest.mark.parametrize("outcome", ["failed", "stopped"])
@pytest.mark.parametrize(
    ("after", "counter"),
    [
        (timedelta(minutes=59, seconds=59), "available"),
        (timedelta(hours=1), "expired"),
        (timedelta(hours=3), "expired"),
    ],
)
def test_what_a_settlement_gives_back_is_available_until_its_pack_ends_and_then_expired(
    world: World, outcome: str, after: timedelta, counter: str
) -> None:
    pack, project, run = held_on(world, ends_in=timedelta(hours=1))
    world.clock.now = START + after

    assert world.settle(project, run, outcome).status == 200

    assert counters(world, pack) == {counter: 1}


@pytest.mark.parametrize(("ends_in", "counter"), [(1, "expired"), (5, "available")])
def test_what_a_lapse_gives_back_is_available_until_its_pack_ends_and_then_expired(
    world: World, ends_in: int, counter: str
) -> None:
    pack, _, _ = held_on(world, ends_in=timedelta(hours=ends_in))
    world.clock.now = START + timedelta(hours=4)

    handler_of("SweepFunction")({"job": "sweep"}, context())

    assert counters(world, pack) == {counter: 1}

"""What follows single records of the stream, each seen alone, late, or in another order."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from packhouse.domain.packs import Pack, PackState
from packhouse.store import keys, workgroups
from tests.harness.gateway import context, handler_of
from tests.harness.world import NORTHWIND, START, World

SKU = "mailbox-migration"

type Record = Mapping[str, Any]


def deliver(*records: Record) -> None:
    handler_of("WatchFunction")({"Records": records}, context())


def newest(world: World, key: Mapping[str, str]) -> Record:
    """The newest record of an item."""
    name = {attribute: {"S": value} for attribute, value in key.items()}
    found: Record = [record for record in world.records() if record["dynamodb"]["Keys"] == name][-1]
    return found


# --- balances ---------------------------------------------------------------------------------------------------------


def low_types(world: World) -> dict[str, int]:
    return {sku: low.available for sku, low in workgroups.read(world.table, NORTHWIND).low_types.items()}


def threshold(world: World, number: int) -> None:
    assert world.call("PATCH", "", "ada", json={"low_balance": {SKU: number}}).status == 200


def set_pack(world: World, pack: Pack, **attributes: object) -> None:
    world.edit(keys.pack(NORTHWIND, pack.pack_id), **attributes)


def test_a_pack_that_is_frozen_is_weighed_by_that_record_alone(world: World) -> None:
    pack, _ = world.grant(SKU, 2), world.grant(SKU, 3)
    threshold(world, 4)
    set_pack(world, pack, state=PackState.FROZEN)

    deliver(newest(world, keys.pack(NORTHWIND, pack.pack_id)))

    assert low_types(world) == {SKU: 3}


def test_a_pack_that_is_active_again_is_weighed_by_that_record_alone(world: World) -> None:
    pack, _ = world.grant(SKU, 2), world.grant(SKU, 3)
    threshold(world, 4)
    set_pack(world, pack, state=PackState.FROZEN)
    deliver(newest(world, keys.pack(NORTHWIND, pack.pack_id)))
    set_pack(world, pack, state=PackState.ACTIVE)

    deliver(newest(world, keys.pack(NORTHWIND, pack.pack_id)))

    assert low_types(world) == {}


def test_licenses_that_are_taken_are_weighed_by_that_record_alone(world: World) -> None:
    pack = world.grant(SKU, 4)
    threshold(world, 4)
    world.started(world.project())

    deliver(newest(world, keys.pack(NORTHWIND, pack.pack_id)))

    assert low_types(world) == {SKU: 3}


def test_a_threshold_is_weighed_by_its_record_alone(world: World) -> None:
    world.grant(SKU, 4)
    threshold(world, 5)

    deliver(newest(world, keys.workgroup(NORTHWIND)))

    assert low_types(world) == {SKU: 4}


def test_what_moves_no_balance_is_not_weighed(world: World) -> None:
    """A reminder of a pack, say, or another name of the workgroup."""
    pack = world.grant(SKU, 1)
    threshold(world, 5)
    set_pack(world, pack, reminded_days=30)
    world.call("PATCH", "", "ada", json={"name": "Other"})

    deliver(newest(world, keys.pack(NORTHWIND, pack.pack_id)), newest(world, keys.workgroup(NORTHWIND)))

    assert low_types(world) == {}


# --- activity ---------------------------------------------------------------------------------------------------------


def settled(world: World, project: str, outcome: str, *, days: int) -> Record:
    """The record of a run that was settled so many days after the start of the world."""
    world.clock.now = START + timedelta(days=days)
    (run,) = world.started(project)
    assert world.settle(project, run, outcome).status == 200
    return newest(world, keys.run(NORTHWIND, project, run))


def stamps(world: World, project: str) -> tuple[str | None, str | None]:
    item = world.item(keys.project(NORTHWIND, project))
    assert item is not None
    return item.get("last_settled_at"), item.get("last_success_at")


@pytest.fixture
def project(world: World) -> str:
    world.grant(SKU, 9)
    return world.project()


def day(number: int) -> str:
    return f"{START + timedelta(days=number):%Y-%m-%dT%H:%M:%SZ}"


def test_a_success_that_is_told_late_moves_no_activity_back(world: World, project: str) -> None:
    success, failure = settled(world, project, "succeeded", days=1), settled(world, project, "failed", days=3)

    deliver(failure)
    deliver(success)

    assert stamps(world, project) == (day(3), day(1))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_of_one_batch_the_latest_counts_in_whatever_order_it_is_told(
    world: World, project: str, order: tuple[int, ...]
) -> None:
    records = [
        settled(world, project, outcome, days=days)
        for days, outcome in ((1, "succeeded"), (3, "succeeded"), (5, "failed"))
    ]

    deliver(*(records[number] for number in order))

    assert stamps(world, project) == (day(5), day(3))


@pytest.mark.parametrize("outcome", ["failed", "stopped"])
def test_what_did_not_succeed_is_activity_and_no_success(world: World, project: str, outcome: str) -> None:
    deliver(settled(world, project, outcome, days=1))

    assert stamps(world, project) == (day(1), None)


def test_activity_of_less_than_a_day_later_is_not_written(world: World, project: str) -> None:
    deliver(settled(world, project, "succeeded", days=1))
    world.clock.advance(hours=23, minutes=59, seconds=59)
    (run,) = world.started(project)
    world.settle(project, run)
    before = world.item(keys.project(NORTHWIND, project))

    deliver(newest(world, keys.run(NORTHWIND, project, run)))

    assert world.item(keys.project(NORTHWIND, project)) == before
    assert world.clock.now == datetime.fromisoformat(day(2)) - timedelta(seconds=1)

"""Whatever comes late, twice, at once or not at all: nothing is counted twice, and nothing is lost."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from packhouse.domain import instants
from packhouse.journal import rollup
from packhouse.store import keys
from packhouse.store.table import Log
from packhouse.store.wire import plain
from tests.events.usage.rollups import (
    a_busy_day,
    at,
    caught_up,
    roll_up,
    through,
    tick,
    told,
    usage,
    zone,
)
from tests.harness.world import CONTOSO, NORTHWIND, START, World


def counted(world: World) -> list[dict[str, Any]]:
    """Everything that the roll-up has written of Northwind's usage."""
    pages = world.raw.get_paginator("scan").paginate(TableName=world.journal.name)
    items = [plain(item) for page in pages for item in page["Items"]]
    return [item for item in items if "entry_id" not in item and item["PK"].endswith(NORTHWIND)]


@contextmanager
def at_put(world: World, number: int, happens: Callable[[], object]) -> Iterator[None]:
    """Have something happen just before the so many-th put of what is done meanwhile."""
    puts = iter(range(1, 1_000))

    def before(**_: object) -> None:
        if next(puts) == number:
            happens()

    events = world.client.meta.events
    events.register_first("before-call.dynamodb.PutItem", before)
    try:
        yield
    finally:
        events.unregister("before-call.dynamodb.PutItem", before)
    assert next(puts) > number


class DiedError(BaseException):
    """The process is gone."""


def die() -> None:
    raise DiedError


PUTS = 10
"""How many puts a tick takes after `two_days`: Contoso's two days; for each of Northwind's its claim, its rows (two,
then one) and its end; and how far the tick came."""


def two_days(world: World) -> None:
    """A busy day and one with a single start, both over, and in the log."""
    a_busy_day(world)
    told(world, "2026-11-25T05:00:00Z", licenses=7)
    at(world, "2026-11-26T01:00:00Z")
    world.pump()


def test_what_comes_late_is_counted_once_the_day_is_final(world: World) -> None:
    told(world, "2026-11-24T04:00:00Z")
    at(world, "2026-11-25T01:00:00Z")
    roll_up(world)
    told(world, "2026-11-24T05:00:00Z", licenses=2)
    at(world, "2026-11-26T01:00:00Z")
    roll_up(world)
    before = usage(world)
    at(world, "2026-11-27T00:00:00Z")
    roll_up(world)

    assert before == {"2026-11": {"held": 1}}
    assert usage(world) == {"2026-11": {"held": 3}}


def test_a_day_that_was_closed_long_before_the_next_tick_is_counted_again_all_the_same(world: World) -> None:
    told(world, "2026-11-24T04:00:00Z")
    at(world, "2026-11-25T01:00:00Z")
    roll_up(world)
    told(world, "2026-11-24T05:00:00Z", licenses=2)
    at(world, "2027-02-01T00:00:00Z")
    roll_up(world)

    assert usage(world) == {"2026-11": {"held": 3}}


def test_ticks_that_come_again_change_nothing(world: World) -> None:
    a_busy_day(world)
    at(world, "2026-11-25T01:00:00Z")
    roll_up(world)
    once = counted(world)

    again = [roll_up(world)["parts"] for _ in range(3)]
    at(world, "2026-11-27T02:00:00Z")
    last = roll_up(world), roll_up(world)

    assert again == [0, 0, 0]
    assert [item for item in counted(world) if item["PK"].startswith("USAGE")] == [
        item for item in once if item["PK"].startswith("USAGE")
    ]
    assert [tick["parts"] for tick in last] == [6, 0]  # of both workgroups: one again, two days anew


@pytest.mark.parametrize("number", range(1, PUTS + 1))
def test_a_tick_that_dies_is_completed_by_the_next(world: World, number: int) -> None:
    two_days(world)

    with at_put(world, number, die), pytest.raises(DiedError):
        tick()
    part_way = usage(world)
    tick()
    tick()

    whole = {"2026-11": {"held": 20, "consumed": 5, "released": 5}}
    assert part_way in ({}, {"2026-11": {"held": 13, "consumed": 5, "released": 5}}, whole)
    assert usage(world) == whole


@pytest.mark.parametrize("number", range(1, PUTS + 1))
def test_two_ticks_at_once_count_as_one(world: World, number: int) -> None:
    """The other comes at any moment, after the zone was changed, and sees a little more of the log."""
    two_days(world)
    told(world, "2026-11-24T15:00:00Z", licenses=1)  # in another day than the rest, in the other zone
    others = []

    def meanwhile() -> None:
        zone(world, "Pacific/Kiritimati")
        told(world, "2026-11-24T05:00:00Z", licenses=30)
        others.append(tick())

    with at_put(world, number, meanwhile):
        tick()
    at(world, "2026-11-30T00:00:00Z")
    tick()

    assert len(others) == 1
    assert usage(world) == {"2026-11": {"held": 51, "consumed": 5, "released": 5}}


@pytest.mark.parametrize("number", range(1, PUTS + 1))
def test_a_tick_that_was_overtaken_by_the_last_count_takes_nothing_back(world: World, number: int) -> None:
    two_days(world)

    def meanwhile() -> None:
        told(world, "2026-11-24T05:00:00Z", licenses=30)
        told(world, "2026-11-25T06:00:00Z", licenses=50)
        at(world, "2026-11-30T00:00:00Z")
        tick()

    with at_put(world, number, meanwhile):
        tick()

    assert usage(world) == {"2026-11": {"held": 100, "consumed": 5, "released": 5}}
    assert {item["day"]: item["final"] for item in counted(world) if "final" in item} == {
        "2026-11-24": True,
        "2026-11-25": True,
        "2026-11-26": True,
        "2026-11-27": True,
        "2026-11-28": False,
    }


def test_months_without_a_tick_are_made_up_for(world: World) -> None:
    """The oldest days first, and at most so many a tick."""
    caught_up(world, datetime(2028, 1, 2, tzinfo=UTC), wg=CONTOSO)
    for day in range(0, 410, 10):
        told(world, instants.text(START + timedelta(days=day)))
    at(world, "2028-01-08T01:00:00Z")

    done = roll_up(world), through(world), roll_up(world), through(world)

    assert done == (
        {"workgroups": 2, "parts": rollup.PARTS_PER_TICK_MAX + 6, "failed": 0},
        "2027-12-28",
        {"workgroups": 2, "parts": 10, "failed": 0},
        "2028-01-07",
    )
    assert usage(world, "by=project") == {"prj_told": {"held": 41}}
    assert usage(world)["2027-02"] == {"held": 3}


def test_a_tick_that_has_no_time_left_goes_on_where_it_stopped(world: World) -> None:
    assert isinstance(world.journal, Log)
    told(world, "2026-11-24T04:00:00Z")
    at(world, "2026-11-27T01:00:00Z")

    done = [rollup.tick(world.table, world.journal, now=world.clock.now, seconds=0) for _ in range(8)]

    assert [tick.parts for tick in done] == [1, 1, 1, 1, 1, 1, 0, 0]  # by turns: Contoso, Northwind, Contoso, …
    assert usage(world, "by=project") == {"prj_told": {"held": 1}}
    assert through(world) == "2026-11-26"


def test_a_day_of_very_many_entries_is_counted_in_parts(world: World) -> None:
    """Each ends between two instants: what one request did is in one of them."""
    assert isinstance(world.journal, Log)
    for number in range(24):
        told(world, instants.text(START + timedelta(minutes=number // 3)), licenses=number + 1)
    at(world, "2026-11-25T01:00:00Z")

    done = rollup.tick(world.table, world.journal, now=world.clock.now, seconds=60, entries_max=10)
    rollup.tick(world.table, world.journal, now=world.clock.now + timedelta(days=2), seconds=60, entries_max=10)

    assert done.parts == 4  # 9, 9 and 6 entries, and Contoso's day
    assert usage(world) == {"2026-11": {"held": 24 * 25 // 2}}


def test_a_workgroup_that_cannot_be_counted_keeps_no_other_from_it(world: World) -> None:
    a_busy_day(world)
    told(world, "2026-11-24T04:00:00Z", "run.consumed", wg=CONTOSO)
    damaged: Any = {name: {"S": value} for name, value in keys.run(CONTOSO, "prj_told", "run_told").items()}
    world.raw.put_item(TableName=world.table.name, Item=damaged)
    at(world, "2026-11-25T01:00:00Z")

    for _ in range(2):
        with pytest.raises(KeyError):
            roll_up(world)

    assert usage(world)["2026-11"]["held"] == 13


def test_the_end_of_a_run_that_was_erased_is_left_out(world: World) -> None:
    a_busy_day(world)
    world.pump()
    for item in [item for item in world.items() if keys.entity(item) == "RUN" and item["state"] == "released"]:
        key: Any = {name: {"S": item[name]} for name in ("PK", "SK")}
        world.raw.delete_item(TableName=world.table.name, Key=key)
    world.sound = False
    at(world, "2026-11-25T01:00:00Z")
    roll_up(world)

    assert usage(world) == {"2026-11": {"held": 13, "consumed": 5, "released": 2}}

"""Usage in the journal's table: parts are claimed once and stay final, rows only grow, and no zone loses a day."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from packhouse.domain import instants
from packhouse.domain.usage import Part, Row, Usage, part_from
from packhouse.store import usage
from packhouse.store.rounds import Progress
from packhouse.store.table import Log
from tests.harness.world import NORTHWIND, World

FIRST = datetime(2026, 11, 24, tzinfo=UTC)
DAY = date(2026, 11, 24)
PART = Part(first=FIRST, last=FIRST + timedelta(days=1), day=DAY)
ROW = Row(day=DAY, project_id="prj_1", sku="mail", first=FIRST, usage=Usage(held=1), entries=5)
FARTHEST = ["Pacific/Kiritimati", "Etc/GMT+12", "UTC", "Pacific/Apia"]  # UTC+14, UTC-12


def log_of(world: World) -> Log:
    assert isinstance(world.journal, Log)
    return world.journal


def parts(world: World, first: date | None = DAY, last: date = DAY) -> list[Part]:
    return list(usage.parts(world.journal, NORTHWIND, first, last))


def test_where_a_part_ends_is_fixed_once(world: World) -> None:
    other = replace(PART, last=PART.last - timedelta(hours=1), entries=1)

    assert usage.claim(log_of(world), NORTHWIND, replace(PART, entries=7))
    assert not usage.claim(log_of(world), NORTHWIND, other)

    assert parts(world) == [replace(PART, entries=7)]


def test_a_part_that_was_never_claimed_is_not_finished(world: World) -> None:
    usage.finish(log_of(world), NORTHWIND, replace(PART, entries=7, final=True))

    assert parts(world) == []


def test_a_part_that_is_final_stays_so(world: World) -> None:
    usage.claim(log_of(world), NORTHWIND, PART)
    usage.finish(log_of(world), NORTHWIND, replace(PART, entries=7, final=True))

    usage.finish(log_of(world), NORTHWIND, replace(PART, entries=6, final=False))

    assert parts(world) == [replace(PART, entries=7, final=True)]


def test_a_part_of_which_the_rows_are_not_all_written_is_left_out(world: World) -> None:
    usage.claim(log_of(world), NORTHWIND, PART)

    assert parts(world) == []
    assert usage.counted_until(world.journal, NORTHWIND) == PART.first


@pytest.mark.parametrize(("entries", "held"), [(4, 1), (5, 1), (6, 9)])
def test_a_row_gives_way_only_to_one_of_more_entries(world: World, entries: int, held: int) -> None:
    usage.write_row(log_of(world), NORTHWIND, ROW)

    usage.write_row(log_of(world), NORTHWIND, replace(ROW, usage=Usage(held=9), entries=entries))

    assert [row.usage for row in usage.rows(world.journal, NORTHWIND, DAY, DAY)] == [Usage(held=held)]


def test_the_round_is_moved_on_only_from_where_it_was_met(world: World) -> None:
    place = {"PK": "WG#a", "SK": "WG"}
    usage.move(log_of(world), Progress(), after=place)

    usage.move(log_of(world), Progress(), after=None)
    usage.move(log_of(world), Progress(ticks=7), after=None)

    assert usage.progress(log_of(world)) == Progress(ticks=1, after=place)
    usage.move(log_of(world), Progress(ticks=1, after=place), after=None)
    assert usage.progress(log_of(world)) == Progress(ticks=2, after=None)


@pytest.mark.parametrize("zone", FARTHEST)
def test_a_day_is_found_in_whichever_zone_it_was_counted(world: World, zone: str) -> None:
    begins = instants.day_starts(DAY, zone)
    usage.claim(log_of(world), NORTHWIND, replace(part_from(begins, zone), entries=7))

    assert [part.day for part in parts(world)] == [DAY]


@pytest.mark.parametrize("zone", FARTHEST)
def test_a_day_of_which_only_the_last_second_was_counted_by_itself_is_found(world: World, zone: str) -> None:
    """So is a part that a change of the zone has cut."""
    begins = instants.day_ends(DAY, zone) - timedelta(seconds=1)
    assert begins.astimezone(ZoneInfo(zone)).date() == DAY
    usage.claim(log_of(world), NORTHWIND, replace(part_from(begins, zone), entries=7))

    assert [part.day for part in parts(world)] == [DAY]


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        (DAY, DAY, True),
        (None, DAY, True),
        (DAY - timedelta(days=1), DAY + timedelta(days=1), True),
        (DAY + timedelta(days=1), DAY + timedelta(days=1), False),
        (DAY - timedelta(days=1), DAY - timedelta(days=1), False),
        (DAY + timedelta(days=1), DAY, False),
    ],
)
def test_the_days_that_are_asked_for_are_both_included(
    world: World, first: date | None, last: date, *, found: bool
) -> None:
    usage.claim(log_of(world), NORTHWIND, replace(PART, entries=7))
    usage.write_row(log_of(world), NORTHWIND, ROW)

    assert bool(parts(world, first, last)) is found
    assert bool(usage.rows(world.journal, NORTHWIND, first, last)) is found

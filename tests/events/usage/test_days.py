"""Days close in the workgroup's zone, an hour after their end."""

from datetime import UTC, datetime, timedelta

import pytest

from packhouse.domain import instants
from tests.events.usage.rollups import a_busy_day, at, caught_up, roll_up, through, tick, told, usage, zone
from tests.harness.world import START, World


def test_a_day_closes_an_hour_after_its_end(world: World) -> None:
    a_busy_day(world)
    before = through(world)
    at(world, "2026-11-25T00:59:59Z")
    roll_up(world)
    early = through(world), usage(world)
    world.clock.advance(seconds=1)
    roll_up(world)

    assert (before, early) == ("2026-11-23", ("2026-11-23", {}))
    assert through(world) == "2026-11-24"
    assert usage(world)["2026-11"]["held"] == 13


@pytest.mark.parametrize(
    ("name", "closes", "day", "others"),
    [
        ("Pacific/Kiritimati", "2026-11-24T10:00:00Z", "2026-11-24", "2026-11-25"),  # UTC+14
        ("Etc/GMT+12", "2026-11-24T12:00:00Z", "2026-11-23", "2026-11-24"),  # UTC-12
        ("America/New_York", "2026-11-24T05:00:00Z", "2026-11-23", "2026-11-24"),
    ],
)
def test_a_day_closes_in_the_workgroups_zone(world: World, name: str, closes: str, day: str, others: str) -> None:
    zone(world, name)
    end = instants.parse(closes)
    told(world, instants.text(end - timedelta(seconds=1)), licenses=1)
    told(world, instants.text(end), licenses=2)
    world.clock.now = end + timedelta(minutes=59)
    roll_up(world)
    early = usage(world)
    world.clock.now = end + timedelta(hours=1)
    roll_up(world)
    on_time = through(world), usage(world)
    world.clock.advance(days=1)
    roll_up(world)

    assert early == {}
    assert on_time == (day, {"2026-11": {"held": 1}})
    assert usage(world, f"from={others}") == {"2026-11": {"held": 2}}


@pytest.mark.parametrize(
    ("name", "day", "first", "last"),
    [
        ("Europe/Berlin", "2027-03-28", "2027-03-27T23:00:00Z", "2027-03-28T22:00:00Z"),  # 23 hours
        ("Australia/Sydney", "2027-04-04", "2027-04-03T13:00:00Z", "2027-04-04T14:00:00Z"),  # 25
    ],
)
def test_a_day_is_as_long_as_its_zone_says(world: World, name: str, day: str, first: str, last: str) -> None:
    zone(world, name)
    begins, ends = instants.parse(first), instants.parse(last)
    caught_up(world, begins - timedelta(days=2))
    told(world, instants.text(begins - timedelta(seconds=1)), licenses=1)
    told(world, first, licenses=2)
    told(world, instants.text(ends - timedelta(seconds=1)), licenses=4)
    told(world, last, licenses=8)
    world.clock.now = ends + timedelta(days=2)
    roll_up(world)

    assert usage(world, f"from={day}&to={day}") == {day[:7]: {"held": 6}}


def test_months_end_where_they_end(world: World) -> None:
    caught_up(world, datetime(2028, 1, 30, tzinfo=UTC))
    for when, licenses in [
        ("2028-01-31T23:59:59Z", 1),
        ("2028-02-01T00:00:00Z", 2),
        ("2028-02-29T23:59:59Z", 4),
        ("2028-03-01T00:00:00Z", 8),
    ]:
        told(world, when, licenses=licenses)
    at(world, "2028-03-02T01:00:00Z")
    roll_up(world)

    assert usage(world) == {"2028-01": {"held": 1}, "2028-02": {"held": 6}, "2028-03": {"held": 8}}
    assert usage(world, "from=2028-02-29&to=2028-02-29") == {"2028-02": {"held": 4}}


@pytest.mark.parametrize(
    "zones",
    [
        ("UTC", "Etc/GMT+12", "Pacific/Kiritimati"),
        ("Pacific/Kiritimati", "Etc/GMT+12"),
        ("Etc/GMT+12", "Pacific/Kiritimati"),
        ("UTC", "America/New_York", "Asia/Kathmandu", "Europe/Berlin"),
    ],
)
def test_a_zone_that_changes_counts_nothing_twice_and_loses_nothing(world: World, zones: tuple[str, ...]) -> None:
    for hour in range(24 * 4):
        told(world, instants.text(START + timedelta(hours=hour)))
    for day in range(1, 6):
        zone(world, zones[day % len(zones)])
        world.clock.now = START + timedelta(days=day)
        tick()
        world.clock.advance(hours=9)
        tick()
    world.clock.advance(days=3)
    tick()

    assert usage(world, "by=project") == {"prj_told": {"held": 24 * 4}}

"""Which stretch of the log is a day, and what an entry adds to it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packhouse.domain import instants
from packhouse.domain.journal import Change, Entry
from packhouse.domain.usage import By, Part, Row, Usage, last_day_before, of_end, of_start, part_from, summed

ZONES = [
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "Pacific/Kiritimati",  # UTC+14
    "Etc/GMT+12",  # UTC-12
    "Asia/Kathmandu",
    "America/Havana",  # clocks go back from 1:00 to midnight
    "Africa/Cairo",  # clocks go forward at midnight
    "America/St_Johns",  # until 2011 they went back a minute after midnight, into the day before
    "Pacific/Apia",  # skipped 30 December 2011
]


def entry(kind: str, **told: object) -> Entry:
    return Entry(
        owner="wg",
        entry_id="1",
        at="2026-11-24T03:00:00.000000Z",
        kind=kind,
        item="run_1",
        actor="tests",
        request_id="r",
        changes=[Change(field=field, before=None, after=after) for field, after in told.items()],
        project_id="prj_1",
        pack_ids=[],
        sequence="1",
    )


@pytest.mark.parametrize(
    ("zone", "first", "last", "day"),
    [
        ("UTC", "2026-11-24T00:00Z", "2026-11-25T00:00Z", "2026-11-24"),
        ("UTC", "2026-11-24T03:00Z", "2026-11-25T00:00Z", "2026-11-24"),
        ("UTC", "2028-02-28T00:00Z", "2028-02-29T00:00Z", "2028-02-28"),
        ("UTC", "2028-02-29T00:00Z", "2028-03-01T00:00Z", "2028-02-29"),
        ("Pacific/Kiritimati", "2026-11-24T09:59Z", "2026-11-24T10:00Z", "2026-11-24"),
        ("Pacific/Kiritimati", "2026-11-24T10:00Z", "2026-11-25T10:00Z", "2026-11-25"),
        ("Etc/GMT+12", "2026-11-24T00:00Z", "2026-11-24T12:00Z", "2026-11-23"),
        ("Europe/Berlin", "2026-10-24T22:00Z", "2026-10-25T23:00Z", "2026-10-25"),  # 25 hours
        ("Europe/Berlin", "2027-03-27T23:00Z", "2027-03-28T22:00Z", "2027-03-28"),  # 23
        ("America/St_Johns", "2010-11-07T02:31Z", "2010-11-08T03:30Z", "2010-11-07"),  # past a midnight that came twice
        ("Pacific/Apia", "2011-12-30T10:00Z", "2011-12-31T10:00Z", "2011-12-31"),
    ],
)
def test_a_part_goes_to_the_end_of_the_day_that_it_begins_in(zone: str, first: str, last: str, day: str) -> None:
    begins = datetime.fromisoformat(first)

    assert part_from(begins, zone) == Part(first=begins, last=datetime.fromisoformat(last), day=date.fromisoformat(day))


@given(
    first=st.datetimes(datetime(2009, 1, 1), datetime(2029, 1, 1)),  # noqa: DTZ001  # hypothesis wants them naive
    zones=st.lists(st.sampled_from(ZONES), min_size=1, max_size=8),
)
def test_parts_leave_no_gap_and_overlap_nowhere_whatever_the_zone_becomes(first: datetime, zones: list[str]) -> None:
    begins = first.replace(tzinfo=UTC)

    for zone in zones:
        part = part_from(begins, zone)
        assert part.first == begins < part.last <= begins + timedelta(hours=50)
        assert last_day_before(part.last, zone) >= part.day - timedelta(days=1)
        begins = part.last


def test_the_last_day_before_an_instant_is_over_in_the_zone() -> None:
    midnight = instants.parse("2026-11-24T00:00:00Z")

    assert last_day_before(midnight, "UTC") == date(2026, 11, 23)
    assert last_day_before(midnight - timedelta(seconds=1), "UTC") == date(2026, 11, 22)
    assert last_day_before(midnight, "Etc/GMT+12") == date(2026, 11, 22)
    assert last_day_before(midnight, "Pacific/Kiritimati") == date(2026, 11, 23)


@pytest.mark.parametrize(
    ("kind", "told", "adds"),
    [
        ("run.held", {"coverage": "licensed", "licenses": 3, "sku": "mail"}, ("mail", Usage(held=3))),
        ("run.covered", {"coverage": "covered", "licenses": 0, "sku": "bundle"}, ("bundle", Usage(covered=1))),
        ("run.free", {"coverage": "free"}, ("", Usage(free=1))),
        ("run.held", {"state": "held"}, None),
    ],
)
def test_a_start_adds_what_it_holds_or_a_run_that_needs_nothing(kind: str, told: dict[str, Any], adds: object) -> None:
    assert of_start(entry(kind, **told)) == adds


@pytest.mark.parametrize(
    ("kind", "told", "adds"),
    [
        ("run.consumed", {"licenses_used": 3}, Usage(consumed=3)),
        ("run.consumed", {"licenses_used": 1}, Usage(consumed=1, released=2)),
        ("run.released", {}, Usage(released=3)),
        ("run.lapsed", {}, Usage(lapsed=3)),
    ],
)
def test_an_end_accounts_for_all_that_was_held(kind: str, told: dict[str, Any], adds: Usage) -> None:
    assert of_end(entry(kind, **told), 3) == adds


def test_sums_stand_in_the_order_of_their_keys() -> None:
    def row(day: str, project: str, sku: str, held: int) -> Row:
        return Row(
            day=date.fromisoformat(day),
            project_id=project,
            sku=sku,
            first=datetime(2026, 1, 1, tzinfo=UTC),
            usage=Usage(held=held),
            entries=1,
        )

    rows = [row("2026-12-01", "b", "mail", 1), row("2026-11-30", "a", "mail", 2), row("2026-12-31", "a", "doc", 4)]

    def keys(by: By) -> list[tuple[str, int]]:
        return [(key, usage.held) for key, usage in summed(rows, by, {"b": "Contoso"}).items()]

    assert keys(By.MONTH) == [("2026-11", 2), ("2026-12", 5)]
    assert keys(By.SKU) == [("doc", 4), ("mail", 3)]
    assert keys(By.PROJECT) == [("a", 6), ("b", 1)]
    assert keys(By.CUSTOMER) == [("", 6), ("Contoso", 1)]

from datetime import UTC, date, datetime, timedelta

import pytest

from packhouse.domain import instants


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-31T10:00:00Z", 1, "2026-02-28T10:00:00Z"),
        ("2028-01-31T10:00:00Z", 1, "2028-02-29T10:00:00Z"),
        ("2028-02-29T00:00:00Z", 12, "2029-02-28T00:00:00Z"),
        ("2026-08-31T23:59:59Z", 6, "2027-02-28T23:59:59Z"),
        ("2026-12-15T00:00:00Z", 1, "2027-01-15T00:00:00Z"),
        ("2026-11-24T03:00:00Z", 12, "2027-11-24T03:00:00Z"),
    ],
)
def test_months_are_calendar_months_clamped_at_month_ends(start: str, months: int, end: str) -> None:
    assert instants.text(instants.plus_months(instants.parse(start), months)) == end


@pytest.mark.parametrize(
    ("zone", "starts", "hours"),
    [
        ("UTC", "2026-03-29T00:00:00Z", 24),
        ("Europe/Berlin", "2026-03-28T23:00:00Z", 23),  # the clock goes forward
        ("Pacific/Kiritimati", "2026-03-28T10:00:00Z", 24),  # UTC+14
        ("Etc/GMT+12", "2026-03-29T12:00:00Z", 24),  # UTC-12
    ],
)
def test_a_day_is_the_workgroups_day(zone: str, starts: str, hours: int) -> None:
    day = date(2026, 3, 29)

    assert instants.text(instants.day_starts(day, zone)) == starts
    assert instants.day_ends(day, zone) - instants.day_starts(day, zone) == timedelta(hours=hours)


def test_texts_sort_as_instants_do() -> None:
    first = datetime(2026, 11, 24, 3, 0, 0, 1, tzinfo=UTC)

    assert instants.precise(first) < instants.precise(first + timedelta(microseconds=9))
    assert instants.text(first) == "2026-11-24T03:00:00Z"

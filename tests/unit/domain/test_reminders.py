from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packhouse.domain import instants, reminders

END = datetime(2027, 11, 24, 3, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
DAYS = (30, 7, 1)


@pytest.mark.parametrize(("first", "days"), [(30, (30, 7, 1)), (90, (90, 7, 1)), (7, (7, 1)), (5, (5, 1)), (1, (1,))])
def test_the_first_reminder_is_a_policy_and_the_last_ones_are_7_and_1_days_before(
    first: int, days: tuple[int, ...]
) -> None:
    assert reminders.days_before(first) == days


@pytest.mark.parametrize(
    ("before", "told", "due"),
    [
        (timedelta(days=30, seconds=1), None, None),
        (timedelta(days=30), None, 30),
        (timedelta(days=30), 30, None),
        (timedelta(days=7), 30, 7),
        (timedelta(days=7), 7, None),
        (timedelta(days=3), 30, 7),
        (timedelta(days=1), None, 1),
        (timedelta(seconds=1), 7, 1),
        (timedelta(seconds=1), 1, None),
    ],
)
def test_of_overdue_reminders_only_the_most_urgent_is_sent_and_each_once(
    before: timedelta, told: int | None, due: int | None
) -> None:
    assert reminders.overdue(END, DAYS, now=END - before, since=LONG_AGO, sent=told) == due


def test_nobody_is_reminded_of_days_before_there_was_anything() -> None:
    acquired = END - timedelta(days=10)

    assert reminders.overdue(END, DAYS, now=acquired, since=acquired, sent=None) is None
    assert reminders.overdue(END, DAYS, now=END - timedelta(days=7), since=acquired, sent=None) == 7


@pytest.mark.parametrize(
    ("before", "next_before"),
    [(100, 30), (30, 7), (29, 7), (7, 1), (1, 0), (0, 0), (-5, 0)],
)
def test_the_next_look_is_at_the_next_reminder_and_then_at_the_end(before: int, next_before: int) -> None:
    looked = reminders.next_look(END, DAYS, now=END - timedelta(days=before))

    assert looked == END - timedelta(days=next_before)


@pytest.mark.parametrize(
    ("acquired", "looks"),
    [
        # A year from Feb 29 is Feb 28; a month's end in between doesn't matter.
        ("2028-02-29T10:00:00Z", ["2029-01-29T10:00:00Z", "2029-02-21T10:00:00Z", "2029-02-27T10:00:00Z"]),
        ("2027-02-28T23:59:59Z", ["2028-01-29T23:59:59Z", "2028-02-21T23:59:59Z", "2028-02-27T23:59:59Z"]),
        ("2026-03-31T00:00:00Z", ["2027-03-01T00:00:00Z", "2027-03-24T00:00:00Z", "2027-03-30T00:00:00Z"]),
        ("2027-03-01T00:00:00Z", ["2028-01-31T00:00:00Z", "2028-02-23T00:00:00Z", "2028-02-29T00:00:00Z"]),
    ],
)
def test_reminders_over_month_ends_and_leap_days(acquired: str, looks: list[str]) -> None:
    now = instants.parse(acquired)
    ends_at = instants.plus_months(now, 12)
    seen: list[str] = []
    while (now := reminders.next_look(ends_at, DAYS, now=now)) < ends_at:
        assert reminders.overdue(ends_at, DAYS, now=now, since=LONG_AGO, sent=None) == DAYS[len(seen)]
        seen.append(instants.text(now))

    assert seen == looks


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", "2027-03-28"),  # summer time begins
        ("Europe/Berlin", "2027-10-31"),  # and ends
        ("America/New_York", "2027-03-14"),
        ("Pacific/Kiritimati", "2028-02-29"),  # UTC+14
        ("Etc/GMT+12", "2028-02-29"),  # UTC-12
    ],
)
def test_a_day_before_is_24_hours_wherever_the_workgroup_is(zone: str, day: str) -> None:
    ends_at = datetime.fromisoformat(day).replace(hour=23, tzinfo=ZoneInfo(zone)).astimezone(UTC)

    assert reminders.next_look(ends_at, DAYS, now=ends_at - timedelta(days=2)) == ends_at - timedelta(hours=24)


@given(
    first=st.integers(1, 100),
    steps=st.lists(st.integers(1, 40 * 86_400), max_size=20),
    since=st.integers(0, 200),
)
def test_whenever_it_is_looked_reminders_only_become_more_urgent(first: int, steps: list[int], since: int) -> None:
    days, told, now = reminders.days_before(first), None, END - timedelta(days=120)
    for step in steps:
        now += timedelta(seconds=step)
        if now >= END:
            break
        sent = reminders.overdue(END, days, now=now, since=END - timedelta(days=since), sent=told)
        if sent is not None:
            assert told is None or sent < told
            assert END - timedelta(days=sent) <= now
            told = sent
        assert now < reminders.next_look(END, days, now=now) <= END

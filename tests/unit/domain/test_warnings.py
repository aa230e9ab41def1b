"""The instants of warnings and reminders: when the first is due, and at the very instant of each."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from packhouse.domain import reminders
from packhouse.domain.projects import Project

CREATED = datetime(2026, 11, 24, 3, tzinfo=UTC)
END = datetime(2027, 11, 24, 3, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SEVEN = END - timedelta(days=7)
PROJECT = Project(
    workgroup_id="wg_1", project_id="prj_1", name="Move", created_at=CREATED, created_by="amy", request_hash="hash"
)


def test_the_first_warning_is_due_so_many_days_before_the_end() -> None:
    assert PROJECT.warn_at(months=6, days=30) == datetime(2027, 4, 24, 3, tzinfo=UTC)
    assert replace(PROJECT, inactivity_days=31).warn_at(months=6, days=30) == CREATED + timedelta(days=1)


@pytest.mark.parametrize("days", [31, 45, 400])
def test_the_first_warning_is_never_due_before_the_project_began(days: int) -> None:
    assert replace(PROJECT, inactivity_days=31).warn_at(months=6, days=days) == CREATED


def test_a_project_counts_its_own_days_from_its_latest_activity() -> None:
    later = CREATED + timedelta(days=20)
    active = replace(PROJECT, inactivity_days=31, last_run_at=later)

    assert active.retires_at(months=6) == later + timedelta(days=31)
    assert active.warn_at(months=6, days=30) == later + timedelta(days=1)


@pytest.mark.parametrize(("now", "due"), [(SEVEN - SECOND, 30), (SEVEN, 7), (SEVEN + SECOND, 7)])
def test_a_reminder_is_due_from_its_very_instant(now: datetime, due: int) -> None:
    assert reminders.overdue(END, (30, 7, 1), now=now, since=CREATED, sent=None) == due


@pytest.mark.parametrize(("since", "due"), [(SEVEN - SECOND, 7), (SEVEN, 7), (SEVEN + SECOND, None)])
def test_what_was_acquired_at_the_instant_of_a_reminder_is_reminded_of(since: datetime, due: int | None) -> None:
    assert reminders.overdue(END, (30, 7, 1), now=END - timedelta(days=2), since=since, sent=None) == due


@pytest.mark.parametrize(("told", "due"), [(30, 7), (8, 7), (7, None), (6, None)])
def test_a_reminder_is_sent_only_after_a_less_urgent_one(told: int, due: int | None) -> None:
    assert reminders.overdue(END, (30, 7, 1), now=SEVEN, since=CREATED, sent=told) == due


def test_the_next_look_is_after_now_and_never_at_it() -> None:
    assert reminders.next_look(END, (30, 7, 1), now=SEVEN - SECOND) == SEVEN
    assert reminders.next_look(END, (30, 7, 1), now=SEVEN) == END - timedelta(days=1)

"""When an idle project is warned, and when it ends: in calendar months of UTC, whatever the month."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from packhouse.domain.projects import Idleness, IdleWarning, Project, ProjectState
from packhouse.domain.reminders import days_before
from packhouse.policies import Policies

DEFAULT = Policies()
CREATED = datetime(2026, 11, 24, 3, tzinfo=UTC)
END = datetime(2027, 5, 24, 3, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def project(created: datetime = CREATED, **fields: object) -> Project:
    made = Project(
        workgroup_id="wg_1", project_id="prj_1", name="Move", created_at=created, created_by="amy", request_hash="hash"
    )
    return replace(made, **fields)  # type: ignore[arg-type]  # any of its fields


def look(one: Project, now: datetime, *, months: int = 6, policies: Policies = DEFAULT) -> Idleness:
    return one.idleness(
        now,
        months=months,
        warnings=days_before(policies.project_warning_days, later=policies.project_later_warning_days),
    )


def warned(one: Project, days: int) -> Project:
    warning = IdleWarning(days=days, idle_since=one.last_activity_at, ends_at=one.retires_at(months=6))
    return replace(one, warned=warning)


def told(found: Idleness) -> int | None:
    return found.warning.days if found.warning else None


@pytest.mark.parametrize("field", ["last_changed_at", "last_run_at", "last_settled_at"])
def test_the_latest_of_start_settlement_and_change_is_its_activity(field: str) -> None:
    later = CREATED + timedelta(days=3)

    assert project().last_activity_at == CREATED
    assert project(**{field: later}).last_activity_at == later
    assert project(**{field: CREATED - SECOND}).last_activity_at == CREATED


@pytest.mark.parametrize(
    ("before", "warning", "again"),
    [
        (timedelta(days=31), None, 30),
        (timedelta(days=30, seconds=1), None, 30),
        (timedelta(days=30), 30, 7),
        (timedelta(days=8), 30, 7),
        (timedelta(days=7), 7, 1),
        (timedelta(days=1, seconds=1), 7, 1),
        (timedelta(days=1), 1, 0),
        (SECOND, 1, 0),
    ],
)
def test_of_overdue_warnings_only_the_most_urgent_is_given(before: timedelta, warning: int | None, again: int) -> None:
    found = look(project(), END - before)

    assert (told(found), found.ends) == (warning, False)
    assert found.look_again_at == END - timedelta(days=again)


@pytest.mark.parametrize(
    ("given", "now", "next_one"), [(30, 8, None), (30, 7, 7), (7, 7, None), (7, 1, 1), (1, 1, None)]
)
def test_each_warning_is_given_once_and_none_after_a_more_urgent_one(
    given: int, now: int, next_one: int | None
) -> None:
    assert told(look(warned(project(), given), END - timedelta(days=now))) == next_one


def test_activity_begins_another_idle_period_with_warnings_of_its_own() -> None:
    idle = warned(project(), 1)
    active = replace(idle, last_run_at=END - SECOND)
    end = datetime(2027, 11, 24, 2, 59, 59, tzinfo=UTC)

    found = look(active, END)

    assert (told(found), found.ends, found.look_again_at) == (None, False, end - timedelta(days=30))
    assert told(look(active, end - timedelta(days=30))) == 30


@pytest.mark.parametrize(("success", "state"), [(None, ProjectState.CLOSED), (CREATED, ProjectState.RETIRED)])
def test_it_ends_at_the_instant_it_was_to(success: datetime | None, state: ProjectState) -> None:
    idle = project(last_success_at=success)

    assert look(idle, END - SECOND).ends is False
    assert look(idle, END) == Idleness(ends=True, look_again_at=None)
    assert idle.idle_end is state


@pytest.mark.parametrize(
    ("created", "ends"),
    [
        ("2026-08-31", "2027-02-28"),
        ("2027-08-29", "2028-02-29"),
        ("2027-08-30", "2028-02-29"),
        ("2028-02-29", "2028-08-29"),
        ("2026-12-31", "2027-06-30"),
        ("2026-09-28", "2027-03-28"),  # clocks go forward in Europe: nothing in UTC
        ("2027-04-25", "2027-10-25"),
    ],
)
def test_months_are_those_of_the_calendar_clamped_at_their_ends(created: str, ends: str) -> None:
    idle = project(datetime.fromisoformat(f"{created}T02:30:00+00:00"))
    end = datetime.fromisoformat(f"{ends}T02:30:00+00:00")

    assert idle.retires_at(months=6) == end
    assert (look(idle, end - SECOND).ends, look(idle, end).ends) == (False, True)


def test_days_of_its_own_come_before_the_months() -> None:
    short = project(inactivity_days=31)

    assert look(short, CREATED) == Idleness(look_again_at=CREATED + timedelta(days=1))
    assert told(look(short, CREATED + timedelta(days=1))) == 30
    assert look(short, CREATED + timedelta(days=31)).ends


@pytest.mark.parametrize(("first", "days"), [(90, [90, 7, 1]), (7, [7, 1]), (5, [5, 1]), (1, [1])])
def test_the_first_warning_is_a_policy_and_the_later_ones_come_after_it(first: int, days: list[int]) -> None:
    policies = Policies(project_warning_days=first)
    given: list[int] = []
    for before in range(100, 0, -1):
        idle = warned(project(), given[-1]) if given else project()
        found = look(idle, END - timedelta(days=before), policies=policies)
        given += [found.warning.days] if found.warning else []

    assert given == days

"""Mails about projects and balances: the words that follow from numbers, states and names."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from packhouse.domain.packs import Pack, Source, SourceKind
from packhouse.domain.projects import IdleWarning, Project, ProjectState
from packhouse.domain.workgroups import LowBalance, Workgroup
from packhouse.notifications.letters import (
    Letterhead,
    Mail,
    balance_low,
    pack_expiring,
    project_ended,
    project_warned,
)

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
TO = "ada@northwind.example"
DESK = Letterhead(console_url="https://desk.example/console/", support_email="help@desk.example")
NORTHWIND = Workgroup(workgroup_id="wg_1", name="Northwind", time_zone="Europe/Berlin", created_at=NOW)
PROJECT = Project(
    workgroup_id="wg_1", project_id="prj_1", name="Move", created_at=NOW, created_by="amy", request_hash="hash"
)


def warned(project: Project = PROJECT, *, days: int = 7) -> Mail:
    warning = IdleWarning(days=days, idle_since=NOW, ends_at=NOW + timedelta(days=31))
    return project_warned(project, warning, NORTHWIND, DESK, to=TO)


def ended(project: Project = PROJECT, state: ProjectState = ProjectState.RETIRED, *, late: bool = False) -> Mail:
    return project_ended(project, state, NORTHWIND, DESK, to=TO, late=late)


def low(*types: tuple[str, int, int]) -> Mail:
    listed = [(name, LowBalance(available=available, threshold=threshold)) for name, available, threshold in types]
    return balance_low(listed, NORTHWIND, DESK, to=TO)


@pytest.mark.parametrize(("days", "coming"), [(30, "30 days"), (7, "7 days"), (1, "1 day")])
def test_a_warning_counts_the_days_to_the_end(days: int, coming: str) -> None:
    assert warned(days=days).subject == f"Project Move ends in {coming} unless it is used"


def test_a_warning_tells_both_instants_in_the_workgroups_zone() -> None:
    mail = warned()

    for form in (mail.text, mail.html):
        assert "since 2026-11-24 04:00 (Europe/Berlin)" in form
        assert "ends at 2026-12-25 04:00 (Europe/Berlin)" in form
        assert "prj_1" in form
        assert DESK.console_url in form
        assert DESK.support_email in form


def test_a_warning_says_whether_the_project_can_be_opened_again() -> None:
    succeeded = warned(replace(PROJECT, last_success_at=NOW)).text

    assert "it is retired" in succeeded
    assert "open it again" not in succeeded
    assert "it is closed" in warned().text
    assert "You can open it again" in warned().text


@pytest.mark.parametrize(
    ("state", "outcome", "other"),
    [
        (ProjectState.RETIRED, "It is retired", "It is closed"),
        (ProjectState.CLOSED, "It is closed", "It is retired"),
    ],
)
def test_an_end_says_as_what_a_project_has_ended(state: ProjectState, outcome: str, other: str) -> None:
    mail = ended(state=state)

    assert mail.subject == f"Project Move is {state}"
    assert outcome in mail.text
    assert other not in mail.text


def test_an_end_says_whether_it_came_of_idleness_or_of_a_late_success() -> None:
    assert "and then a run in it succeeded" in ended(late=True).text
    assert "because it was idle for too long" in ended(late=False).text
    assert "because it was idle for too long" not in ended(late=True).text


@pytest.mark.parametrize("write", [warned, ended])
def test_a_mail_names_the_customer_if_there_is_one(write: Callable[[Project], Mail]) -> None:
    assert "Move, for Adatum" in write(replace(PROJECT, customer="Adatum")).text
    assert "Move, for" not in write(PROJECT).text


@pytest.mark.parametrize("write", [warned, ended])
def test_a_name_of_several_lines_stands_in_one_line_of_the_subject(write: Callable[[Project], Mail]) -> None:
    mail = write(replace(PROJECT, name="Big\r\nmove\n"))

    assert "Project Big move " in mail.subject
    assert "\n" not in mail.subject


def test_a_low_balance_tells_each_type_its_number_and_its_threshold() -> None:
    mail = low(("Mailbox migration", 1, 3), ("Document migration", 0, 1))

    assert mail.subject == "Few licenses left: Mailbox migration, Document migration"
    for form in (mail.text, mail.html):
        assert "Mailbox migration: 1 license available" in form
        assert "Document migration: 0 licenses available" in form
        assert "the threshold is 3" in form
        assert "https://desk.example/console/#/workgroups/wg_1/packs" in form


@pytest.mark.parametrize("mail", [warned(), ended(), low(("Mail", 1, 2))], ids=["warned", "ended", "low"])
def test_a_mail_goes_to_whom_it_is_for(mail: Mail) -> None:
    assert mail.to == TO
    assert mail.html.startswith('<!DOCTYPE html><html lang="en">')
    assert mail.text.count("Questions? Write to help@desk.example.") == 1


@pytest.mark.parametrize(
    ("left", "days", "subject"),
    [(1, 1, "1 license of Mail expires within a day"), (3, 2, "3 licenses of Mail expire within 2 days")],
)
def test_a_reminder_counts_licenses_and_days(left: int, days: int, subject: str) -> None:
    pack = Pack(
        workgroup_id="wg_1",
        pack_id="pack_1",
        sku="mail",
        source=Source(kind=SourceKind.CARD, order_id="ord_1"),
        quantity=12,
        available=left,
        acquired_at=NOW,
        expires_at=NOW.replace(year=2027),
    )

    mail = pack_expiring(pack, days, "Mail", NORTHWIND, DESK, to=TO)

    assert (mail.to, mail.subject) == (TO, subject)
    assert f"{left} of 12 licenses left" in mail.text

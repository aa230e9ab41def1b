"""The sheets of each workbook."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from packhouse.documents.xlsx import Cell, Sheet, workbook
from packhouse.domain import instants
from packhouse.domain.journal import Change, Entry
from packhouse.domain.projects import Project
from packhouse.domain.usage import By, Usage
from packhouse.domain.workgroups import Workgroup
from packhouse.journal.reporting import Days, Paid

LAST_SHEET = "About"
SUMS = ("Held", "Consumed", "Released", "Lapsed", "Covered runs", "Free runs")
KEYS: Mapping[By, str] = {
    By.MONTH: "Month",
    By.SKU: "License type",
    By.PROJECT: "Project",
    By.CUSTOMER: "Customer",
}


def journal(entries: Iterable[Entry], workgroup: Workgroup, *, now: datetime) -> bytes:
    """The entries, in the order given."""
    titles = [_at("At", workgroup), "Kind", "Item", "Project", "Actor", "Request", "Changes", "Entry"]
    rows = (
        [
            instants.parse(entry.at),
            entry.kind,
            entry.item,
            entry.project_id,
            entry.actor,
            entry.request,
            "; ".join(map(_changed, entry.changes)),
            entry.entry_id,
        ]
        for entry in entries
    )
    sheets = [Sheet("Journal", titles, rows), _about(workgroup, {}, now=now)]
    return workbook(sheets, zone=workgroup.time_zone, made_at=now)


def usage(
    workgroup: Workgroup,
    days: Days,
    by: By,
    sums: Mapping[str, Usage],
    paid: Sequence[Paid],
    projects: Mapping[str, Project],
    *,
    now: datetime,
) -> bytes:
    """One sheet has the sums. Another has each run that consumed licenses, with a row for each of its packs."""
    about: Mapping[str, Cell] = {"First day": days.first, "Last day": days.last, "Counted through": days.through}
    sheets = [
        Sheet("Usage", *_sums(by, sums, projects)),
        Sheet("Consumed", *_consumed(workgroup, paid, projects)),
        _about(workgroup, about, now=now),
    ]
    return workbook(sheets, zone=workgroup.time_zone, made_at=now)


def _sums(
    by: By, sums: Mapping[str, Usage], projects: Mapping[str, Project]
) -> tuple[Sequence[str], list[Sequence[Cell]]]:
    named = by is By.PROJECT
    rows: list[Sequence[Cell]] = []
    for key, one in sums.items():
        counts = (one.held, one.consumed, one.released, one.lapsed, one.covered, one.free)
        rows.append([key, *(_names(projects.get(key)) if named else ()), *counts])
    return [KEYS[by], *(("Name", "Customer") if named else ()), *SUMS], rows


def _consumed(
    workgroup: Workgroup, paid: Sequence[Paid], projects: Mapping[str, Project]
) -> tuple[Sequence[str], list[Sequence[Cell]]]:
    titles = [
        _at("Settled", workgroup),
        "Project",
        "Name",
        "Customer",
        "Run",
        "Item",
        "User",
        "Service",
        "License type",
        "Pack",
        "Licenses used",
    ]
    rows: list[Sequence[Cell]] = []
    for one in paid:
        run = one.run
        name, customer = _names(projects.get(run.project_id))
        work = (run.run_id, run.item_id, run.user, run.service, run.sku)
        rows.append([one.at, run.project_id, name, customer, *work, one.pack_id, one.licenses])
    return titles, rows


def _about(workgroup: Workgroup, more: Mapping[str, Cell], *, now: datetime) -> Sheet:
    facts: Mapping[str, Cell] = {
        "Workgroup": workgroup.name,
        "Workgroup's id": workgroup.workgroup_id,
        "Time zone": workgroup.time_zone,
        **more,
        _at("Made", workgroup): now,
    }
    return Sheet(LAST_SHEET, ["What", "Is"], list(facts.items()))


def _names(project: Project | None) -> tuple[str | None, str | None]:
    return (project.name, project.customer) if project else (None, None)


def _at(title: str, workgroup: Workgroup) -> str:
    return f"{title} ({workgroup.time_zone})"


def _changed(change: Change) -> str:
    return f"{change.field}: {_text(change.before)} → {_text(change.after)}"


def _text(value: object) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)

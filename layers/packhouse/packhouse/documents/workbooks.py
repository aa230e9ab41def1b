"""The workbooks: the sheets of each, with their titles and rows."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from packhouse.documents.xlsx import Cell, Sheet, workbook
from packhouse.domain import instants
from packhouse.domain.journal import Change, Entry
from packhouse.domain.projects import Project
from packhouse.domain.usage import By, Usage
from packhouse.domain.workgroups import Workgroup
from packhouse.journal.reporting import ConsumedLicenses, Days

LAST_SHEET = "About"
SUMS = ("Held", "Consumed", "Released", "Lapsed", "Covered runs", "Free runs")
KEYS: Mapping[By, str] = {
    By.MONTH: "Month",
    By.SKU: "License type",
    By.PROJECT: "Project",
    By.CUSTOMER: "Customer",
}


def journal(entries: Iterable[Entry], workgroup: Workgroup, *, now: datetime) -> bytes:
    """A workbook of these entries, in the given order."""
    titles = [_in_zone("At", workgroup), "Kind", "Item", "Project", "Actor", "Request", "Changes", "Entry"]
    rows = (
        [
            instants.parse(entry.at),
            entry.kind,
            entry.item,
            entry.project_id,
            entry.actor,
            entry.request,
            "; ".join(map(_change_text, entry.changes)),
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
    consumed: Sequence[ConsumedLicenses],
    projects: Mapping[str, Project],
    *,
    now: datetime,
) -> bytes:
    """A workbook with the sums on one sheet, and the consumed licenses of each run on another."""
    about: Mapping[str, Cell] = {"First day": days.first, "Last day": days.last, "Counted through": days.through}
    sheets = [
        Sheet("Usage", *_sums(by, sums, projects)),
        Sheet("Consumed", *_consumed(workgroup, consumed, projects)),
        _about(workgroup, about, now=now),
    ]
    return workbook(sheets, zone=workgroup.time_zone, made_at=now)


def _sums(
    by: By, sums: Mapping[str, Usage], projects: Mapping[str, Project]
) -> tuple[Sequence[str], list[Sequence[Cell]]]:
    by_project = by is By.PROJECT
    rows: list[Sequence[Cell]] = []
    for key, total in sums.items():
        counts = (total.held, total.consumed, total.released, total.lapsed, total.covered, total.free)
        rows.append([key, *(_names(projects.get(key)) if by_project else ()), *counts])
    return [KEYS[by], *(("Name", "Customer") if by_project else ()), *SUMS], rows


def _consumed(
    workgroup: Workgroup, consumed: Sequence[ConsumedLicenses], projects: Mapping[str, Project]
) -> tuple[Sequence[str], list[Sequence[Cell]]]:
    titles = [
        _in_zone("Settled", workgroup),
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
    for part in consumed:
        run = part.run
        name, customer = _names(projects.get(run.project_id))
        work = (run.run_id, run.item_id, run.user, run.service, run.sku)
        rows.append([part.at, run.project_id, name, customer, *work, part.pack_id, part.licenses])
    return titles, rows


def _about(workgroup: Workgroup, more: Mapping[str, Cell], *, now: datetime) -> Sheet:
    facts: Mapping[str, Cell] = {
        "Workgroup": workgroup.name,
        "Workgroup's id": workgroup.workgroup_id,
        "Time zone": workgroup.time_zone,
        **more,
        _in_zone("Made", workgroup): now,
    }
    return Sheet(LAST_SHEET, ["Fact", "Value"], list(facts.items()))


def _names(project: Project | None) -> tuple[str | None, str | None]:
    return (project.name, project.customer) if project else (None, None)


def _in_zone(title: str, workgroup: Workgroup) -> str:
    return f"{title} ({workgroup.time_zone})"


def _change_text(change: Change) -> str:
    return f"{change.field}: {_value_text(change.before)} → {_value_text(change.after)}"


def _value_text(value: object) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)

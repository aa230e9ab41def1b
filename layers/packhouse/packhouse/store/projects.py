from collections.abc import Mapping
from datetime import datetime
from typing import Any

from packhouse.domain import ids, instants
from packhouse.domain.projects import IdleWarning, Project, ProjectState
from packhouse.errors import NotFound
from packhouse.store import keys, named, wire
from packhouse.store.patience import Moved, WriteRefused
from packhouse.store.table import Met, StampedTable, Table, Write, as_met
from packhouse.store.wire import Item, Key


def create(table: StampedTable, project: Project, *, warn_at: datetime) -> tuple[Project, bool]:
    """The project of this name, and whether an earlier request of the same name made it."""
    earlier = named.create(
        table,
        {
            **keys.project(project.workgroup_id, project.project_id),
            **keys.owned_project(project.workgroup_id, project.project_id, table.stamp.changed_at),
            **keys.due_project(warn_at),
            **_description(project),
            "state": project.state,
            "created_at": project.created_at,
            "created_by": project.created_by,
            "request_hash": project.request_hash,
            "created_as": wire.present(_description(project)),
        },
    )
    if earlier is None:
        return project, False
    described_then = {**dict.fromkeys(_description(project)), **earlier["created_as"]}
    return of_item({**earlier, **described_then}).as_created(), True


def worked_on(table: StampedTable, wg: str, project_id: str, *, licenses_per_item: int, now: datetime) -> Write:
    """The write that marks a start: only on an active project that allows so many licenses for one item."""
    return table.update(
        keys.project(wg, project_id),
        sets={"last_run_at": now},
        only_if="#state = :active AND max_licenses_per_item >= :licenses_per_item",
        active=ProjectState.ACTIVE,
        licenses_per_item=licenses_per_item,
    )


def change(table: StampedTable, met: Met[Project], changes: Mapping[str, object], *, due_at: datetime) -> Project:
    """The project with a person's changes (None: the attribute is taken away). It is active, and due at `due_at`.

    `Moved` if its state or its days of inactivity aren't as they were met. A start in between doesn't matter.
    """
    sets = {**changes, "state": ProjectState.ACTIVE, "last_changed_at": table.stamp.at, "ended_at": None}
    only_if, values = as_met(state=met.value.state, inactivity_days=met.value.inactivity_days)
    return _write(table, met, {**sets, **_due(due_at)}, only_if, values)


def follow(table: StampedTable, met: Met[Project], sets: Mapping[str, object], *, due_at: datetime | None) -> Project:
    """The project with what follows from the project and its runs as they were met; due at `due_at` (None: never).

    `Moved` if anything has written the project since: a start, for example.
    """
    return _write(table, met, {**sets, **_due(due_at)}, *met.unchanged())


def remember_settlement(
    table: StampedTable, met: Met[Project], *, settled_at: datetime, success_at: datetime | None
) -> None:
    """Remember when a run of the project was settled last, and when a run succeeded last. `Moved` as `_follow_runs`."""
    success = {"last_success_at": success_at} if success_at else {}
    _follow_runs(table, met, {"last_settled_at": settled_at, **success})


def retire(table: StampedTable, met: Met[Project], *, success_at: datetime) -> None:
    """Retire a closed project of which a run has succeeded after all. `Moved` as `_follow_runs`."""
    _follow_runs(table, met, {"state": ProjectState.RETIRED, "last_success_at": success_at})


def remove(table: StampedTable, met: Met[Project], *, due_at: datetime | None) -> Project:
    """The project, removed by its owner.

    With `due_at` its open runs are released from then on. Without it, no run was open when the project was met:
    `Moved` if anything has written the project since.
    """
    sets = {"state": ProjectState.REMOVED, "ended_at": table.stamp.at, **_due(due_at)}
    if due_at is None:
        return _write(table, met, sets, *met.unchanged())
    return _write(table, met, sets, *as_met(state=met.value.state))


def _follow_runs(table: StampedTable, met: Met[Project], sets: Mapping[str, object]) -> None:
    """`Moved` if the state or the remembered settlements aren't as they were met. A start in between doesn't matter."""
    project = met.value
    unchanged = as_met(
        state=project.state, last_settled_at=project.last_settled_at, last_success_at=project.last_success_at
    )
    _write(table, met, sets, *unchanged)


def _write(
    table: StampedTable, met: Met[Project], sets: Mapping[str, object], only_if: str, values: Mapping[str, Any]
) -> Project:
    try:
        return of_item(table.change(table.update(met.key, sets=sets, only_if=only_if, **values)))
    except WriteRefused as refused:
        raise Moved from refused


def _due(at: datetime | None) -> Item:
    return keys.due_project(at) if at else {"due": None, "due_at": None}


def read(table: Table, wg: str, project_id: str) -> Project:
    return meet(table, wg, project_id).value


def meet(table: Table, wg: str, project_id: str) -> Met[Project]:
    """The project, for a change that holds only while it is as it was met."""
    item = table.read(key(wg, project_id))
    if item is None:
        raise NotFound
    return met_of(item)


def met_of(item: Item) -> Met[Project]:
    """The project in an item that was read, as `meet` answers it."""
    return Met.of(item, of_item(item))


def key(wg: str, project_id: str) -> Key:
    """The project's key, or `NotFound` for a text that can't be a project's id."""
    if not ids.is_id(ids.Prefix.PROJECT, project_id):
        raise NotFound
    return keys.project(wg, project_id)


def _description(project: Project) -> dict[str, object]:
    """The attributes that a person may change later: kept as they were, too, for the first answer given again."""
    return {
        "name": project.name,
        "customer": project.customer,
        "inactivity_days": project.inactivity_days,
        "max_licenses_per_item": project.max_licenses_per_item,
    }


def of_item(item: Item) -> Project:
    return Project(
        workgroup_id=keys.workgroup_of(item),
        project_id=keys.subject(item),
        name=item["name"],
        customer=item.get("customer"),
        inactivity_days=item.get("inactivity_days"),
        max_licenses_per_item=item["max_licenses_per_item"],
        state=ProjectState(item["state"]),
        created_at=instants.parse(item["created_at"]),
        created_by=item["created_by"],
        request_hash=item["request_hash"],
        last_changed_at=instants.of(item, "last_changed_at"),
        last_run_at=instants.of(item, "last_run_at"),
        last_settled_at=instants.of(item, "last_settled_at"),
        last_success_at=instants.of(item, "last_success_at"),
        warned=warning_of(item["warned"]) if "warned" in item else None,
    )


def warning_of(kept: Mapping[str, Any]) -> IdleWarning:
    """The warning that stands on a project or in the journal."""
    idle_since, ends_at = instants.parse(kept["idle_since"]), instants.parse(kept["ends_at"])
    return IdleWarning(days=kept["days"], idle_since=idle_since, ends_at=ends_at)

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from packhouse.domain import ids, instants
from packhouse.domain.projects import IdleWarning, Project, ProjectState
from packhouse.errors import IdempotencyKeyReused, NotFound
from packhouse.store import keys
from packhouse.store.patience import WriteRefused
from packhouse.store.table import StampedTable, Table, Write
from packhouse.store.wire import Item


class ProjectMoved(Exception):  # noqa: N818  # an outcome that the use cases answer by reading it again
    """The project isn't as it was when the step began."""


def create(table: StampedTable, project: Project, *, warn_at: datetime) -> tuple[Project, bool]:
    """The project of this name: made now, or (True) made earlier by the same request."""
    item = {
        **keys.project(project.workgroup_id, project.project_id),
        **keys.owned_project(project.workgroup_id, project.project_id, table.stamp.changed_at),
        **keys.due_project(warn_at),
        "name": project.name,
        "customer": project.customer,
        "inactivity_days": project.inactivity_days,
        "max_licenses_per_item": project.max_licenses_per_item,
        "state": project.state,
        "created_at": project.created_at,
        "created_by": project.created_by,
        "request_hash": project.request_hash,
        "created_as": {name: value for name, value in _described(project).items() if value is not None},
    }
    try:
        table.write(table.put(item, only_if="attribute_not_exists(PK)"))
    except WriteRefused as refused:
        (met,) = refused.met
        if met is None or met["request_hash"] != project.request_hash:
            raise IdempotencyKeyReused from refused
        resent = table.stamp.is_on(met)  # by botocore, when the first answer was lost
        return of_item({**met, **dict.fromkeys(_described(project)), **met["created_as"]}).as_created(), not resent
    return project, False


def worked_on(table: StampedTable, wg: str, project_id: str, *, most: int, now: datetime) -> Write:
    """The write that marks a start: only on an active project that allows so many licenses for one item."""
    return table.update(
        keys.project(wg, project_id),
        "SET last_run_at = :now",
        only_if="#state = :active AND max_licenses_per_item >= :most",
        now=now,
        active=ProjectState.ACTIVE,
        most=most,
    )


def change(table: StampedTable, met: Item, changes: Mapping[str, object], *, due_at: datetime) -> Project:
    """The project with what a person changed in it (None: taken away), active, and due then; else `ProjectMoved`.

    A start that comes between is none of its business: what is decided hangs on state and days of inactivity alone.
    """
    days = met.get("inactivity_days")
    unchanged = "inactivity_days = :met_days" if days is not None else "attribute_not_exists(inactivity_days)"
    values = {"met_state": met["state"], **({"met_days": days} if days is not None else {})}
    attributes = {**changes, "state": ProjectState.ACTIVE, "last_changed_at": table.stamp.at, "ended_at": None}
    return _update(table, met, attributes, due_at=due_at, only_if=f"#state = :met_state AND {unchanged}", **values)


def follow(table: StampedTable, met: Item, changes: Mapping[str, object], *, due_at: datetime | None) -> Project:
    """The project with what follows from how it and its runs were met, and due then (None: never).

    Else `ProjectMoved`: a start has come between, say.
    """
    return _update(table, met, changes, due_at=due_at, only_if=_AS_MET, **_as_met(met))


def settled(table: StampedTable, met: Item, *, settled_at: datetime, success_at: datetime | None) -> None:
    """Remember when a run of the project was settled, and when one succeeded; else `ProjectMoved`.

    Starts that come between are none of its business.
    """
    success = {"last_success_at": success_at} if success_at else {}
    _follow_settlement(table, met, {"last_settled_at": settled_at, **success})


def retired(table: StampedTable, met: Item, *, success_at: datetime) -> None:
    """Retire a project that was closed, since a run of it has succeeded after all; else `ProjectMoved`."""
    _follow_settlement(table, met, {"state": ProjectState.RETIRED, "last_success_at": success_at})


def _follow_settlement(table: StampedTable, met: Item, attributes: Mapping[str, object]) -> None:
    sets = ", ".join(f"#{name} = :{name}" for name in attributes)
    decided_on = ("state", "last_settled_at", "last_success_at")
    known = {f"met_{name}": met[name] for name in decided_on if name in met}
    unchanged = " AND ".join(
        f"#{name} = :met_{name}" if name in met else f"attribute_not_exists({name})" for name in decided_on
    )
    _write(table, table.update(_key(met), f"SET {sets}", only_if=unchanged, **attributes, **known))


def remove(table: StampedTable, met: Item, *, due_at: datetime | None) -> Project:
    """The project, removed by its owner; else `ProjectMoved`.

    With `due_at` whatever its runs hold, which is released from then on; without it only while it is as it was met,
    when none of its runs was open.
    """
    attributes = {"state": ProjectState.REMOVED, "ended_at": table.stamp.at}
    if due_at is not None:
        return _update(table, met, attributes, due_at=due_at, only_if="#state = :met_state", met_state=met["state"])
    return _update(table, met, attributes, due_at=None, only_if=_AS_MET, **_as_met(met))


def _update(
    table: StampedTable,
    met: Item,
    attributes: Mapping[str, object],
    *,
    due_at: datetime | None,
    only_if: str,
    **values: object,
) -> Project:
    whole = {**attributes, **(keys.due_project(due_at) if due_at else {"due": None, "due_at": None})}
    given = {name: value for name, value in whole.items() if value is not None}
    taken = [f"#{name}" for name in whole if name not in given]
    sets = ", ".join(f"#{name} = :{name}" for name in given) or "#state = #state"
    expression = f"SET {sets} REMOVE {', '.join(taken)}" if taken else f"SET {sets}"
    return of_item(_write(table, table.update(_key(met), expression, only_if=only_if, **given, **values)))


_AS_MET = "request_id = :met_request AND changed_at = :met_changed"


def _as_met(met: Item) -> dict[str, object]:
    """Every write stamps the project, the start's too: with this stamp, nothing of it has changed."""
    return {"met_request": met["request_id"], "met_changed": met["changed_at"]}


def _key(met: Item) -> dict[str, str]:
    return {"PK": met["PK"], "SK": met["SK"]}


def _write(table: StampedTable, update: Write) -> Item:
    try:
        return table.change(update)
    except WriteRefused as refused:
        raise ProjectMoved from refused


def read(table: Table, wg: str, project_id: str) -> Project:
    return of_item(read_item(table, wg, project_id))


def read_item(table: Table, wg: str, project_id: str) -> Item:
    """The project as it is stored, for who changes it only as it was met."""
    item = table.read(key(wg, project_id))
    if item is None:
        raise NotFound
    return item


def key(wg: str, project_id: str) -> dict[str, str]:
    """The project's key, else `NotFound`: what can't be an id never reaches one."""
    if not ids.is_id(ids.Kind.PROJECT, project_id):
        raise NotFound
    return keys.project(wg, project_id)


def _described(project: Project) -> dict[str, object]:
    """What a change may change, so that the first answer can be given again."""
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
        last_changed_at=_instant(item, "last_changed_at"),
        last_run_at=_instant(item, "last_run_at"),
        last_settled_at=_instant(item, "last_settled_at"),
        last_success_at=_instant(item, "last_success_at"),
        warned=warning_of(item["warned"]) if "warned" in item else None,
    )


def warned(warning: IdleWarning) -> dict[str, object]:
    """A warning as the project keeps it, and the journal tells it."""
    return {**asdict(warning)}


def warning_of(kept: Mapping[str, Any]) -> IdleWarning:
    """A warning, out of what the project or the journal keeps of it."""
    idle_since, ends_at = instants.parse(kept["idle_since"]), instants.parse(kept["ends_at"])
    return IdleWarning(days=kept["days"], idle_since=idle_since, ends_at=ends_at)


def _instant(item: Item, name: str) -> datetime | None:
    return instants.parse(item[name]) if name in item else None

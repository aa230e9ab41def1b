from datetime import datetime

from packhouse.domain import ids, instants
from packhouse.domain.projects import Project, ProjectState
from packhouse.errors import IdempotencyKeyReused, NotFound
from packhouse.store import keys
from packhouse.store.table import Item, StampedTable, Table, Write, WriteRefused


def create(table: StampedTable, project: Project, *, warn_at: datetime) -> tuple[Project, bool]:
    """The project of this name: made now, or (True) made earlier by the same request."""
    item = {
        **keys.project(project.workgroup_id, project.project_id),
        **keys.owned_project(project.workgroup_id, project.project_id, project.created_at),
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
        resent = met["request_id"] == table.stamp.request_id  # by botocore, when the first answer was lost
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


def read(table: Table, wg: str, project_id: str) -> Project:
    item = table.read(key(wg, project_id))
    if item is None:
        raise NotFound
    return of_item(item)


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
        last_run_at=instants.parse(item["last_run_at"]) if "last_run_at" in item else None,
    )

"""How a project is changed, opened again, and removed, by those who own it."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from packhouse.domain.projects import Project, ProjectState
from packhouse.errors import ProjectHasOpenRuns, ProjectNotActive, TryAgain
from packhouse.policies import Policies
from packhouse.store import projects, runs
from packhouse.store.table import StampedTable, Table
from packhouse.store.wire import Item

TRIES_MAX = 5
CHANGEABLE = frozenset({ProjectState.ACTIVE, ProjectState.CLOSED})


def change(table: StampedTable, policies: Policies, wg: str, project_id: str, changes: Mapping[str, object]) -> Project:
    """The project with these attributes changed (None: taken away). That is activity: it opens a closed one again."""

    def changed(met: Item) -> Project:
        project = projects.of_item(met)
        _require_changeable(table, project)
        if not changes:
            return project
        days = changes.get("inactivity_days", project.inactivity_days)
        after = replace(
            project, last_changed_at=table.stamp.at, inactivity_days=days if isinstance(days, int) else None
        )
        due_at = after.warn_at(months=policies.inactivity_months, days=policies.project_warning_days)
        return projects.change(table, met, changes, due_at=due_at)

    return _as_met(table, wg, project_id, changed)


def remove(table: StampedTable, wg: str, project_id: str, *, release: bool) -> Project:
    """The project, removed: at once if what its runs hold may be released, else only if none of them is open."""

    def removed(met: Item) -> Project:
        project = projects.of_item(met)
        if project.state is ProjectState.REMOVED:
            return project
        _require_changeable(table, project)
        if release:
            return projects.remove(table, met, due_at=table.stamp.at)
        if any(run.is_open(table.stamp.at) for run in runs.open_of(table, wg, project_id)):
            raise ProjectHasOpenRuns
        return projects.remove(table, met, due_at=None)

    return _as_met(table, wg, project_id, removed)


def _require_changeable(table: Table, project: Project) -> None:
    """Refuse what is final: a closed project, too, of which a run has succeeded after all."""
    if project.state not in CHANGEABLE:
        raise ProjectNotActive(state=project.state)
    closed = project.state is ProjectState.CLOSED
    if closed and runs.last_success_at(table, project.workgroup_id, project.project_id):
        raise ProjectNotActive(state=ProjectState.RETIRED)  # the watch is about to say so


def _as_met(table: StampedTable, wg: str, project_id: str, act: Callable[[Item], Project]) -> Project:
    """What the act makes of the project; where it has changed in between, of what it is then."""
    for _ in range(TRIES_MAX):
        try:
            return act(projects.read_item(table, wg, project_id))
        except projects.ProjectMoved:
            continue
    raise TryAgain

"""How a project is changed, opened again, and removed, by those who own it."""

from collections.abc import Mapping
from dataclasses import replace

from packhouse.domain.projects import Project, ProjectState
from packhouse.errors import ProjectHasOpenRuns, ProjectNotActive
from packhouse.policies import Policies
from packhouse.store import projects, runs
from packhouse.store.patience import until_settled
from packhouse.store.table import Met, StampedTable, Table

CHANGEABLE = frozenset({ProjectState.ACTIVE, ProjectState.CLOSED})


def change(table: StampedTable, policies: Policies, wg: str, project_id: str, changes: Mapping[str, object]) -> Project:
    """The project with these attributes changed (None: taken away). That is activity: it opens a closed one again."""

    def attempt(met: Met[Project]) -> Project:
        _require_changeable(table, met.value)
        if not changes:
            return met.value
        days = changes.get("inactivity_days", met.value.inactivity_days)
        after = replace(
            met.value, last_changed_at=table.stamp.at, inactivity_days=days if isinstance(days, int) else None
        )
        due_at = after.warn_at(months=policies.inactivity_months, days=policies.project_warning_days)
        return projects.change(table, met, changes, due_at=due_at)

    return until_settled(lambda: projects.meet(table, wg, project_id), attempt)


def remove(table: StampedTable, wg: str, project_id: str, *, release: bool) -> Project:
    """The project, removed: at once if its open runs may be released, otherwise only if none of its runs is open."""

    def attempt(met: Met[Project]) -> Project:
        if met.value.state is ProjectState.REMOVED:
            return met.value
        _require_changeable(table, met.value)
        if release:
            return projects.remove(table, met, due_at=table.stamp.at)
        if any(run.is_open(table.stamp.at) for run in runs.open_of(table, wg, project_id)):
            raise ProjectHasOpenRuns
        return projects.remove(table, met, due_at=None)

    return until_settled(lambda: projects.meet(table, wg, project_id), attempt)


def _require_changeable(table: Table, project: Project) -> None:
    """Refuse a project that has ended for good: also a closed one of which a run has succeeded after all."""
    if project.state not in CHANGEABLE:
        raise ProjectNotActive(state=project.state)
    closed = project.state is ProjectState.CLOSED
    if closed and runs.last_success_at(table, project.workgroup_id, project.project_id):
        raise ProjectNotActive(state=ProjectState.RETIRED)  # the watch retires it soon

"""Projects that are due: an idle project is warned of its end and ended, a removed project releases its holds.

Every step can be repeated: it writes only if the project is still as it was read.
"""

from dataclasses import asdict, replace
from datetime import datetime, timedelta
from itertools import islice

from packhouse.consumption import settling
from packhouse.domain import instants, reminders
from packhouse.domain.projects import Project, ProjectState
from packhouse.domain.runs import Outcome, RunState, Settlement
from packhouse.errors import LeaseEnded, RunAlreadySettled
from packhouse.policies import Policies
from packhouse.store import projects, runs
from packhouse.store.patience import until_settled
from packhouse.store.table import Met, StampedTable
from packhouse.store.wire import Item

RELEASES_MAX = 200
"""How many runs one step settles. If more are open, the project is due again at once."""

SOON = timedelta(seconds=1)


def step(table: StampedTable, policies: Policies, item: Item, *, releases_max: int = RELEASES_MAX) -> None:
    """Do the work that a project is due for. `item` was just read; after a change in between it is read again."""

    def attempt(met: Met[Project]) -> None:
        if met.due_at is None or met.due_at > instants.text(table.stamp.at):
            return
        match met.value.state:
            case ProjectState.ACTIVE:
                _look_at(table, policies, met)
            case ProjectState.REMOVED:
                _release(table, met, releases_max)
            case _:
                projects.follow(table, met, {}, due_at=None)

    first = projects.met_of(item)
    until_settled(lambda: projects.meet(table, first.value.workgroup_id, first.value.project_id), attempt, first=first)


def _look_at(table: StampedTable, policies: Policies, met: Met[Project]) -> None:
    """Warn of an idle project's end, or end it. A project that isn't idle is due again when it could be."""
    project, now, months = met.value, table.stamp.at, policies.inactivity_months
    warnings = reminders.days_before(policies.project_warning_days, later=policies.project_later_warning_days)
    found = project.idleness(now, months=months, warnings=warnings)
    changes: dict[str, object] = {}
    if found.ends or found.warning:  # its stamps may be a day behind its runs
        project = _as_its_runs_say(table, project)
        changes = {"last_settled_at": project.last_settled_at, "last_success_at": project.last_success_at}
        found = project.idleness(now, months=months, warnings=warnings)
    if found.ends and (held_until := _held_until(table, project)):
        projects.follow(table, met, changes, due_at=held_until)
        return
    if found.ends:
        changes |= {"state": project.idle_end, "ended_at": now}
    if found.warning:
        changes["warned"] = asdict(found.warning)
    projects.follow(table, met, changes, due_at=found.look_again_at)


def _as_its_runs_say(table: StampedTable, project: Project) -> Project:
    wg, project_id = project.workgroup_id, project.project_id
    settled = runs.last_settled_at(table, wg, project_id, after=project.last_activity_at)
    success = project.last_success_at or runs.last_success_at(table, wg, project_id)
    return replace(project, last_settled_at=settled or project.last_settled_at, last_success_at=success)


def _held_until(table: StampedTable, project: Project) -> datetime | None:
    """When the last of its leases ends, if any. Today's policies allow no lease as long as an idle period."""
    now = table.stamp.at
    leases = [
        run.lease_expires_at
        for run in runs.open_of(table, project.workgroup_id, project.project_id)
        if run.standing(now) is RunState.HELD and run.lease_expires_at
    ]
    return max(leases, default=None)


def _release(table: StampedTable, met: Met[Project], releases_max: int) -> None:
    """Stop the open runs of a removed project, so many at a time. A settlement that comes first wins.

    A run whose pack refuses its licenses doesn't stop the others. Afterwards its error is raised.
    """
    project, now, stopped = met.value, table.stamp.at, Settlement(outcome=Outcome.STOPPED)
    still_open = (run for run in runs.open_of(table, project.workgroup_id, project.project_id) if run.is_open(now))
    some = list(islice(still_open, releases_max + 1))
    stuck: runs.GiveBackRefused | None = None
    for run in some[:releases_max]:
        try:
            settling.settle(table, run.workgroup_id, run.project_id, run.run_id, stopped)
        except (RunAlreadySettled, LeaseEnded):
            continue
        except runs.GiveBackRefused as error:
            stuck = error
    if stuck:
        raise stuck
    projects.follow(table, met, {}, due_at=now + SOON if len(some) > releases_max else None)

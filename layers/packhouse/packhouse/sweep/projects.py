"""What becomes of a project that is due: an idle one is warned of its end and ended, a removed one releases its holds.

Every step can be repeated: what it decides on is read, and nothing is written where that has changed since.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from packhouse.consumption import settling
from packhouse.domain import instants
from packhouse.domain.projects import Project, ProjectState
from packhouse.domain.runs import Outcome, RunState, Settlement
from packhouse.errors import LeaseEnded, RunAlreadySettled
from packhouse.policies import Policies
from packhouse.store import projects, runs
from packhouse.store.table import StampedTable
from packhouse.store.wire import Item

TRIES_MAX = 5
RELEASES_MAX = 200
"""How many runs one step settles; what is left is due at once again."""

SOON = timedelta(seconds=1)


def step(table: StampedTable, policies: Policies, project_item: Item, *, releases_max: int = RELEASES_MAX) -> None:
    """Do with a due project, as it was just read, what is due, and leave it due later or never.

    A start that always comes between leaves it due: it isn't idle, and the next tick finds it so.
    """
    met: Item | None = project_item
    for _ in range(TRIES_MAX):
        if met is None or met.get("due_at", "~") > instants.text(table.stamp.at):
            return
        project = projects.of_item(met)
        try:
            if project.state is ProjectState.ACTIVE:
                _look_at(table, policies, project, met)
            elif project.state is ProjectState.REMOVED:
                _release(table, project, met, releases_max)
            else:
                projects.follow(table, met, {}, due_at=None)
        except projects.ProjectMoved:
            met = table.read({"PK": met["PK"], "SK": met["SK"]})
        else:
            return


def _look_at(table: StampedTable, policies: Policies, project: Project, met: Item) -> None:
    """Warn an idle project or end it; one that isn't idle after all is due again when it may be."""
    now, months, warnings = table.stamp.at, policies.inactivity_months, policies.project_warnings
    found = project.idleness(now, months=months, warnings=warnings)
    changes: dict[str, object] = {}
    if found.ends or found.warning:  # the runs know better than what follows their settlements once a day
        project = _as_its_runs_say(table, project)
        changes = {"last_settled_at": project.last_settled_at, "last_success_at": project.last_success_at}
        found = project.idleness(now, months=months, warnings=warnings)
    if found.ends and (held_until := _held_until(table, project)):
        projects.follow(table, met, changes, due_at=held_until)
        return
    if found.ends:
        changes |= {"state": project.idle_end, "ended_at": now}
    if found.warning:
        changes["warned"] = projects.warned(found.warning)
    projects.follow(table, met, changes, due_at=found.look_again_at)


def _as_its_runs_say(table: StampedTable, project: Project) -> Project:
    wg, project_id = project.workgroup_id, project.project_id
    settled = runs.last_settled_at(table, wg, project_id, after=project.last_activity_at)
    success = project.last_success_at or runs.last_success_at(table, wg, project_id)
    return replace(project, last_settled_at=settled or project.last_settled_at, last_success_at=success)


def _held_until(table: StampedTable, project: Project) -> datetime | None:
    """When the last of its leases ends, if one goes on: as policies stand, none is as long as the idlest project."""
    now = table.stamp.at
    leases = [
        run.lease_expires_at
        for run in runs.open_of(table, project.workgroup_id, project.project_id)
        if run.standing(now) is RunState.HELD and run.lease_expires_at
    ]
    return max(leases, default=None)


def _release(table: StampedTable, project: Project, met: Item, releases_max: int) -> None:
    """Stop what is open in a removed project, so many runs at a time; who settles one first has settled it.

    One whose licenses no pack takes back keeps no other from it; then its error leaves.
    """
    now, stopped = table.stamp.at, Settlement(outcome=Outcome.STOPPED)
    still_open = (run for run in runs.open_of(table, project.workgroup_id, project.project_id) if run.is_open(now))
    some = list(islice(still_open, releases_max + 1))
    stuck: runs.PackRevoked | None = None
    for run in some[:releases_max]:
        try:
            settling.settle(table, run.workgroup_id, run.project_id, run.run_id, stopped)
        except (RunAlreadySettled, LeaseEnded):
            continue  # somebody was first, or its lease gave all back
        except runs.PackRevoked as error:
            stuck = error
    if stuck:
        raise stuck
    projects.follow(table, met, {}, due_at=now + SOON if len(some) > releases_max else None)

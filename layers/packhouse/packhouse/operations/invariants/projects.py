"""Projects: an idle project ends without open holds, and is retired exactly if a run succeeded."""

from collections import defaultdict
from collections.abc import Iterator

from packhouse.domain import instants
from packhouse.domain.projects import ENDED_IDLE, ProjectState
from packhouse.domain.runs import Outcome, Run, RunState
from packhouse.journal.entries import owner
from packhouse.operations.content import Broken, Content
from packhouse.store import keys


def idle_end(content: Content) -> Iterator[Broken]:
    """No lease is longer than the life of a project that ended idle. It is retired exactly if a run succeeded.

    A run without a lease may succeed after the end: the watch then retires the closed project.
    """
    by_project: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in content.runs:
        by_project[run.workgroup_id, run.project_id].append(run)
    for item in content.items:
        if keys.entity(item) != "PROJECT" or item.get("state") not in ENDED_IDLE:
            continue
        project_id = keys.subject(item)
        its_runs = by_project[owner(item), project_id]
        for run in its_runs:
            lease_ends_at = instants.text(run.lease_expires_at) if run.lease_expires_at else ""
            if run.state is RunState.HELD and lease_ends_at > item.get("ended_at", ""):
                yield project_id, f"it is {item['state']}, but {run.run_id} still holds licenses"
        succeeded = any(run.outcome is Outcome.SUCCEEDED for run in its_runs)
        if succeeded != (item["state"] == ProjectState.RETIRED):
            yield project_id, f"it is {item['state']} {'after' if succeeded else 'without'} a success"

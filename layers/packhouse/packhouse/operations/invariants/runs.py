"""Runs: each ends once, consumes licenses exactly if it succeeded, and a retry needs no license."""

from collections import Counter
from collections.abc import Iterator

from packhouse.domain import runs as rules
from packhouse.domain.runs import Coverage, Outcome, Pass, RunState
from packhouse.operations.content import Broken, Content, RunName
from packhouse.store import keys

RETRIES_MAX = 100  # the template's maximum: a deployment may have allowed more retries earlier than now
ENDED = (RunState.CONSUMED, RunState.RELEASED, RunState.LAPSED)


def settle_once(content: Content) -> Iterator[Broken]:
    """A run ends once: it has no entry after its end, and no place in a queue."""
    ended: set[tuple[str, str]] = set()
    for entry in content.entries:
        if not entry.kind.startswith("run."):
            continue
        if (entry.owner, entry.item) in ended:
            yield entry.item, f"{entry.kind} at {entry.at} came after its end"
        fields = {change.field: change.after for change in entry.changes}
        if fields.get("state") in ENDED or fields.get("outcome"):
            ended.add((entry.owner, entry.item))
    queued = {keys.subject(item) for item in content.items if keys.entity(item) == "RUN" and "due" in item}
    for run in content.runs:
        name = (run.workgroup_id, run.run_id)
        over = run.state in ENDED if run.coverage is Coverage.LICENSED else run.settled_at is not None
        if over != (name in ended) and name not in content.late:
            yield run.run_id, f"it is {run.state}, but the journal disagrees on whether it has ended"
        if (run.state is RunState.HELD) != (run.run_id in queued):
            yield (
                run.run_id,
                f"it is {run.state}, and {'is' if run.run_id in queued else 'is not'} in the queue of open holds",
            )


def success_iff_consumed(content: Content) -> Iterator[Broken]:
    """A run consumed licenses exactly if it held licenses and succeeded."""
    for run in content.runs:
        licensed = run.coverage is Coverage.LICENSED
        if licensed != bool(run.allocation) or (not licensed and run.state is not run.coverage.first_state):
            yield run.run_id, f"{run.coverage} and {run.state}, with {run.licenses} licenses"
        succeeded = licensed and run.outcome is Outcome.SUCCEEDED
        if succeeded != (run.state is RunState.CONSUMED) or succeeded != (run.licenses_used is not None):
            yield run.run_id, f"{run.outcome} and {run.state}, with {run.licenses_used} licenses used"
        if run.licenses_used is not None and not 1 <= run.licenses_used <= run.licenses:
            yield run.run_id, f"it used {run.licenses_used} of {run.licenses}"


def retry_is_free(content: Content, *, retries_max: int = RETRIES_MAX) -> Iterator[Broken]:
    """Exactly the retries are free. The parent of a retry succeeded, and left all the errors that the retry left.

    A retry has the same root as its parent, and the root counts its retries.
    """
    by_name = {(run.workgroup_id, run.project_id, run.run_id): run for run in content.runs}
    counted: Counter[RunName] = Counter()
    for name, run in by_name.items():
        if (run.coverage is Coverage.FREE) != (run.run_pass is Pass.RETRY_ERRORS):
            yield run.run_id, f"{run.coverage}, and its pass is {run.run_pass}"
        if run.coverage is not Coverage.FREE:
            continue
        parent_name = (run.workgroup_id, run.project_id, run.parent_run_id or "")
        parent = by_name.get(parent_name)
        if parent is None or not rules.retryable(parent, item_id=run.item_id, service=run.service):
            yield run.run_id, "its parent can't be retried"
        elif run.root_run_id != parent.root:
            yield run.run_id, f"its root isn't {parent.root}"
        elif not content.errors.get(name, frozenset()) <= content.errors.get(parent_name, frozenset()):
            yield run.run_id, "it left errors that its parent didn't leave"
        counted[run.workgroup_id, run.project_id, run.root] += 1
    for name, run in by_name.items():
        if run.retries != counted[name] or run.retries > retries_max:
            yield run.run_id, f"{run.retries} retries by its count, {counted[name]} by the runs"

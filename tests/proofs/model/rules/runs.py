"""Runs after their start: kept alive, settled, lapsed, stopped, looked at."""

from dataclasses import replace

from tests.proofs.model.rules.calls import (
    LAPSED,
    LEFT,
    NOT_FOUND,
    STOPPED,
    Ended,
    Extended,
    Heartbeat,
    LookAtRun,
    Ref,
    Refused,
    Settle,
    Standing,
    SweepRun,
)
from tests.proofs.model.rules.state import Possible, Run, State


def heartbeat(state: State, asked: Heartbeat) -> Possible:
    """A lease gets longer, never shorter, and never beyond its latest end."""
    run = state.runs.get(asked.run)
    if run is None:
        yield NOT_FOUND, state
    elif run.settled:
        yield Refused("run-already-settled"), state
    elif run.until is None or run.latest is None:
        yield Extended(None), state
    elif run.lease_over(asked.now):
        yield Refused("lease-ended", (run.until,)), state
    else:
        until = max(run.until, min(asked.now + asked.seconds, run.latest))
        yield Extended(until), state.with_runs({asked.run: replace(run, until=until)})


def settle(state: State, asked: Settle) -> Possible:
    """A run ends once; an equal settlement is answered again. A retry leaves only errors that its parent left."""
    run = state.runs.get(asked.run)
    if run is None:
        yield NOT_FOUND, state
        return
    ending = _ending(run, asked)
    parent = state.runs.get(run.item.parent) if run.item.parent else None
    if run.settled:
        same = replace(run.settled, now=0) == replace(ending, now=0)
        yield (Ended(run.settled.used, now=False) if same else Refused("run-already-settled")), state
    elif run.until is not None and run.lease_over(asked.now):
        yield Refused("lease-ended", (run.until,)), state
    elif (asked.used or 0) > run.licenses:
        yield Refused("invalid-request"), state
    elif parent and parent.settled and not set(asked.errors) <= set(parent.settled.errors):
        yield Refused("errors-not-of-parent"), state
    else:
        yield Ended(ending.used, now=True), ended(state, asked.run, replace(run, settled=ending), asked.now)


def _ending(run: Run, asked: Settle) -> Settle:
    """A settlement with nothing left to say: only a success spends licenses, all of them unless it says how many."""
    spends = asked.outcome == "succeeded" and run.kind == "licensed"
    count = len(asked.errors) if asked.error_count is None else asked.error_count
    errors = tuple(sorted(asked.errors))
    return replace(asked, used=(asked.used or run.licenses) if spends else None, errors=errors, error_count=count)


def ended(state: State, ref: Ref, run: Run, now: int) -> State:
    """The state once a run has ended so, and what it didn't use is back in its packs."""
    packs = [state.packs[name].given_back(quantity, now) for name, quantity in run.unused()]
    return state.with_packs(*packs).with_runs({ref: run})


def sweep(state: State, asked: SweepRun) -> Possible:
    """A hold whose lease is over gives all back; what is open in a project that was removed so is stopped."""
    run = state.runs.get(asked.run)
    project = state.projects[run.request.project] if run else None
    if run and run.lapsed is None and run.lease_over(asked.now):
        yield LAPSED, ended(state, asked.run, replace(run, lapsed=asked.now), asked.now)
    elif run and project and project.state == "removed" and run.is_open(asked.now) and _is_due(project.due, asked.now):
        stopped = _ending(run, Settle(asked.run, "stopped", None, (), asked.now))
        yield STOPPED, ended(state, asked.run, replace(run, settled=stopped), asked.now)
    else:
        yield LEFT, state


def _is_due(due: int | None, now: int) -> bool:
    return due is not None and due <= now


def look(state: State, asked: LookAtRun) -> Possible:
    run = state.runs.get(asked.run)
    if run is None:
        yield NOT_FOUND, state
    else:
        used, outcome = (run.settled.used, run.settled.outcome) if run.settled else (None, None)
        yield Standing(run.state(asked.now), used, outcome), state

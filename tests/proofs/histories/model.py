"""Packhouse for one caller at a time: packs, runs with leases, entitlements, projects, payments, the sweep.

An operation decides by the clock as it read it when it began, as a request does; so its time is its own and no part of
the state. A lease that has ended is seen to have, but its licenses stay out until a sweep brings them back; so does
what is left of a pack that ended.
To add an operation: its class and what it answers (`operations.py`), and a rule in `RULES`.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from tests.proofs.histories.checker import UNKNOWN
from tests.proofs.histories.operations import (
    ALREADY_SETTLED,
    CHANGED,
    ENTITLEMENT_USED,
    EXPIRED,
    GRANTED,
    LAPSED,
    LEFT,
    NOT_ACTIVE,
    NOT_FOUND,
    OPEN_RUNS,
    OTHER_ERRORS,
    PACK_ENDED,
    REMOVED,
    STOPPED,
    TOO_MANY,
    Assign,
    Assigned,
    Change,
    Counters,
    Ended,
    Exhausted,
    Extended,
    Heartbeat,
    LeaseEnded,
    LookAtPack,
    LookAtRun,
    LookAtStock,
    Pay,
    Remove,
    Settle,
    Standing,
    Start,
    SweepPack,
    SweepRun,
    Withdraw,
    Withdrawn,
    project_of,
)
from tests.proofs.histories.rules_starts import Possible, start
from tests.proofs.histories.state import Entitlement, Run, State, given_back


def step(state: State, operation: Hashable, answer: Hashable) -> Iterable[State]:
    """What an operation makes of the state, if it could be answered so; each thing it could do, if nobody knows."""
    rule = RULES[type(operation)]
    if answer is UNKNOWN:
        return [state, *(after for _, after in rule(state, operation))]
    return [after for given, after in rule(state, operation) if given == answer]


# --- the rules: every answer that may be given now, and what it makes of the state ---


def _heartbeat(state: State, asked: Heartbeat) -> Possible:
    run = state.run(asked.run)
    if run is None:
        yield NOT_FOUND, state
    elif run.settled:
        yield ALREADY_SETTLED, state
    elif run.until is None or run.latest is None:
        yield Extended(None), state
    elif run.lease_over(asked.now):
        yield LeaseEnded(run.until), state
    else:
        until = max(run.until, min(asked.now + asked.seconds, run.latest))
        yield Extended(until), state.having(runs={asked.run: replace(run, until=until)})


def _settle(state: State, asked: Settle) -> Possible:
    run = state.run(asked.run)
    if run is None:
        yield NOT_FOUND, state
        return
    ended = replace(run, settled=asked)
    if run.settled:
        before = replace(run.settled, used=run.used, now=0)
        same = before == replace(asked, used=ended.used, now=0)
        yield (Ended(run.used, now=False) if same else ALREADY_SETTLED), state
    elif run.until is not None and run.lease_over(asked.now):
        yield LeaseEnded(run.until), state
    elif asked.used and asked.used > run.licenses:
        yield TOO_MANY, state
    elif run.parent and not set(asked.errors) <= _errors_left(state.run(run.parent)):
        yield OTHER_ERRORS, state
    else:
        yield Ended(ended.used, now=True), _after(state, asked, ended)


def _errors_left(run: Run | None) -> set[str]:
    return set(run.settled.errors if run and run.settled else ())


def _after(state: State, asked: Settle | SweepRun, ended: Run) -> State:
    """The state once a run has ended so, and what it didn't use is back in its packs."""
    packs = [given_back(state.pack(name), quantity, asked.now) for name, quantity in ended.unused()]
    return state.having(*packs, runs={asked.run: ended})


def _pay(state: State, asked: Pay) -> Possible:
    pack = state.pack(asked.pack)
    paid = pack if pack.granted else replace(pack, granted=True, available=pack.quantity)
    yield GRANTED, state.having(paid)


def _assign(state: State, asked: Assign) -> Possible:
    """As a start, it may take from any pack: burn-down order is that of the stock as it saw it."""
    if covering := state.covering(asked.user, asked.now):
        yield Assigned(covering.pack, now=False), state
        return
    met = state.entitlement(asked.user)
    spent = (*met.spent, *([met.pack] if met.used else [])) if met else ()
    usable = [pack for pack in state.packs if pack.usable(asked.now)]
    if not usable:
        yield Exhausted(1, 0), state
    for pack in usable:
        taken = replace(pack, available=pack.available - 1, assigned=pack.assigned + 1)
        yield Assigned(pack.name, now=True), state.entitling(asked.user, Entitlement(pack.name, spent=spent), taken)


def _withdraw(state: State, asked: Withdraw) -> Possible:
    met = state.entitlement(asked.user)
    if met is None:
        yield NOT_FOUND, state
    elif met.withdrawn:
        yield Withdrawn(met.pack), state
    elif met.used:
        yield ENTITLEMENT_USED, state
    elif state.covering(asked.user, asked.now) is None:
        yield PACK_ENDED, state
    else:
        pack = state.pack(met.pack)
        back = replace(pack, available=pack.available + 1, assigned=pack.assigned - 1)
        yield Withdrawn(met.pack), state.entitling(asked.user, replace(met, withdrawn=True), back)


def _change(state: State, asked: Change) -> Possible:
    yield (NOT_ACTIVE if state.is_removed(asked.project) else CHANGED), state


def _remove(state: State, asked: Remove) -> Possible:
    still_open = any(project_of(ref[0]) == asked.project and run.is_open(asked.now) for ref, run in state.runs)
    if state.is_removed(asked.project):
        yield REMOVED, state
    elif still_open and not asked.release:
        yield OPEN_RUNS, state
    else:
        yield REMOVED, state.without(asked.project, asked.now if asked.release else None)


def _sweep_run(state: State, asked: SweepRun) -> Possible:
    run = state.run(asked.run)
    if run and not run.lapsed and run.lease_over(asked.now):
        yield LAPSED, _after(state, asked, replace(run, lapsed=True))
    elif run and run.is_open(asked.now) and state.releases(project_of(asked.run[0]), asked.now):
        stopped = Settle(asked.run, "stopped", None, (), asked.now)
        yield STOPPED, _after(state, asked, replace(run, settled=stopped))
    else:
        yield LEFT, state


def _sweep_pack(state: State, asked: SweepPack) -> Possible:
    pack = state.pack(asked.pack)
    if pack.granted and pack.due is not None and pack.due <= asked.now:
        yield EXPIRED, state.having(pack.swept(asked.now))
    else:
        yield LEFT, state


def _look_at_pack(state: State, asked: LookAtPack) -> Possible:
    pack = state.pack(asked.pack)
    yield (Counters(pack.available, pack.expired, pack.assigned) if pack.granted else NOT_FOUND), state


def _look_at_stock(state: State, asked: LookAtStock) -> Possible:
    yield sum(pack.available for pack in state.packs if pack.usable(asked.now)), state


def _look_at_run(state: State, asked: LookAtRun) -> Possible:
    run = state.run(asked.run)
    if run is None:
        yield NOT_FOUND, state
        return
    outcome = run.settled.outcome if run.settled else None
    if run.until is None:
        yield Standing(run.kind, None, outcome), state
    elif run.settled:
        yield Standing("consumed" if outcome == "succeeded" else "released", run.used, outcome), state
    else:
        yield Standing("lapsed" if run.lease_over(asked.now) else "held", None), state


RULES: Mapping[type, Callable[[State, Any], Possible]] = {
    Start: start,
    Heartbeat: _heartbeat,
    Settle: _settle,
    Pay: _pay,
    Assign: _assign,
    Withdraw: _withdraw,
    Change: _change,
    Remove: _remove,
    SweepRun: _sweep_run,
    SweepPack: _sweep_pack,
    LookAtPack: _look_at_pack,
    LookAtStock: _look_at_stock,
    LookAtRun: _look_at_run,
}

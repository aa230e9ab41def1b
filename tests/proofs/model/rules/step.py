"""Packhouse for one caller at a time: every call, and what may be answered to it.

To add a call: its class and its answers in `calls.py`, a step in the module of its noun, and a line in `STEPS`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tests.proofs.model.rules import calls, coverage, entitlements, orders, packs, projects, runs, starts
from tests.proofs.model.rules.state import Possible, State

STEPS: Mapping[type, Callable[[State, Any], Possible]] = {
    calls.Start: starts.start,
    calls.Heartbeat: runs.heartbeat,
    calls.Settle: runs.settle,
    calls.Assign: entitlements.assign,
    calls.Withdraw: entitlements.withdraw,
    calls.Count: coverage.count,
    calls.Create: projects.create,
    calls.Change: projects.change,
    calls.Remove: projects.remove,
    calls.Place: orders.place,
    calls.Renew: orders.renew,
    calls.Cancel: orders.cancel,
    calls.Expire: orders.expire,
    calls.Pay: orders.pay,
    calls.SweepRun: runs.sweep,
    calls.SweepPack: packs.sweep,
    calls.SweepProject: projects.sweep,
    calls.LookAtPack: packs.look,
    calls.LookAtStock: packs.look_at_stock,
    calls.LookAtRun: runs.look,
}


def possible(state: State, call: object) -> Possible:
    return STEPS[type(call)](state, call)


def alone(state: State, call: object) -> tuple[object, State]:
    """The answer to a caller who meets nobody, and the state after it."""
    return next(possible(state, call))

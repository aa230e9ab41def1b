"""Histories of many callers on the real code, each held against the sequential model; and the careless, found out.

`HISTORIES` is how many, `HISTORIES_SEED` the first one's seed: `python -m tests.proofs.histories` sets both.
"""

import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pytest

from tests.harness.shop import Shop
from tests.proofs.histories.acts import Acts
from tests.proofs.histories.careless import CarelessGivingBack, CarelessTaking, CarelessWithdrawing
from tests.proofs.histories.checker import UNKNOWN, Call
from tests.proofs.histories.operations import (
    ENTITLEMENT_USED,
    LAPSED,
    NOT_ACTIVE,
    NOT_COVERED,
    Assigned,
    Ended,
    Heartbeat,
    LeaseEnded,
    Remove,
    Settle,
    Start,
    Started,
    SweepRun,
    Withdraw,
    Withdrawn,
    project_of,
)
from tests.proofs.histories.plans import ENTITLING, SELLING, Kind
from tests.proofs.histories.playing import play

COUNT = int(os.environ.get("HISTORIES", "40"))
SEED = int(os.environ.get("HISTORIES_SEED", "1"))
PLANTED_MAX = 100
ALWAYS_MET = {
    "Start: Started",
    "Start: Started, covered",
    "Start: Started, replayed",
    "Start: Exhausted",
    "Start: not covered",
    "Start: parent-not-retryable",
    "Start: project-not-active",
    "Start: idempotency-key-reused",
    "Heartbeat: Extended",
    "Settle: Ended",
    "Settle: Ended, before",
    "Settle: LeaseEnded",
    "Settle: run-already-settled",
    "Pay: granted",
    "Assign: Assigned",
    "Assign: Assigned, before",
    "Assign: Exhausted",
    "Withdraw: Withdrawn",
    "Withdraw: entitlement-used",
    "Remove: removed",
    "SweepRun: lapsed",
    "SweepPack: expired",
    "LookAtPack: Counters",
    "LookAtPack: not-found",
    "answers lost, and sent again",
}
MET_BY_MANY = ALWAYS_MET | {
    "Start: Started, free",
    "Start: retries-exhausted",
    "Heartbeat: LeaseEnded",
    "Heartbeat: run-already-settled",
    "Change: changed",
    "Remove: project-has-open-runs",
    "SweepRun: stopped",
    "a settlement and a lapse at once",
    "a start and a withdrawal at once, the start won",
    "a start and a withdrawal at once, the withdrawal won",
    "a start and a removal at once",
}
ENOUGH, MANY = 40, 100
"""So many histories must meet all of these."""


def test_every_history_is_linearizable(shop: Shop, record_property: Callable[[str, object], None]) -> None:
    met, races, lost, disagreements = Counter[str](), Counter[str](), 0, list[str]()
    for seed in range(SEED, SEED + COUNT):
        history = play(shop, seed)
        met.update(_named(call) for call in history.calls)
        races.update(_at_once(history.calls))
        lost += history.resent
        if not history.verdict().linearizable:
            disagreements.append(history.told())

    checked = f"{COUNT} histories from seed {SEED} checked, {met.total()} calls, {len(disagreements)} disagreements"
    met += races
    told = ", ".join(f"{name} {met[name]}" for name in sorted(met))
    record_property("summary", f"{checked}: {told}" if COUNT >= MANY else checked)
    assert disagreements == [], "\n\n".join(disagreements)
    met += Counter({"answers lost, and sent again": lost})
    wanted = MET_BY_MANY if COUNT >= MANY else ALWAYS_MET if COUNT >= ENOUGH else set[str]()
    assert wanted <= met.keys(), met


@pytest.mark.parametrize(
    ("careless", "kind"),
    [(CarelessTaking, SELLING), (CarelessGivingBack, SELLING), (CarelessWithdrawing, ENTITLING)],
)
def test_what_reads_then_decides_then_writes_is_rejected(
    shop: Shop, careless: type[Acts], kind: Kind, record_property: Callable[[str, object], None]
) -> None:
    shop.world.sound = False

    for number in range(1, PLANTED_MAX + 1):
        if not play(shop, SEED + number, careless, kind).verdict().linearizable:
            record_property("summary", f"{careless.__name__} was rejected by history {number} of at most {PLANTED_MAX}")
            return

    pytest.fail(f"{careless.__name__} got through {PLANTED_MAX} histories: they can't tell")


def _named(call: Call) -> str:
    """An operation and what became of it."""
    answer = call.answer if isinstance(call.answer, str) else type(call.answer).__name__
    match call.answer:
        case Started(replayed=True):
            answer = "Started, replayed"
        case Started(runs=((_, None), *_)):
            retries = isinstance(call.operation, Start) and call.operation.parent
            answer = f"Started, {'free' if retries else 'covered'}"
        case Ended(now=False) | Assigned(now=False):
            answer = f"{answer}, before"
        case _ if call.answer is UNKNOWN:
            answer = "?"
    return f"{type(call.operation).__name__}: {answer}"


def _at_once(calls: Sequence[Call]) -> Iterator[str]:
    """The pairs of calls that were after the same thing while both were under way, and of which one had to win."""
    for one, other in itertools.permutations(calls, 2):
        if one.called < other.answered and other.called < one.answered:
            yield from _contest(one, other)
    for call in calls:
        if (
            isinstance(call.answer, LeaseEnded)
            and isinstance(call.operation, Settle | Heartbeat)
            and call.answer.at > call.operation.now
        ):
            yield f"{type(call.operation).__name__}: LeaseEnded, by a lapse after its own time"


def _contest(one: Call, other: Call) -> Iterator[str]:
    match one.operation, other.operation:
        case Settle(run=run), SweepRun(run=swept) if run == swept and other.answer == LAPSED:
            yield "a settlement and a lapse at once"
        case Heartbeat(run=run), SweepRun(run=swept) if run == swept and other.answer == LAPSED:
            yield "a heartbeat and a lapse at once"
        case Start(user=user), Withdraw(user=withdrawn) if user == withdrawn:
            if isinstance(one.answer, Started) and not one.answer.replayed and other.answer == ENTITLEMENT_USED:
                yield "a start and a withdrawal at once, the start won"
            if one.answer == NOT_COVERED and isinstance(other.answer, Withdrawn):
                yield "a start and a withdrawal at once, the withdrawal won"
        case Start(name=name), Remove(project=project) if project == project_of(name):
            if one.answer == NOT_ACTIVE or (isinstance(one.answer, Started) and not one.answer.replayed):
                yield "a start and a removal at once"

"""Histories of many callers on the real code, each held against the sequential model; and the careless, found out.

`HISTORIES` is how many, `HISTORIES_SEED` the first one's seed: `python -m tests.histories` sets both.
"""

import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pytest

from tests.harness.shop import Shop
from tests.histories.acts import Acts
from tests.histories.careless import CarelessGivingBack, CarelessTaking, CarelessWithdrawing
from tests.histories.checker import UNKNOWN, Call
from tests.histories.operations import (
    LEFT,
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
    project_of,
)
from tests.histories.plans import ENTITLING, SELLING, Kind
from tests.histories.playing import play

COUNT = int(os.environ.get("HISTORIES", "16"))
SEED = int(os.environ.get("HISTORIES_SEED", "1"))
PLANTED_MAX = 100
ALWAYS_MET = {
    "Start: Started",
    "Start: Started, replayed",
    "Start: Exhausted",
    "Start: idempotency-key-reused",
    "Heartbeat: Extended",
    "Settle: Ended",
    "Settle: Ended, before",
    "Settle: run-already-settled",
    "Pay: granted",
    "LookAtPack: Counters",
    "LookAtPack: not-found",
    "answers lost, and sent again",
}
MET_BY_MANY = ALWAYS_MET | {"Heartbeat: LeaseEnded", "Heartbeat: run-already-settled", "Settle: LeaseEnded"}
ENOUGH, MANY = 16, 100
"""So many histories must meet all of these."""


def test_every_history_is_linearizable(shop: Shop, record_property: Callable[[str, object], None]) -> None:
    met, lost, disagreements = Counter[str](), 0, list[str]()
    for seed in range(SEED, SEED + COUNT):
        history = play(shop, seed)
        met.update(_named(call) for call in history.calls)
        met.update(_at_once(history.calls))
        lost += history.resent
        if not history.verdict().linearizable:
            disagreements.append(history.told())

    checked = f"{COUNT} histories from seed {SEED} checked, {met.total()} calls, {len(disagreements)} disagreements"
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
            match one.operation, other.operation:
                case Settle(run=run) | Heartbeat(run=run), SweepRun(run=swept) if run == swept and other.answer != LEFT:
                    yield f"{type(one.operation).__name__} and {other.answer} at once"
                case Start(user=str() as user), Withdraw(user=withdrawn) if user == withdrawn:
                    yield f"{_named(one)} and {_named(other)} at once"
                case Start(name=name), Remove(project=project) if project_of(name) == project:
                    yield f"{_named(one)} and {_named(other)} at once"
    for call in calls:
        if isinstance(call.answer, LeaseEnded) and call.answer.at > call.operation.now:
            yield f"{type(call.operation).__name__}: LeaseEnded, by a sweep before its own time"

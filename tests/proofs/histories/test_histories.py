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
from tests.proofs.histories.model import NOT_COVERED
from tests.proofs.histories.plans import ENTITLING, SELLING, Kind
from tests.proofs.histories.playing import play
from tests.proofs.model.rules.calls import (
    LAPSED,
    Assigned,
    Done,
    Ended,
    Heartbeat,
    Refused,
    Remove,
    Settle,
    Start,
    Started,
    SweepRun,
    Withdraw,
    Withdrawn,
)

COUNT = int(os.environ.get("HISTORIES", "40"))
SEED = int(os.environ.get("HISTORIES_SEED", "1"))
LONG = "HISTORIES" in os.environ
PLANTED_MAX = 100
ENOUGH = 100
"""So many histories must meet all of these."""
MEET = {
    *(f"Start: {answer}" for answer in ("Started", "Started, covered", "Started, free", "Started, replayed")),
    *(f"Start: {answer}" for answer in ("licenses-exhausted", "not covered", "parent-not-retryable")),
    *(f"Start: {answer}" for answer in ("project-not-active", "idempotency-key-reused", "retries-exhausted")),
    *(f"Heartbeat: {answer}" for answer in ("Extended", "lease-ended", "run-already-settled")),
    *(f"Settle: {answer}" for answer in ("Ended", "Ended, before", "lease-ended", "run-already-settled")),
    *(f"Assign: {answer}" for answer in ("Assigned", "Assigned, before", "licenses-exhausted")),
    *(f"Withdraw: {answer}" for answer in ("Withdrawn", "entitlement-used")),
    *(f"Remove: {answer}" for answer in ("removed", "project-has-open-runs")),
    *(f"LookAtPack: {answer}" for answer in ("Counters", "not-found")),
    *("Pay: granted", "Change: active", "SweepRun: lapsed", "SweepRun: stopped", "SweepPack: expired"),
    "a settlement and a lapse at once",
    "a start and a withdrawal at once, the start won",
    "a start and a withdrawal at once, the withdrawal won",
    "a start and a removal at once",
    "answers lost, and sent again",
}


def test_every_history_is_linearizable(shop: Shop, record_property: Callable[[str, object], None]) -> None:
    met, disagreements, number = Counter[str](), list[str](), 0
    for seed in range(SEED, SEED + COUNT):
        history = play(shop, seed)
        number += len(history.calls)
        if LONG:
            met.update([*map(_named, history.calls), *_at_once(history.calls)])
            met["answers lost, and sent again"] += history.resent
        if not history.verdict().linearizable:
            disagreements.append(history.told())

    checked = f"{COUNT} histories from seed {SEED} checked, {number} calls, {len(disagreements)} disagreements"
    told = ", ".join(f"{name} {times}" for name, times in sorted(met.items()))
    record_property("summary", f"{checked}: {told}" if LONG else checked)
    assert disagreements == [], "\n\n".join(disagreements)
    assert not LONG or COUNT < ENOUGH or sorted(MEET - (+met).keys()) == []


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
    """An operation and its answer."""
    answer = type(call.answer).__name__
    match call.answer:
        case Refused(slug=word) | Done(what=word):
            answer = word
        case Started(replayed=True):
            answer = "Started, replayed"
        case Started(runs=((_, None), *_)):
            retries = isinstance(call.operation, Start) and call.operation.items[0].parent
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


def _contest(one: Call, other: Call) -> Iterator[str]:
    begun = isinstance(one.answer, Started) and not one.answer.replayed
    match one.operation, other.operation:
        case Settle(run=run), SweepRun(run=swept) if run == swept and other.answer == LAPSED:
            yield "a settlement and a lapse at once"
        case Heartbeat(run=run), SweepRun(run=swept) if run == swept and other.answer == LAPSED:
            yield "a heartbeat and a lapse at once"
        case Start(items=(item, *_)), Withdraw(user=withdrawn) if item.user == withdrawn:
            if begun and other.answer == Refused("entitlement-used"):
                yield "a start and a withdrawal at once, the start won"
            if one.answer == NOT_COVERED and isinstance(other.answer, Withdrawn):
                yield "a start and a withdrawal at once, the withdrawal won"
        case Start(project=project), Remove(project=removed) if project == removed:
            if begun or one.answer == Refused("project-not-active"):
                yield "a start and a removal at once"

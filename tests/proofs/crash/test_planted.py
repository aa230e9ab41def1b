from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from tests.proofs.crash import planted
from tests.proofs.crash.faults import Fault, Plan, doubtful_plans, most_telling_plans
from tests.proofs.crash.machine import A_DAY_LATER, Machine
from tests.proofs.crash.registry import Build, Delivery

type Bug = Callable[..., Delivery]

PLANTED: list[tuple[Bug, Fault, timedelta | None, str]] = [
    (planted.decrement_then_record, Fault.DIES_AFTER, None, "conservation"),
    (planted.mark_then_grant, Fault.DIES_AFTER, None, "paid-iff-granted"),
    (planted.read_then_write, Fault.INTERRUPTED, None, "settle-once"),
    (planted.any_error_is_a_conflict, Fault.REFUSED, None, "pack-not-usable"),
    (planted.key_of_the_sdk, Fault.DIES_AFTER, None, "can be paid on 2 pages"),
    (planted.key_alone, Fault.DIES_AFTER, A_DAY_LATER, "payment-rejected"),
]
"""The bug, the fault by which it is found, how long a delivery waits for its next, and what is found."""
NAMES = [bug.__name__ for bug, *_ in PLANTED]


@pytest.mark.parametrize(("bug", "fault", "wait", "symptom"), PLANTED, ids=NAMES)
def test_a_planted_bug_is_found(
    bug: Bug,
    fault: Fault,
    wait: timedelta | None,
    symptom: str,
    machine_for: Callable[[Build], Machine],
) -> None:
    machine = machine_for(partial(bug, sound=False))

    problems = machine.problems(of_make_test(machine, fault, wait), wait=wait)

    assert [problem for problem in problems if symptom in problem]


@pytest.mark.parametrize(("bug", "fault", "wait"), [found[:3] for found in PLANTED], ids=NAMES)
def test_the_same_without_the_bug_is_not(
    bug: Bug, fault: Fault, wait: timedelta | None, machine_for: Callable[[Build], Machine]
) -> None:
    machine = machine_for(partial(bug, sound=True))

    problems = machine.problems(of_make_test(machine, fault, wait), wait=wait)

    assert problems == []


def of_make_test(machine: Machine, fault: Fault, wait: timedelta | None) -> list[Plan]:
    """Those stories of `make test` in which this fault happens."""
    plans = doubtful_plans(machine.calls) if wait else most_telling_plans(machine.calls)
    return [plan for plan in plans if plan.fault is fault]

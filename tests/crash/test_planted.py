from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from tests.crash import planted
from tests.crash.faults import telling_plans
from tests.crash.machine import A_DAY_LATER, Machine
from tests.crash.registry import Build

type Bug = Callable[..., object]

PLANTED: list[tuple[Bug, str, timedelta | None]] = [
    (planted.decrement_then_record, "conservation", None),
    (planted.mark_then_grant, "paid-iff-granted", None),
    (planted.read_then_write, "settle-once", None),
    (planted.any_error_is_a_conflict, "run-already-settled", None),
    (planted.key_of_the_sdk, "can be paid on 2 pages", None),
    (planted.key_alone, "payment-provider-unavailable", A_DAY_LATER),
]
"""The bug, what is found of it, and how long a delivery waits for its next."""
NAMES = [bug.__name__ for bug, _, _ in PLANTED]


@pytest.mark.parametrize(("bug", "symptom", "wait"), PLANTED, ids=NAMES)
def test_a_planted_bug_is_found(
    bug: Bug, symptom: str, wait: timedelta | None, machine_for: Callable[[Build], Machine]
) -> None:
    machine = machine_for(partial(bug, sound=False))

    found = (machine.problems([plan], wait=wait) for plan in telling_plans(machine.calls))

    assert any(symptom in problem for problems in found for problem in problems)


@pytest.mark.parametrize(("bug", "wait"), [(bug, wait) for bug, _, wait in PLANTED], ids=NAMES)
def test_the_same_without_the_bug_is_not(
    bug: Bug, wait: timedelta | None, machine_for: Callable[[Build], Machine]
) -> None:
    machine = machine_for(partial(bug, sound=True))

    problems = machine.problems(telling_plans(machine.calls), wait=wait)

    assert problems == []

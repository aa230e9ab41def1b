from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from tests.crash import planted
from tests.crash.faults import plans
from tests.crash.machine import Machine
from tests.crash.registry import Build

PLANTED = [
    (planted.decrement_then_record, "conservation", None),
    (planted.mark_then_grant, "paid-iff-granted", None),
    (planted.read_then_write, "settle-once", None),
    (planted.any_error_is_a_conflict, "run-already-settled", None),
    (planted.key_of_the_sdk, "can be paid on 2 pages", None),
    (planted.key_alone, "payment-provider-unavailable", timedelta(hours=25)),
]
"""The bug, what is found of it, and how long a delivery waits for its next."""


@pytest.mark.parametrize(("bug", "symptom", "wait"), PLANTED, ids=lambda value: getattr(value, "__name__", ""))
def test_a_planted_bug_is_found(
    bug: Callable[..., object], symptom: str, wait: timedelta | None, machine_for: Callable[[Build], Machine]
) -> None:
    problems = tried(machine_for(partial(bug, sound=False)), wait)

    assert [problem for problem in problems if symptom in problem]


@pytest.mark.parametrize(("bug", "symptom", "wait"), PLANTED, ids=lambda value: getattr(value, "__name__", ""))
def test_the_same_without_the_bug_is_not(
    bug: Callable[..., object], symptom: str, wait: timedelta | None, machine_for: Callable[[Build], Machine]
) -> None:
    del symptom

    problems = tried(machine_for(partial(bug, sound=True)), wait)

    assert problems == []


def tried(machine: Machine, wait: timedelta | None) -> list[str]:
    return [
        f"{plan}: {problem}"
        for plan in plans(len(machine.calls))
        for problem in machine.attempt(plan, wait=wait).problems
    ]

"""Each call of each delivery fails once, in each of the ways that there are."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.crash.faults import plans
from tests.crash.machine import Machine
from tests.crash.registry import Build, Entry, entries

A_DAY_LATER = timedelta(hours=25)
"""When Stripe has forgotten the keys of the delivery before."""


def name(entry: Entry) -> str:
    return entry.name


@pytest.mark.parametrize("entry", entries(), ids=name)
def test_whatever_fails_at_any_call_it_ends_as_if_nothing_had(
    entry: Entry, machine_for: Callable[[Build], Machine]
) -> None:
    machine = machine_for(entry.build)

    problems = tried(machine)

    assert machine.undisturbed.first.succeeded
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("entry", [entry for entry in entries() if entry.a_day_later], ids=name)
def test_and_so_it_does_when_stripe_has_forgotten_its_keys(
    entry: Entry, machine_for: Callable[[Build], Machine]
) -> None:
    problems = tried(machine_for(entry.build), wait=A_DAY_LATER)

    assert not problems, "\n".join(problems)


def tried(machine: Machine, *, wait: timedelta | None = None) -> list[str]:
    return [
        f"{plan}: {problem}"
        for plan in plans(len(machine.calls))
        for problem in machine.attempt(plan, wait=wait).problems
    ]

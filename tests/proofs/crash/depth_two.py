"""Every fault at every call, and stories of two faults: told by `python -m tests.proofs.crash`, not by `make test`."""

from collections.abc import Callable, Sequence

import pytest

from tests.proofs.crash.faults import every_plan, telling_plans
from tests.proofs.crash.machine import A_DAY_LATER, Machine
from tests.proofs.crash.registry import Build, Entry, entries

PAIRS_MAX = 60
"""How many stories of two faults are told of a delivery at the most: of more, every n-th."""

type Told = Callable[[str, object], None]


@pytest.mark.parametrize("entry", entries(), ids=str)
def test_every_fault_at_every_call(
    entry: Entry, machine_for: Callable[[Build], Machine], record_property: Told
) -> None:
    machine = machine_for(entry.build)

    problems = machine.problems(every_plan(machine.calls))

    record_property("one fault", dict(machine.tally))
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("entry", [entry for entry in entries() if entry.a_day_later], ids=str)
def test_every_fault_that_can_matter_with_a_day_between_deliveries(
    entry: Entry, machine_for: Callable[[Build], Machine], record_property: Told
) -> None:
    machine = machine_for(entry.build)

    problems = machine.problems(telling_plans(machine.calls), wait=A_DAY_LATER)

    record_property("one fault, a day between deliveries", dict(machine.tally))
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("entry", entries(), ids=str)
def test_two_faults_in_a_story(entry: Entry, machine_for: Callable[[Build], Machine], record_property: Told) -> None:
    machine = machine_for(entry.build)
    pairs = spread(list(machine.pairs()), PAIRS_MAX)
    machine.tally.clear()

    problems = [
        f"{first}, then {then}: {problem}" for first, then in pairs for problem in machine.attempt(first, then).problems
    ]

    record_property("two faults", dict(machine.tally))
    assert machine.tally["faults"] == 2 * len(pairs)
    assert not problems, "\n".join(problems)


def spread[One](some: Sequence[One], most: int) -> list[One]:
    """So many of them at the most, from the first to the last."""
    step = max(1, -(-len(some) // most))
    return list(some[::step])

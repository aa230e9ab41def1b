"""In each story one call of a delivery fails; `python -m tests.proofs.crash` tells more stories."""

from collections.abc import Callable, Iterable, Sequence

import pytest

from tests.proofs.crash.faults import Plan, doubtful_plans, most_telling_plans, shown, telling_plans
from tests.proofs.crash.machine import A_DAY_LATER, Machine
from tests.proofs.crash.registry import Build, Entry, entries


@pytest.mark.parametrize("entry", entries(), ids=str)
def test_whatever_fails_at_any_call_it_ends_as_if_nothing_had(
    entry: Entry, machine_for: Callable[[Build], Machine]
) -> None:
    machine = machine_for(entry.build)
    stories = most_telling_plans(machine.calls)

    problems = machine.problems(stories)

    first, again = machine.undisturbed.first, machine.undisturbed.again
    assert first.succeeded
    assert again.named == first.named
    assert told(stories, machine.calls) == told(telling_plans(machine.calls), machine.calls)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("entry", [entry for entry in entries() if entry.a_day_later], ids=str)
def test_what_is_in_doubt_at_stripe_is_not_done_twice_when_it_has_forgotten_its_keys(
    entry: Entry, machine_for: Callable[[Build], Machine]
) -> None:
    machine = machine_for(entry.build)

    problems = machine.problems(doubtful_plans(machine.calls), wait=A_DAY_LATER)

    assert not problems, "\n".join(problems)


def told(stories: Iterable[Plan], calls: Sequence[str]) -> set[object]:
    """The faults, operations and parts of a delivery that are in these stories."""
    return set().union(*(shown(plan, calls) for plan in stories))

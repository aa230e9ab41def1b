"""A project that is removed, changed or ended while others start: one wins, and everybody is told the truth."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from packhouse.consumption import changing_projects
from packhouse.consumption.starting import Started
from packhouse.domain.projects import Project, ProjectState
from packhouse.errors import ProjectHasOpenRuns, ProjectNotActive, Refusal
from packhouse.policies import Policies
from packhouse.store import keys
from packhouse.sweep import projects as sweep_projects
from tests.harness.world import NORTHWIND, World
from tests.proofs.races.test_races import CALLERS, at_once, start_of

ROUNDS = 12


def removing(world: World, project: str, *, release: bool) -> Callable[[], Project]:
    table = world.stamped()
    return lambda: changing_projects.remove(table, NORTHWIND, project, release=release)


def stepping(world: World, project: str) -> Callable[[], None]:
    table, met = world.stamped("packhouse:sweep"), world.item(keys.project(NORTHWIND, project))
    assert met is not None
    return lambda: sweep_projects.step(table, Policies(), met)


def stored(world: World, project: str) -> ProjectState:
    item = world.item(keys.project(NORTHWIND, project))
    assert item is not None
    return ProjectState(item["state"])


def runs_of(world: World, project: str) -> int:
    return len(world.table.query(keys.runs(NORTHWIND, project)).items)


def test_of_a_removal_and_a_start_at_once_one_wins_and_both_get_a_true_answer(world: World) -> None:
    world.grant("mailbox-migration", ROUNDS)

    for round_number in range(ROUNDS):
        project = world.project()
        acts: list[Callable[[], Project | Started]] = [
            start_of(world, project, f"round {round_number}"),
            removing(world, project, release=False),
        ]
        answers = at_once(acts[:: 1 if round_number % 2 else -1], callers=2)

        started = [answer for answer in answers if isinstance(answer, Started)]
        removed = [answer for answer in answers if isinstance(answer, Project)]
        (refusal,) = [answer for answer in answers if isinstance(answer, Refusal)]
        assert len(started) + len(removed) == 1
        assert isinstance(refusal, ProjectHasOpenRuns if started else ProjectNotActive), refusal
        assert (stored(world, project), runs_of(world, project)) == (
            (ProjectState.ACTIVE, 1) if started else (ProjectState.REMOVED, 0)
        )


@pytest.mark.parametrize("release", [False, True])
def test_many_starts_and_removals_at_once_leave_no_hold_in_a_removed_project(
    world: World,
    release: bool,
) -> None:
    pack = world.grant("mailbox-migration", 20)
    project = world.project()
    acts: list[Callable[[], Project | Started]] = [
        start_of(world, project, f"start {number}") for number in range(2 * CALLERS)
    ]
    acts.insert(CALLERS, removing(world, project, release=release))

    answers = at_once(acts)

    started = sum(isinstance(answer, Started) for answer in answers)
    assert runs_of(world, project) == started
    if release:
        assert stored(world, project) is ProjectState.REMOVED
        stepping(world, project)()
        assert world.pack(pack)["available"] == 20
    else:
        assert (stored(world, project) is ProjectState.REMOVED) == (started == 0)


def test_of_an_idle_end_and_a_start_at_once_one_wins(world: World) -> None:
    world.clock.now = datetime(2027, 4, 1, tzinfo=UTC)
    world.grant("mailbox-migration", ROUNDS)

    for round_number in range(ROUNDS):
        world.clock.now = datetime(2027, 5, 1, tzinfo=UTC)
        project = world.project(inactivity_days=31)
        world.clock.now = datetime(2027, 6, 1, tzinfo=UTC)
        acts: list[Callable[[], Started | None]] = [
            stepping(world, project),
            start_of(world, project, f"round {round_number}"),
        ]
        answers = at_once(acts[:: 1 if round_number % 2 else -1], callers=2)

        started = any(isinstance(answer, Started) for answer in answers)
        assert stored(world, project) is (ProjectState.ACTIVE if started else ProjectState.CLOSED)
        assert runs_of(world, project) == started

"""The conditions of the writes on projects, each operand damaged alone: the write is refused, and nothing changes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from packhouse.store import keys, projects
from packhouse.store.table import StampedTable
from packhouse.store.wire import Item
from tests.harness.damage import erase, overwrite
from tests.harness.world import NORTHWIND, START, World

LATER = START + timedelta(days=1)
SETTLED, SUCCEEDED = "2026-11-20T03:00:00Z", "2026-11-19T03:00:00Z"

type Step = Callable[[StampedTable, Item], object]


def changed(table: StampedTable, met: Item) -> object:
    return projects.change(table, met, {"name": "Other"}, due_at=LATER)


def followed(table: StampedTable, met: Item) -> object:
    return projects.follow(table, met, {"state": "closed"}, due_at=None)


def settled(table: StampedTable, met: Item) -> None:
    projects.settled(table, met, settled_at=LATER, success_at=LATER)


def retired(table: StampedTable, met: Item) -> None:
    projects.retired(table, met, success_at=LATER)


def removed(table: StampedTable, met: Item) -> object:
    return projects.remove(table, met, due_at=None)


def removed_and_released(table: StampedTable, met: Item) -> object:
    return projects.remove(table, met, due_at=LATER)


STEPS = [changed, followed, settled, retired, removed, removed_and_released]


def met_as(world: World, **attributes: Any) -> Item:  # noqa: ANN401  # as an item has
    """A project as it was met, with these attributes set by hand."""
    project = world.project()
    overwrite(world, item_of(world, project), **attributes)
    world.sound = False
    return item_of(world, project)


def item_of(world: World, project: str) -> Item:
    item = world.item(keys.project(NORTHWIND, project))
    assert item is not None
    return item


def now(world: World, met: Item) -> Item | None:
    return world.item({"PK": met["PK"], "SK": met["SK"]})


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "known",
    [
        {},
        {"inactivity_days": 40},
        {"last_settled_at": SETTLED},
        {"last_settled_at": SETTLED, "last_success_at": SUCCEEDED},
    ],
    ids=str,
)
def test_a_project_that_is_as_it_was_met_takes_a_step(world: World, step: Step, known: dict[str, Any]) -> None:
    met = met_as(world, **known)

    step(world.stamped(), met)

    assert now(world, met) != met


BY_STAMP = [{"request_id": "another"}, {"changed_at": "2026-11-24T03:00:00.000001Z"}]
BY_SETTLEMENT = [
    {"state": "removed"},
    {"last_settled_at": "2026-11-21T03:00:00Z"},
    {"last_success_at": "2026-11-21T03:00:00Z"},
]


@pytest.mark.parametrize(
    ("step", "damage"),
    [
        *((changed, damage) for damage in ({"state": "removed"}, {"inactivity_days": 41})),
        *((followed, damage) for damage in BY_STAMP),
        *((settled, damage) for damage in BY_SETTLEMENT),
        *((retired, damage) for damage in BY_SETTLEMENT),
        *((removed, damage) for damage in BY_STAMP),
        (removed_and_released, {"state": "retired"}),
    ],
    ids=str,
)
@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_a_project_takes_a_step_only_as_it_was_met_in_what_the_step_was_decided_on(
    world: World, step: Step, damage: dict[str, Any], *, known: bool
) -> None:
    facts = {"inactivity_days": 40, "last_settled_at": SETTLED, "last_success_at": SUCCEEDED} if known else {}
    met = met_as(world, **facts)
    overwrite(world, met, **damage)
    before = now(world, met)

    with pytest.raises(projects.ProjectMoved):
        step(world.stamped(), met)

    assert now(world, met) == before


@pytest.mark.parametrize("forgotten", ["inactivity_days", "last_settled_at", "last_success_at"])
def test_a_project_from_which_a_fact_was_taken_is_not_as_it_was_met(world: World, forgotten: str) -> None:
    met = met_as(world, inactivity_days=40, last_settled_at=SETTLED, last_success_at=SUCCEEDED)
    overwrite(world, met, **{forgotten: None})

    with pytest.raises(projects.ProjectMoved):
        (changed if forgotten == "inactivity_days" else settled)(world.stamped(), met)


@pytest.mark.parametrize("step", [changed, settled, retired, removed_and_released])
def test_a_start_that_comes_between_is_no_business_of_a_step_that_was_not_decided_on_it(
    world: World, step: Step
) -> None:
    met = met_as(world)
    overwrite(world, met, last_run_at="2026-11-24T03:00:00Z", request_id="another")

    step(world.stamped(), met)

    assert now(world, met) != met


@pytest.mark.parametrize("step", STEPS)
def test_no_step_makes_a_project_that_is_gone(world: World, step: Step) -> None:
    met = met_as(world)
    erase(world, met)

    with pytest.raises(projects.ProjectMoved):
        step(world.stamped(), met)

    assert now(world, met) is None


def test_a_project_is_created_once_whatever_has_become_of_it(world: World) -> None:
    met = met_as(world, state="retired")
    project = projects.of_item(met)

    again, replayed = projects.create(world.stamped(), project, warn_at=LATER)

    assert (again.state, replayed) == ("active", True)  # as its creation was answered
    assert now(world, met) == met

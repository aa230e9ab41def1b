"""The conditions of the writes on projects, each operand damaged alone: the write is refused, and nothing changes."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from packhouse.domain.ids import Prefix, named
from packhouse.domain.projects import Project
from packhouse.store import keys, projects
from packhouse.store.patience import Moved, WriteRefused
from packhouse.store.table import StampedTable
from packhouse.store.wire import Item
from tests.harness.damage import erase, overwrite
from tests.harness.world import NORTHWIND, START, World

LATER = START + timedelta(days=1)
SETTLED, SUCCEEDED = "2026-11-20T03:00:00Z", "2026-11-19T03:00:00Z"

type Step = Callable[[StampedTable, Item], object]


def changed(table: StampedTable, met: Item) -> object:
    return projects.change(table, projects.met_of(met), {"name": "Other"}, due_at=LATER)


def followed(table: StampedTable, met: Item) -> object:
    return projects.follow(table, projects.met_of(met), {"state": "closed"}, due_at=None)


def settled(table: StampedTable, met: Item) -> None:
    projects.remember_settlement(table, projects.met_of(met), settled_at=LATER, success_at=LATER)


def retired(table: StampedTable, met: Item) -> None:
    projects.retire(table, projects.met_of(met), success_at=LATER)


def removed(table: StampedTable, met: Item) -> object:
    return projects.remove(table, projects.met_of(met), due_at=None)


def removed_and_released(table: StampedTable, met: Item) -> object:
    return projects.remove(table, projects.met_of(met), due_at=LATER)


STEPS = [changed, followed, settled, retired, removed, removed_and_released]


def met_as(world: World, **attributes: Any) -> Item:
    """A new project as it was met, with these attributes set by hand."""
    table = world.stamped()
    project_id = named(Prefix.PROJECT, NORTHWIND, table.stamp.request_id)
    projects.create(
        table,
        Project(
            workgroup_id=NORTHWIND,
            project_id=project_id,
            name="Move",
            created_at=START,
            created_by="tests",
            request_hash="hash",
        ),
        warn_at=LATER,
    )
    overwrite(world, item_of(world, project_id), **attributes)
    world.sound = False
    return item_of(world, project_id)


def item_of(world: World, project: str) -> Item:
    item = world.item(keys.project(NORTHWIND, project))
    assert item is not None
    return item


def now(world: World, met: Item) -> Item | None:
    return world.item({"PK": met["PK"], "SK": met["SK"]})


KNOWN: dict[str, Any] = {"inactivity_days": 40, "last_settled_at": SETTLED, "last_success_at": SUCCEEDED}


@pytest.mark.parametrize("step", STEPS)
def test_a_project_that_is_as_it_was_met_takes_a_step(world: World, step: Step) -> None:
    for known in ({}, {"inactivity_days": 40}, {"last_settled_at": SETTLED}, KNOWN):
        met = met_as(world, **known)
        step(world.stamped(), met)
        assert now(world, met) != met, known


BY_STAMP = [{"request_id": "another"}, {"changed_at": "2026-11-24T03:00:00.000001Z"}]
BY_SETTLEMENT = [
    {"state": "removed"},
    {"last_settled_at": "2026-11-21T03:00:00Z"},
    {"last_success_at": "2026-11-21T03:00:00Z"},
]


@pytest.mark.parametrize(
    ("step", "damages"),
    [
        (changed, [{"state": "removed"}, {"inactivity_days": 41}]),
        (followed, BY_STAMP),
        (settled, BY_SETTLEMENT),
        (retired, BY_SETTLEMENT),
        (removed, BY_STAMP),
        (removed_and_released, [{"state": "retired"}]),
    ],
)
def test_a_project_takes_a_step_only_as_it_was_met_in_what_the_step_was_decided_on(
    world: World, step: Step, damages: list[dict[str, Any]]
) -> None:
    for damage, known in itertools.product(damages, ({}, KNOWN)):
        met = met_as(world, **known)
        overwrite(world, met, **damage)
        before = now(world, met)
        with pytest.raises(Moved):
            step(world.stamped(), met)
        assert now(world, met) == before, (damage, known)


@pytest.mark.parametrize("forgotten", ["inactivity_days", "last_settled_at", "last_success_at"])
def test_a_project_from_which_a_fact_was_taken_is_not_as_it_was_met(world: World, forgotten: str) -> None:
    met = met_as(world, inactivity_days=40, last_settled_at=SETTLED, last_success_at=SUCCEEDED)
    overwrite(world, met, **{forgotten: None})

    with pytest.raises(Moved):
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

    with pytest.raises(Moved):
        step(world.stamped(), met)

    assert now(world, met) is None


def test_a_project_is_created_once_whatever_has_become_of_it(world: World) -> None:
    met = met_as(world, state="retired")
    project = projects.of_item(met)

    again, replayed = projects.create(world.stamped(), project, warn_at=LATER)

    assert (again.state, replayed) == ("active", True)  # as its creation was answered
    assert now(world, met) == met


def work_on(world: World, project: Item) -> None:
    table = world.stamped()
    project_id = project["SK"].removeprefix("PROJECT#")
    table.write(projects.worked_on(table, NORTHWIND, project_id, licenses_per_item=2, now=LATER))


def test_a_start_marks_an_active_project_that_allows_its_largest_item(world: World) -> None:
    met = met_as(world, max_licenses_per_item=2)

    work_on(world, met)

    item = now(world, met)
    assert item is not None
    assert item["last_run_at"] == "2026-11-25T03:00:00Z"


def test_a_start_marks_no_project_that_has_ended_or_allows_less_or_is_gone(world: World) -> None:
    ended: list[dict[str, Any]] = [{"state": state} for state in ("closed", "retired", "removed")]

    for damage in ({"max_licenses_per_item": 1}, *ended):
        met = met_as(world, **{"max_licenses_per_item": 2, **damage})
        with pytest.raises(WriteRefused):
            work_on(world, met)
        assert now(world, met) == met, damage
    erase(world, met)
    with pytest.raises(WriteRefused):
        work_on(world, met)
    assert now(world, met) is None

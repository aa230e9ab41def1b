"""An idle project is judged by its runs, not by what the watch has stamped on it so far."""

from datetime import timedelta
from typing import Any

import pytest

from packhouse.store import keys
from tests.harness.gateway import context, handler_of
from tests.harness.world import START, World


def settled_on(world: World, day: int, outcome: str) -> None:
    """A project that ends after 31 idle days, with a run of its first day that was settled on this one.

    The run has no lease, and the watch hasn't heard of its end yet.
    """
    world.entitle("ann@northwind.example")
    project = world.project(inactivity_days=31)
    (run,) = world.started(project, items=[{"item_id": "box", "user": "ann@northwind.example"}])
    world.clock.now = START + timedelta(days=day)
    assert world.settle(project, run, outcome).status == 200


def sweep(world: World, *, day: int) -> dict[str, Any]:
    """The project's item, once the sweep has been there on this day."""
    world.clock.now = START + timedelta(days=day)
    handler_of("SweepFunction")({"job": "sweep"}, context())
    (project,) = [item for item in world.items() if keys.entity(item) == "PROJECT"]
    return project


def test_a_project_whose_run_was_settled_lately_is_not_warned(world: World) -> None:
    settled_on(world, 24, "failed")

    item = sweep(world, day=24)  # seven days before its end, by what is stamped

    assert "warned" not in item
    assert item["last_settled_at"] == "2026-12-18T03:00:00Z"
    assert item["due_at"] == "2026-12-19T03:00:00Z"  # thirty days before its end, by its run


def test_a_project_in_which_nothing_happened_is_warned(world: World) -> None:
    world.project(inactivity_days=31)

    item = sweep(world, day=24)

    assert item["warned"]["days"] == 7
    assert item["warned"]["ends_at"] == "2026-12-25T03:00:00Z"


@pytest.mark.parametrize(("outcome", "state"), [("succeeded", "retired"), ("failed", "closed"), ("stopped", "closed")])
def test_only_a_run_that_succeeded_retires_its_project(world: World, outcome: str, state: str) -> None:
    settled_on(world, 2, outcome)

    item = sweep(world, day=2 + 31)

    assert item["state"] == state
    assert ("last_success_at" in item) == (outcome == "succeeded")

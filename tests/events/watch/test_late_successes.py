"""Runs without a lease that outlive their project: a success retires one that was closed."""

import pytest

from packhouse.policies import Policies
from packhouse.store import keys, projects
from packhouse.store.patience import Moved
from packhouse.sweep import projects as sweep_projects
from tests.events.watch.stream import idle, mailed, project_item, watch
from tests.harness.post import Post
from tests.harness.world import NORTHWIND, World


def covered_until_after_the_end(world: World) -> tuple[str, str]:
    """A project that was closed while a run of it, which has no lease, went on."""
    world.entitle("ann@northwind.example")
    project = world.project(inactivity_days=31)
    items = [{"item_id": "box-1", "user": "ann@northwind.example"}]
    (run,) = world.started(project, items=items)
    idle(world, project, days=31)
    assert project_item(world, project)["state"] == "closed"
    return project, run


def test_a_success_after_the_end_retires_a_closed_project(world: World, post: Post) -> None:
    project, run = covered_until_after_the_end(world)
    ended_at = project_item(world, project)["ended_at"]
    world.clock.advance(hours=1)
    world.settle(project, run)

    sent = mailed(world, post)

    item = project_item(world, project)
    assert (item["state"], item["ended_at"]) == ("retired", ended_at)
    assert item["last_success_at"] == "2026-12-25T04:00:00Z"
    shown = world.call("GET", f"projects/{project}").body
    assert shown["retires_at"] == ended_at
    told = [entry for entry in world.entries() if entry.item == project][1:]
    assert [(entry.kind, entry.actor) for entry in told] == [
        ("project.closed", "packhouse:sweep"),
        ("project.retired", "packhouse:watch"),
    ]
    assert [mail.subject for mail in sent] == ["Project Move is closed", "Project Move is retired"]
    assert "was closed, and then a run in it succeeded" in sent[1].text


@pytest.mark.parametrize(
    ("method", "body"), [("PATCH", {"state": "active"}), ("PATCH", {"name": "Again"}), ("PATCH", {}), ("DELETE", None)]
)
def test_what_succeeded_after_the_end_is_final_before_the_watch_has_seen_it(
    world: World, method: str, body: object
) -> None:
    project, run = covered_until_after_the_end(world)
    world.settle(project, run)

    answer = world.call(method, f"projects/{project}", "amy", json=body)

    assert (answer.status, answer.slug, answer.body["state"]) == (409, "project-not-active", "retired")
    watch(world)


def test_a_closed_project_that_bears_a_success_is_retired_all_the_same(world: World) -> None:
    project, run = covered_until_after_the_end(world)
    world.settle(project, run)
    world.edit(keys.project(NORTHWIND, project), last_success_at=world.clock.now)

    watch(world)

    assert project_item(world, project)["state"] == "retired"


def test_a_failure_after_the_end_leaves_a_project_to_be_opened_again(world: World) -> None:
    project, run = covered_until_after_the_end(world)
    world.settle(project, run, "failed")
    watch(world)

    answer = world.call("PATCH", f"projects/{project}", "amy", json={"state": "active"})

    assert (answer.status, answer.body["state"]) == (200, "active")


@pytest.mark.parametrize("opened_again", [False, True])
def test_a_success_is_judged_by_what_its_project_is_when_it_is_stamped(world: World, opened_again: bool) -> None:
    """Who read it before the sweep closed it, or before it was opened again, must look again."""
    world.entitle("ann@northwind.example")
    project = world.project(inactivity_days=31)
    (run,) = world.started(project, items=[{"item_id": "box-1", "user": "ann@northwind.example"}])
    world.clock.advance(days=31)
    met = project_item(world, project)
    sweep_projects.step(world.stamped("packhouse:sweep"), Policies(), met)
    if opened_again:
        met = project_item(world, project)
        world.call("PATCH", f"projects/{project}", "amy", json={"state": "active"})

    with pytest.raises(Moved):
        projects.remember_settlement(
            world.stamped(), projects.met_of(met), settled_at=world.clock.now, success_at=world.clock.now
        )

    world.settle(project, run)
    watch(world)
    assert project_item(world, project)["state"] == ("active" if opened_again else "retired")

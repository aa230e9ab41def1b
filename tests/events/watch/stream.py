"""The stream of the table, handed to the watch."""

from collections.abc import Mapping, Sequence
from typing import Any

from dev.ministack import patterns
from packhouse.policies import Policies
from packhouse.store import keys
from packhouse.sweep import projects as sweep_projects
from tests.harness import template
from tests.harness.gateway import context, handler_of
from tests.harness.post import Post, Sent
from tests.harness.world import NORTHWIND, World

SKU = "mailbox-migration"


def wanted(records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The records that the template's filter lets through."""
    mapping = template.resources()["WatchFunctionChanges"]["Properties"]
    filters = [patterns.parsed(one["Pattern"]) for one in mapping["FilterCriteria"]["Filters"]]
    return [record for record in records if any(patterns.matches(one, dict(record)) for one in filters)]


def deliver(records: Sequence[Mapping[str, Any]]) -> None:
    handler_of("WatchFunction")({"Records": records}, context())


def watch(world: World) -> None:
    """Hand the stream, from its beginning and so ever again, to the watch."""
    deliver(wanted(world.records()))


def project_item(world: World, project: str) -> dict[str, Any]:
    found = world.item(keys.project(NORTHWIND, project))
    assert found is not None
    return found


def settled(world: World, project: str, outcome: str = "succeeded") -> None:
    (run,) = world.started(project)
    assert world.settle(project, run, outcome).status == 200


def mailed(world: World, post: Post) -> list[Sent]:
    """What has been sent once the watch and the journal have seen everything, twice."""
    for _ in range(2):
        watch(world)
        world.pump(again=True)
        post.deliver(*post.waiting())
    return post.outbox()


def threshold(world: World, number: int, **fields: object) -> None:
    assert world.call("PATCH", "", "ada", json={"low_balance": {SKU: number}, **fields}).status == 200


def idle(world: World, project: str, *, days: int) -> None:
    """Let so many days go by, and the sweep look at the project."""
    world.clock.advance(days=days)
    sweep_projects.step(world.stamped("packhouse:sweep"), Policies(), project_item(world, project))

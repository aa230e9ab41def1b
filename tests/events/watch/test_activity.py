"""Activity of projects, stamped out of the stream."""

from tests.events.watch.stream import SKU, deliver, project_item, settled, wanted, watch
from tests.harness.world import World


def stamps(world: World, project: str) -> tuple[str | None, str | None]:
    found = project_item(world, project)
    return found.get("last_settled_at"), found.get("last_success_at")


def test_a_settlement_is_activity_and_a_success_is_remembered(world: World) -> None:
    world.grant(SKU, 2)
    project = world.project()
    world.clock.advance(hours=1)
    settled(world, project, "failed")
    watch(world)
    assert stamps(world, project) == ("2026-11-24T04:00:00Z", None)

    world.clock.advance(hours=1)
    settled(world, project)
    watch(world)

    assert stamps(world, project) == ("2026-11-24T05:00:00Z", "2026-11-24T05:00:00Z")
    assert world.call("GET", f"projects/{project}").body["last_activity_at"] == "2026-11-24T05:00:00Z"


def test_only_the_first_settlement_of_a_day_is_written(world: World) -> None:
    world.grant(SKU, 3)
    project = world.project()
    settled(world, project)
    watch(world)
    world.clock.advance(hours=23, minutes=59)
    settled(world, project)
    before = project_item(world, project)

    watch(world)
    assert project_item(world, project) == before
    world.clock.advance(minutes=1)
    settled(world, project)
    watch(world)

    assert stamps(world, project) == ("2026-11-25T03:00:00Z", "2026-11-25T03:00:00Z")


def test_records_that_come_late_again_and_in_another_order_move_nothing_back(world: World) -> None:
    world.grant(SKU, 3)
    project = world.project()
    for _ in range(3):
        settled(world, project)
        world.clock.advance(days=2)
    records = wanted(world.records())

    for record in (*records[::-1], *records):
        deliver([record])

    assert stamps(world, project) == ("2026-11-28T03:00:00Z", "2026-11-28T03:00:00Z")


def test_activity_is_in_no_journal(world: World) -> None:
    world.grant(SKU, 1)
    project = world.project()
    settled(world, project)
    world.pump()
    entries = len(world.entries())

    watch(world)
    world.pump()

    assert len(world.entries()) == entries


def test_starts_leases_and_projects_are_not_watched(world: World) -> None:
    world.grant(SKU, 1)
    project = world.project()
    (run,) = world.started(project)
    world.call("POST", f"projects/{project}/runs/{run}/heartbeat", json={"lease_seconds": 86_400})

    kinds = {record["dynamodb"]["Keys"]["SK"]["S"].partition("#")[0] for record in wanted(world.records())}

    assert kinds == {"PACK", "WG"}

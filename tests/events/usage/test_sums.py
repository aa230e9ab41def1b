"""Usage: what is told of closed days is what happened in them."""

from packhouse.domain.runs import RunState
from packhouse.store import keys
from tests.events.usage.rollups import DOCUMENTS, MAIL, a_busy_day, at, roll_up, told, usage
from tests.harness.world import CONTOSO, NORTHWIND, World

NOTHING = {"held": 0, "consumed": 0, "released": 0, "lapsed": 0, "covered": 0, "free": 0}


def test_the_sums_are_what_happened_whatever_they_are_by(world: World) -> None:
    first, second = a_busy_day(world)
    at(world, "2026-11-25T01:00:00Z")
    roll_up(world)

    mail = {"held": 12, "consumed": 4, "released": 5}
    documents = {"held": 1, "consumed": 1}
    assert usage(world) == usage(world, "by=month") == {"2026-11": {"held": 13, "consumed": 5, "released": 5}}
    assert usage(world, "by=sku") == {DOCUMENTS: documents, MAIL: mail}
    assert usage(world, "by=project") == {first: mail, second: documents}
    assert usage(world, "by=customer") == {"": documents, "Adatum": mail}


def test_rows_tell_every_count_and_stand_in_the_order_of_their_keys(world: World) -> None:
    a_busy_day(world)
    at(world, "2026-11-25T01:00:00Z")
    roll_up(world)

    answer = world.call("GET", "usage?by=sku", "ada")

    assert answer.body == {
        "items": [
            {**NOTHING, "key": DOCUMENTS, "held": 1, "consumed": 1},
            {**NOTHING, "key": MAIL, "held": 12, "consumed": 4, "released": 5},
        ],
        "through": "2026-11-24",
    }


def test_a_run_counts_on_the_day_it_starts_and_on_the_day_it_ends(world: World) -> None:
    world.grant(MAIL, 5)
    project = world.project()
    (run,) = world.started(project, lease_seconds=86_400)
    world.clock.advance(hours=23)
    world.settle(project, run)
    world.clock.advance(days=1)
    roll_up(world)

    assert usage(world, "to=2026-11-24") == {"2026-11": {"held": 1}}
    assert usage(world, "from=2026-11-25&to=2026-11-25") == {"2026-11": {"consumed": 1}}
    assert usage(world, "from=2026-11-26") == usage(world, "from=2026-11-25&to=2026-11-24") == {}


def test_a_hold_that_lapses_counts_when_it_is_booked(world: World) -> None:
    world.grant(MAIL, 5)
    project = world.project()
    (run,) = world.started(project)
    world.edit(keys.run(NORTHWIND, project, run), state=RunState.LAPSED)
    world.sound = False  # its license is still out
    at(world, "2026-11-25T01:00:00Z")
    roll_up(world)

    assert usage(world) == {"2026-11": {"held": 1, "lapsed": 1}}


def test_runs_that_need_no_license_are_counted_as_runs(world: World) -> None:
    told(world, "2026-11-24T04:00:00Z", "run.covered", licenses=0)
    told(world, "2026-11-24T04:00:01Z", "run.free", licenses=0)
    told(world, "2026-11-24T04:00:02Z", "run.free", licenses=0)
    at(world, "2026-11-25T01:00:00Z")
    roll_up(world)

    assert usage(world, "by=sku") == {"": {"covered": 1, "free": 2}}
    assert usage(world, "by=project") == {"prj_told": {"covered": 1, "free": 2}}
    assert usage(world, "by=customer") == {"": {"covered": 1, "free": 2}}


def test_covered_and_free_runs_count_for_the_type_that_they_go_back_to(world: World) -> None:
    world.grant(MAIL, 5)
    world.entitle("ada")
    project = world.project(customer="Adatum")
    items = [{"item_id": name, "user": user} for name, user in (("a", "ada"), ("b", "ada"), ("c", "max"))]
    covered, _, licensed = world.started(project, items=items)
    for run in (covered, licensed):
        world.settle(project, run, errors=["mail-1"])
    for item, parent in (("a", covered), ("c", licensed), ("c", licensed)):
        retries = [{"item_id": item, "parent_run_id": parent}]
        (run,) = world.started(project, items=retries, run_pass="retry_errors")
        world.settle(project, run)
    at(world, "2026-11-25T01:00:00Z")
    roll_up(world)

    mail, bundle = {"held": 1, "consumed": 1, "free": 2}, {"covered": 2, "free": 1}
    assert usage(world, "by=sku") == {MAIL: mail, "user-migration-bundle": bundle}
    assert usage(world, "by=customer") == {"Adatum": {"held": 1, "consumed": 1, "covered": 2, "free": 3}}


def test_a_removed_project_stays_with_its_customer(world: World) -> None:
    first, _ = a_busy_day(world)
    world.edit(keys.project(NORTHWIND, first), state="removed")
    at(world, "2026-11-25T01:00:00Z")
    roll_up(world)

    assert first in usage(world, "by=project")
    assert "Adatum" in usage(world, "by=customer")


def test_a_workgroup_is_told_its_own_usage_alone(world: World) -> None:
    a_busy_day(world)
    at(world, "2026-11-25T01:00:00Z")
    roll_up(world)

    assert world.call("GET", f"/v1/workgroups/{CONTOSO}/usage", "cora").body == {"items": [], "through": "2026-11-24"}

"""Projects that are due: warned, ended, or rid of what their runs hold."""

from datetime import UTC, datetime
from typing import Any

import pytest

from packhouse.domain.runs import Outcome, Settlement
from packhouse.policies import Policies
from packhouse.store import keys, projects, runs
from packhouse.store.keys import KeyRange
from packhouse.sweep import projects as sweep_projects
from tests.harness.gateway import context, handler_of
from tests.harness.world import NORTHWIND, World


def sweep(world: World, *, ticks: int = 20, releases_max: int = sweep_projects.RELEASES_MAX) -> int:
    """Work off the queue of projects as the sweep does, tick after tick at one instant; how many were due."""
    now, done = world.clock.now, 0
    for _ in range(ticks):
        until = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        due = world.table.query(KeyRange(index="due", partition="PROJECT", between=("0", until))).items
        if not due:
            return done
        for item in world.table.read_many([{"PK": one["PK"], "SK": one["SK"]} for one in due]):
            assert item is not None
            sweep_projects.step(world.stamped("packhouse:sweep"), Policies(), item, releases_max=releases_max)
            done += 1
    raise AssertionError(f"the queue isn't empty after {ticks} ticks: {due}")


def at(world: World, instant: str) -> int:
    world.clock.now = datetime.fromisoformat(instant)
    return sweep(world)


def item(world: World, project: str) -> dict[str, Any]:
    found = world.item(keys.project(NORTHWIND, project))
    assert found is not None
    return found


def told(world: World, project: str) -> list[tuple[str, int | None]]:
    """What the journal tells of a project after its birth, oldest first, with the days of each warning."""
    world.pump()
    of_project = sorted(
        (entry for entry in world.entries() if entry.item == project), key=lambda entry: int(entry.sequence)
    )
    warned = [next((one.after for one in entry.changes if one.field == "warned"), None) for entry in of_project]
    return [(entry.kind, days and days["days"]) for entry, days in zip(of_project, warned, strict=True)][1:]


def state(world: World, project: str) -> str:
    shown: str = world.call("GET", f"projects/{project}").body["state"]
    return shown


def settled(world: World, project: str, outcome: str = "succeeded") -> None:
    (run,) = world.started(project)
    assert world.settle(project, run, outcome).status == 200


def test_an_idle_project_is_warned_three_times_and_closed(world: World) -> None:
    project = world.project()

    for instant in (
        "2027-04-24T02:59:59Z",
        "2027-04-24T03:00:00Z",
        "2027-05-17T03:00:00Z",
        "2027-05-23T03:00:00Z",
        "2027-05-24T02:59:59Z",
    ):
        at(world, instant)
    assert state(world, project) == "active"
    at(world, "2027-05-24T03:00:00Z")

    assert state(world, project) == "closed"
    assert told(world, project) == [
        ("project.warned", 30),
        ("project.warned", 7),
        ("project.warned", 1),
        ("project.closed", None),
    ]
    assert "due" not in item(world, project)


def test_one_that_had_a_success_is_retired(world: World) -> None:
    world.grant("mailbox-migration", 2)
    project = world.project()
    settled(world, project, "failed")
    settled(world, project)

    at(world, "2027-05-24T03:00:00Z")

    assert state(world, project) == "retired"
    assert world.start(project).body["state"] == "retired"


def test_a_failure_is_no_success(world: World) -> None:
    world.grant("mailbox-migration", 1)
    project = world.project()
    settled(world, project, "failed")

    at(world, "2027-05-24T03:00:00Z")

    assert state(world, project) == "closed"


def test_a_clock_that_jumps_gives_the_most_urgent_warning_alone(world: World) -> None:
    project = world.project()

    at(world, "2027-05-23T12:00:00Z")
    at(world, "2027-05-23T13:00:00Z")

    assert told(world, project) == [("project.warned", 1)]


def test_activity_after_a_warning_begins_anew(world: World) -> None:
    world.grant("mailbox-migration", 1, acquired=datetime(2027, 4, 1, tzinfo=UTC))
    project = world.project()
    at(world, "2027-05-17T03:00:00Z")
    world.started(project)

    at(world, "2027-05-24T03:00:00Z")

    assert (state(world, project), item(world, project)["due_at"]) == ("active", "2027-10-18T03:00:00Z")
    at(world, "2027-10-18T03:00:00Z")
    assert told(world, project) == [("project.warned", 7), ("project.warned", 30)]


def test_a_settlement_that_nobody_has_stamped_on_the_project_counts_all_the_same(world: World) -> None:
    world.grant("mailbox-migration", 1)
    project = world.project(inactivity_days=31)
    (run,) = world.started(project, lease_seconds=86_400)
    world.clock.advance(hours=23)
    world.settle(project, run)

    at(world, "2026-12-25T03:00:00Z")

    assert state(world, project) == "active"
    assert item(world, project)["last_settled_at"] == "2026-11-25T02:00:00Z"
    at(world, "2026-12-26T01:59:59Z")
    assert state(world, project) == "active"
    at(world, "2026-12-26T02:00:00Z")
    assert state(world, project) == "retired"


def test_a_project_reopened_is_idle_from_then_on(world: World) -> None:
    project = world.project(inactivity_days=31)
    at(world, "2026-12-25T03:00:00Z")
    world.clock.advance(days=100)
    world.call("PATCH", f"projects/{project}", "amy", json={"state": "active"})

    at(world, "2027-05-05T02:59:59Z")  # a second before 31 days are over

    assert state(world, project) == "active"
    at(world, "2027-05-05T03:00:00Z")
    assert [kind for kind, _ in told(world, project)] == [
        "project.closed",
        "project.active",
        "project.warned",
        "project.closed",
    ]


def test_while_a_lease_goes_on_a_project_does_not_end(world: World) -> None:
    world.grant("mailbox-migration", 1)
    project = world.project(inactivity_days=31)
    (run,) = world.started(project)
    long = datetime(2027, 1, 1, tzinfo=UTC)
    world.edit(keys.run(NORTHWIND, project, run), lease_expires_at=long, lease_latest_at=long)

    at(world, "2026-12-31T00:00:00Z")

    assert (state(world, project), item(world, project)["due_at"]) == ("active", "2027-01-01T00:00:00Z")
    at(world, "2027-01-01T00:00:00Z")
    assert state(world, project) == "closed"


def test_a_step_on_what_is_not_due_or_is_due_no_more_does_nothing(world: World) -> None:
    project = world.project()
    early = item(world, project)
    sweep_projects.step(world.stamped(), Policies(), early)
    assert item(world, project) == early

    world.clock.now = datetime(2027, 4, 24, 3, tzinfo=UTC)
    sweep_projects.step(world.stamped(), Policies(), early)
    once = item(world, project)
    sweep_projects.step(world.stamped(), Policies(), early)  # read before, as by a sweep that ticks twice

    assert item(world, project) == once
    assert told(world, project) == [("project.warned", 30)]


def test_a_start_between_look_and_end_keeps_the_project_alive(world: World) -> None:
    world.grant("mailbox-migration", 1, acquired=datetime(2027, 4, 1, tzinfo=UTC))
    project = world.project()
    world.clock.now = datetime(2027, 5, 24, 3, tzinfo=UTC)
    seen = item(world, project)
    world.started(project)

    sweep_projects.step(world.stamped(), Policies(), seen)

    assert (state(world, project), item(world, project)["due_at"]) == ("active", "2027-10-25T03:00:00Z")


def test_a_removed_project_releases_what_its_runs_hold(world: World) -> None:
    pack = world.grant("mailbox-migration", 5)
    project = world.project()
    done, *_ = world.started(project, 5)
    world.settle(project, done)
    world.call("DELETE", f"projects/{project}?release=true", "amy")

    sweep(world)

    shown = world.call("GET", f"projects/{project}/runs?limit=100").body["items"]
    assert (
        sorted((run["state"], run["outcome"]) for run in shown)
        == [("consumed", "succeeded")] + [("released", "stopped")] * 4
    )
    assert world.pack(pack)["available"] == 4
    assert "due" not in item(world, project)
    assert state(world, project) == "removed"


def test_what_many_runs_hold_is_released_in_several_steps(world: World) -> None:
    pack = world.grant("mailbox-migration", 5)
    project = world.project()
    world.started(project, 5)
    world.call("DELETE", f"projects/{project}?release=true", "amy")

    available = []
    for _ in range(3):
        assert sweep(world, releases_max=2) == 1
        available.append(world.pack(pack)["available"])
        world.clock.advance(seconds=1)

    assert available == [2, 4, 5]
    assert sweep(world) == 0


def test_a_death_while_releasing_is_made_up_for_by_the_next_step(world: World) -> None:
    pack = world.grant("mailbox-migration", 3)
    project = world.project()
    first, *_ = world.started(project, 3)
    world.call("DELETE", f"projects/{project}?release=true", "amy")
    found = runs.read(world.table, NORTHWIND, project, first)
    runs.settle(world.stamped("packhouse:sweep"), found, Settlement(outcome=Outcome.STOPPED))

    sweep(world)
    sweep(world)

    assert world.pack(pack)["available"] == 3


def test_a_lease_that_ended_before_the_release_is_left_to_lapse(world: World) -> None:
    world.grant("mailbox-migration", 1)
    project = world.project()
    world.started(project, lease_seconds=60)
    world.call("DELETE", f"projects/{project}?release=true", "amy")
    world.clock.advance(seconds=60)

    sweep(world)

    (run,) = world.call("GET", f"projects/{project}/runs").body["items"]
    assert run["state"] == "lapsed"
    assert "due" not in item(world, project)


def test_a_run_whose_pack_is_gone_keeps_no_other_from_being_released(world: World) -> None:
    world.sound = False
    gone, project = world.grant("mailbox-migration", 1), world.project()
    (stuck,) = world.started(project)
    world.grant("mailbox-migration", 3)
    others = [run for _ in range(3) for run in world.started(project)]
    world.raw.delete_item(
        TableName=world.table.name, Key={name: {"S": key} for name, key in keys.pack(NORTHWIND, gone.pack_id).items()}
    )
    world.call("DELETE", f"projects/{project}?release=true", "amy")

    with pytest.raises(runs.GiveBackRefused):
        sweep(world)

    states = {run: world.call("GET", f"projects/{project}/runs/{run}").body["state"] for run in (stuck, *others)}
    assert states == {stuck: "held", **dict.fromkeys(others, "released")}
    assert "due" in item(world, project)


def test_what_has_ended_leaves_the_queue_that_it_should_not_be_in(world: World) -> None:
    project = world.project()
    world.clock.now = datetime(2027, 5, 24, 3, tzinfo=UTC)
    table, due = world.stamped(), keys.due_project(world.clock.now)
    ended = {"state": "closed", "ended_at": "2027-05-24T03:00:00Z"}
    projects.follow(table, projects.met_of(item(world, project)), ended, due_at=world.clock.now)
    assert item(world, project)["due_at"] == due["due_at"]

    sweep(world)

    assert "due" not in item(world, project)


def test_removed_and_retired_projects_stay_in_the_log_and_in_usage(world: World) -> None:
    world.grant("mailbox-migration", 5)
    retired, removed = world.project(inactivity_days=31, customer="Adatum"), world.project(customer="Adatum")
    settled(world, retired)
    settled(world, removed)
    world.started(removed, 2)
    world.call("DELETE", f"projects/{removed}?release=true", "amy")
    sweep(world)
    at(world, "2026-12-25T03:00:00Z")
    assert (state(world, retired), state(world, removed)) == ("retired", "removed")

    world.pump()
    world.clock.advance(days=1)
    handler_of("RollUpFunction")({"job": "roll-up-usage"}, context())

    (row,) = world.call("GET", "usage?by=customer", "ada").body["items"]
    assert (row["key"], row["held"], row["consumed"], row["released"]) == ("Adatum", 4, 2, 2)
    log = world.call("GET", f"journal?project={removed}&limit=100", "ada").body["items"]
    assert [entry["actor"] for entry in log if entry["kind"] == "run.released"] == ["packhouse:sweep"] * 2

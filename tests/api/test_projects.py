from typing import Any

import pytest

from packhouse.store import keys
from tests.harness.gateway import Answer
from tests.harness.world import NORTHWIND, World


def change(world: World, project: str, **fields: object) -> Answer:
    return world.call("PATCH", f"projects/{project}", "amy", json=fields)


def remove(world: World, project: str, *, release: bool = False) -> Answer:
    return world.call("DELETE", f"projects/{project}{'?release=true' if release else ''}", "amy")


def shown(world: World, project: str) -> dict[str, Any]:
    body: dict[str, Any] = world.call("GET", f"projects/{project}").body
    return body


def item(world: World, project: str) -> dict[str, Any]:
    found = world.item(keys.project(NORTHWIND, project))
    assert found is not None
    return found


def ended(world: World, project: str, state: str) -> None:
    """End a project as the sweep would."""
    world.edit(keys.project(NORTHWIND, project), state=state, ended_at=world.clock.now, due=None, due_at=None)


def test_a_project_is_created_with_its_defaults(world: World) -> None:
    answer = world.call("POST", "projects", json={"name": " Move to the cloud "}, key="one")

    assert answer.status == 201
    assert answer.body == {
        "project_id": answer.body["project_id"],
        "name": "Move to the cloud",
        "max_licenses_per_item": 1,
        "state": "active",
        "created_at": "2026-11-24T03:00:00Z",
        "last_activity_at": "2026-11-24T03:00:00Z",
        "retires_at": "2027-05-24T03:00:00Z",
    }
    assert world.call("GET", f"projects/{answer.body['project_id']}").body == answer.body


def test_a_project_may_have_a_customer_and_days_of_its_own(world: World) -> None:
    body = {"name": "Move", "customer": "Adatum", "inactivity_days": 31, "max_licenses_per_item": 3}

    answer = world.call("POST", "projects", json=body, key="one")

    assert {name: answer.body[name] for name in body} == body
    assert answer.body["retires_at"] == "2026-12-25T03:00:00Z"


def test_the_same_key_and_body_is_the_same_project(world: World) -> None:
    first = world.call("POST", "projects", json={"name": "Move"}, key="one")
    world.clock.advance(days=1)
    world.grant("mailbox-migration", 1)
    world.started(first.body["project_id"])
    world.edit(keys.project(NORTHWIND, first.body["project_id"]), name="Stay", inactivity_days=40)

    again = world.call("POST", "projects", json={"name": "Move", "max_licenses_per_item": 1}, key="one")

    assert (again.status, again.body) == (201, first.body)
    assert again.headers["idempotent-replayed"] == "true"


def test_a_key_used_for_another_project_is_refused(world: World) -> None:
    world.call("POST", "projects", json={"name": "Move"}, key="one")

    answer = world.call("POST", "projects", json={"name": "Stay"}, key="one")

    assert (answer.status, answer.slug) == (422, "idempotency-key-reused")
    assert len(world.call("GET", "projects").body["items"]) == 1


def test_what_a_project_cannot_be_is_refused(world: World) -> None:
    for body in (
        {},
        {"name": ""},
        {"name": "x" * 101},
        {"name": "Move", "inactivity_days": 30},
        {"name": "Move", "inactivity_days": 731},
        {"name": "Move", "max_licenses_per_item": 0},
        {"name": "Move", "customer": 7},
        {"name": "Move", "state": "active"},
    ):
        answer = world.call("POST", "projects", json=body, key="one")
        assert (answer.status, answer.slug) == (422, "invalid-request"), body
    assert world.call("GET", "projects").body["items"] == []


def test_an_absent_project_is_not_found(world: World) -> None:
    project = world.project()

    for name in (f"{project[:-4]}0000", "prj_x", project.upper()):
        assert world.call("GET", f"projects/{name}").slug == "not-found"


def test_a_project_is_changed_field_by_field_and_that_is_activity(world: World) -> None:
    project = world.project(customer="Adatum")
    world.clock.advance(days=10)

    first = change(world, project, name=" Stay ", inactivity_days=31)
    second = change(world, project, customer="Contoso", max_licenses_per_item=3)

    assert (first.status, first.body["name"], first.body["customer"]) == (200, "Stay", "Adatum")
    assert second.body == shown(world, project)
    assert second.body == {
        "project_id": project,
        "name": "Stay",
        "customer": "Contoso",
        "inactivity_days": 31,
        "max_licenses_per_item": 3,
        "state": "active",
        "created_at": "2026-11-24T03:00:00Z",
        "last_activity_at": "2026-12-04T03:00:00Z",
        "retires_at": "2027-01-04T03:00:00Z",
    }
    assert item(world, project)["due_at"] == "2026-12-05T03:00:00Z"  # 30 days before


def test_null_sets_an_optional_field_back(world: World) -> None:
    project = world.project(customer="Adatum", inactivity_days=31, max_licenses_per_item=3)

    answer = change(world, project, customer=None, inactivity_days=None, max_licenses_per_item=None)

    assert answer.status == 200
    assert "customer" not in answer.body
    assert "inactivity_days" not in answer.body
    assert answer.body["max_licenses_per_item"] == 1
    assert answer.body["retires_at"] == "2027-05-24T03:00:00Z"
    assert item(world, project)["due_at"] == "2027-04-24T03:00:00Z"


def test_the_same_change_again_is_the_same_project(world: World) -> None:
    project = world.project()

    first, second = (change(world, project, name="Stay") for _ in range(2))

    assert first.body == second.body


def test_a_change_of_nothing_is_no_activity(world: World) -> None:
    project = world.project()
    world.clock.advance(days=10)

    answer = change(world, project)

    assert (answer.status, answer.body["last_activity_at"]) == (200, "2026-11-24T03:00:00Z")


def test_a_change_goes_through_while_runs_start(world: World) -> None:
    world.grant("mailbox-migration", 3)
    project = world.project()
    world.started(project)

    assert change(world, project, name="Stay").status == 200
    assert world.start(project).status == 201


@pytest.mark.parametrize(
    "body",
    [
        {"name": None},
        {"name": ""},
        {"inactivity_days": 30},
        {"inactivity_days": "31"},
        {"max_licenses_per_item": 0},
        {"max_licenses_per_item": 101},
        {"state": "retired"},
        {"state": None},
        {"project_id": "prj_x"},
    ],
)
def test_what_a_project_cannot_become_is_refused(world: World, body: dict[str, object]) -> None:
    project = world.project()
    before = shown(world, project)

    answer = change(world, project, **body)

    assert (answer.status, answer.slug) == (422, "invalid-request")
    assert shown(world, project) == before


@pytest.mark.parametrize("fields", [{"state": "active"}, {"name": "Stay"}])
def test_a_change_opens_a_closed_project_again(world: World, fields: dict[str, object]) -> None:
    world.grant("mailbox-migration", 1)
    project = world.project()
    world.clock.advance(days=200)
    ended(world, project, "closed")
    assert world.start(project).body["state"] == "closed"

    answer = change(world, project, **fields)

    assert (answer.status, answer.body["state"]) == (200, "active")
    assert answer.body["last_activity_at"] == "2027-06-12T03:00:00Z"
    assert item(world, project)["due_at"] == "2027-11-12T03:00:00Z"
    assert "ended_at" not in item(world, project)
    assert world.start(project).status == 201


def test_a_change_of_nothing_leaves_a_closed_project_closed(world: World) -> None:
    project = world.project()
    ended(world, project, "closed")

    assert change(world, project).body["state"] == "closed"


@pytest.mark.parametrize("fields", [{"state": "active"}, {"name": "Stay"}, {}])
def test_a_removed_project_is_not_changed(world: World, fields: dict[str, object]) -> None:
    project = world.project()
    remove(world, project)

    answer = change(world, project, **fields)

    assert (answer.status, answer.slug, answer.body["state"]) == (409, "project-not-active", "removed")


def test_a_retired_project_is_final(world: World) -> None:
    world.grant("mailbox-migration", 1)
    project = world.project()
    (run,) = world.started(project)
    world.settle(project, run)
    ended(world, project, "retired")

    for answer in (
        change(world, project, state="active"),
        remove(world, project),
        remove(world, project, release=True),
    ):
        assert (answer.status, answer.slug, answer.body["state"]) == (409, "project-not-active", "retired")
    assert shown(world, project)["state"] == "retired"


def test_a_removed_project_is_still_read_and_starts_nothing(world: World) -> None:
    world.grant("mailbox-migration", 2)
    project = world.project()
    (run,) = world.started(project)
    world.settle(project, run)

    answer = remove(world, project)

    assert (answer.status, answer.body["state"]) == (200, "removed")
    assert shown(world, project) == answer.body
    assert [one["project_id"] for one in world.call("GET", "projects?state=removed").body["items"]] == [project]
    assert [one["run_id"] for one in world.call("GET", f"projects/{project}/runs").body["items"]] == [run]
    assert (world.start(project).slug, "due" in item(world, project)) == ("project-not-active", False)


def test_removed_again_is_answered_with_the_last_state(world: World) -> None:
    project = world.project()
    first = remove(world, project)
    world.clock.advance(days=1)

    for again in (remove(world, project), remove(world, project, release=True)):
        assert (again.status, again.body) == (200, first.body)
    assert "due" not in item(world, project)


def test_a_project_with_an_open_run_is_not_removed(world: World) -> None:
    world.grant("mailbox-migration", 2)
    project = world.project()
    (run,) = world.started(project, lease_seconds=60)

    answer = remove(world, project)

    assert (answer.status, answer.slug) == (409, "project-has-open-runs")
    assert world.settle(project, run).status == 200
    assert remove(world, project).status == 200


def test_a_hold_whose_lease_is_over_is_not_open(world: World) -> None:
    world.grant("mailbox-migration", 1)
    project = world.project()
    world.started(project, lease_seconds=60)
    world.clock.advance(seconds=60)

    assert remove(world, project).status == 200


def test_a_run_without_a_license_is_open_until_it_is_settled(world: World) -> None:
    world.grant("mailbox-migration", 1)
    project = world.project()
    (parent,) = world.started(project)
    world.settle(project, parent, errors=["mail-1"])
    items = [{"item_id": "box-0", "parent_run_id": parent}]
    fields: dict[str, Any] = {"pass": "retry_errors", "items": items}
    (retry,) = world.started(project, **fields)

    assert remove(world, project).slug == "project-has-open-runs"
    world.settle(project, retry, "stopped")
    assert remove(world, project).status == 200


def test_release_removes_at_once_and_leaves_the_holds_to_the_sweep(world: World) -> None:
    pack = world.grant("mailbox-migration", 2)
    project = world.project()
    (run,) = world.started(project)

    answer = remove(world, project, release=True)

    assert (answer.status, answer.body["state"]) == (200, "removed")
    assert item(world, project)["due_at"] == "2026-11-24T03:00:00Z"
    assert world.start(project).slug == "project-not-active"
    assert world.settle(project, run).status == 200  # who comes first wins
    assert world.pack(pack)["available"] == 1


@pytest.mark.parametrize(("method", "body"), [("PATCH", {"name": "Stay"}), ("DELETE", None)])
def test_what_is_not_there_is_neither_changed_nor_removed(world: World, method: str, body: object) -> None:
    for name in ("prj_x", f"{world.project()[:-4]}0000"):
        assert world.call(method, f"projects/{name}", "ada", json=body).slug == "not-found"


def test_the_journal_tells_what_was_changed_and_by_whom(world: World) -> None:
    project = world.project(customer="Adatum")
    world.clock.advance(seconds=1)
    change(world, project, name="Stay")
    remove(world, project)
    world.pump()

    entries = world.call("GET", f"journal?project={project}", "ada").body["items"]

    told = [(entry["kind"], entry["actor"], [change["field"] for change in entry["changes"]]) for entry in entries]
    assert sorted(told[:2]) == [("project.changed", "amy", ["name"]), ("project.removed", "amy", ["state"])]

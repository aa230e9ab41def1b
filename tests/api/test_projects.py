from packhouse.store import keys
from tests.harness.world import NORTHWIND, World


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
    table, project = world.stamped(), keys.project(NORTHWIND, first.body["project_id"])
    change = "SET #name = :name, inactivity_days = :days"
    table.write(table.update(project, change, only_if="attribute_exists(PK)", name="Stay", days=40))

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

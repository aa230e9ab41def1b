import pytest

from packhouse.domain import instants
from packhouse.domain.projects import ProjectState
from packhouse.store import keys
from tests.harness.world import CONTOSO, NORTHWIND, START, World, lines


def set_project(world: World, project: str, **attributes: object) -> None:
    """Change a project as a later use case would."""
    world.edit(keys.project(NORTHWIND, project), **attributes)


def test_a_start_holds_a_license_for_each_item(world: World) -> None:
    pack = world.grant("mailbox-migration", 10)
    project = world.project()

    answer = world.start(project, 3)

    assert answer.status == 201
    assert "idempotent-replayed" not in answer.headers
    first = answer.body["runs"][0]
    assert first == {
        "run_id": first["run_id"],
        "project_id": project,
        "item_id": "box-0",
        "service": "mailbox-migration",
        "sku": "mailbox-migration",
        "pass": "full",
        "coverage": "licensed",
        "state": "held",
        "licenses": 1,
        "allocations": [{"pack_id": pack.pack_id, "quantity": 1}],
        "lease_expires_at": "2026-11-24T09:00:00Z",
        "started_at": "2026-11-24T03:00:00Z",
        "started_by": first["started_by"],
        "error_count": 0,
    }
    assert [run["item_id"] for run in answer.body["runs"]] == ["box-0", "box-1", "box-2"]
    shown = world.pack(pack)
    assert (shown["available"], shown["in_runs"], shown["state"]) == (7, 3, "active")


def test_a_start_is_activity_of_its_project(world: World) -> None:
    world.grant("mailbox-migration", 1)
    project = world.project()
    world.clock.advance(days=3)

    world.started(project)

    shown = world.call("GET", f"projects/{project}").body
    assert shown["last_activity_at"] == "2026-11-27T03:00:00Z"
    assert shown["retires_at"] == "2027-05-27T03:00:00Z"


def test_licenses_are_taken_from_the_packs_that_expire_soonest(world: World) -> None:
    late = world.grant("mailbox-migration", 5)
    soon = world.grant("mailbox-migration", 2, acquired=instants.plus_months(START, -6))
    project = world.project()

    runs = world.start(project, 4).body["runs"]

    assert [run["allocations"][0]["pack_id"] for run in runs] == [soon.pack_id] * 2 + [late.pack_id] * 2
    assert world.pack(soon)["state"] == "exhausted"


def test_an_expired_pack_is_not_taken_from(world: World) -> None:
    expired = world.grant("mailbox-migration", 5, acquired=instants.plus_months(START, -12))
    project = world.project()

    answer = world.start(project)

    assert answer.status == 402
    shown = world.pack(expired)
    assert (shown["state"], shown["available"]) == ("expired", 0)


def test_when_none_are_left_the_answer_says_what_to_buy(world: World) -> None:
    world.grant("mailbox-migration", 3)
    project = world.project()

    answer = world.start(project, 5)

    assert answer.status == 402
    assert answer.slug == "licenses-exhausted"
    assert (answer.body["sku"], answer.body["asked"], answer.body["available"]) == ("mailbox-migration", 5, 3)
    assert lines(answer.body["purchase"]["lines"]) == [("mailbox-migration", 2)]
    assert answer.body["purchase"]["total"] == {"amount": 2400, "currency": "usd"}
    assert world.call("GET", f"projects/{project}/runs").body["items"] == []


def test_after_buying_the_same_key_starts_the_run(world: World) -> None:
    project = world.project()
    assert world.start(project, key="one").status == 402

    world.grant("mailbox-migration", 1)
    answer = world.start(project, key="one")

    assert answer.status == 201
    assert "idempotent-replayed" not in answer.headers


def test_a_retry_of_the_request_that_took_the_last_license_gets_its_runs(world: World) -> None:
    world.grant("mailbox-migration", 2)
    project = world.project()
    first = world.start(project, 2, key="one")

    again = world.start(project, 2, key="one")

    assert (again.status, again.body) == (201, first.body)
    assert again.headers["idempotent-replayed"] == "true"


def test_a_replay_tells_the_runs_as_they_were_started_whatever_became_of_them(world: World) -> None:
    world.grant("mailbox-migration", 5)
    project = world.project()
    first = world.start(project, 3, key="one")
    one, two, _ = (run["run_id"] for run in first.body["runs"])
    world.settle(project, one)
    world.call("POST", f"projects/{project}/runs/{two}/heartbeat", json={"lease_seconds": 80_000})
    world.clock.advance(days=2)

    again = world.start(project, 3, key="one")

    assert (again.status, again.body) == (201, first.body)


def test_a_replay_outranks_a_project_that_has_ended(world: World) -> None:
    world.grant("mailbox-migration", 1)
    project = world.project()
    first = world.start(project, key="one")
    set_project(world, project, state=ProjectState.REMOVED)

    assert world.start(project, key="one").body == first.body
    assert world.start(project, key="two").slug == "project-not-active"


def test_another_body_under_a_used_key_is_refused_and_starts_nothing(world: World) -> None:
    pack = world.grant("mailbox-migration", 5)
    project = world.project()
    world.started(project, 1, key="one")

    for count in (2, 1):
        answer = world.start(project, count, key="one", lease_seconds=120)
        assert (answer.status, answer.slug) == (422, "idempotency-key-reused")

    assert world.pack(pack)["in_runs"] == 1


def test_a_reused_key_outranks_a_service_that_nothing_covers(world: World) -> None:
    world.grant("mailbox-migration", 5)
    project = world.project()
    world.started(project, 1, key="one")

    assert world.start(project, 1, key="one", service="gardening").slug == "idempotency-key-reused"
    assert world.start(project, 1, key="two", service="gardening").slug == "service-not-covered"


def test_a_key_belongs_to_its_path(world: World) -> None:
    world.grant("mailbox-migration", 5)
    one, two = world.project(), world.project()

    first, second = world.started(one, key="one"), world.started(two, key="one")

    assert first != second


def test_what_is_left_out_and_its_default_are_the_same_request(world: World) -> None:
    world.grant("mailbox-migration", 5)
    project = world.project()
    body = {"service": "mailbox-migration", "pass": "full", "items": [{"item_id": "box-0"}]}
    first = world.call("POST", f"projects/{project}/runs", json=body, key="one")

    again = world.start(project, key="one")  # says "licenses": 1

    assert again.body == first.body


def test_an_absent_project_is_not_found_before_anything_else(world: World) -> None:
    absent = world.project()[:-4] + "0000"

    for project in (absent, "prj_x", "prj_" + "G" * 32, "%2e%2e"):
        for service in ("mailbox-migration", "gardening"):
            answer = world.start(project, service=service)
            assert (answer.status, answer.slug) == (404, "not-found"), project


@pytest.mark.parametrize("state", [ProjectState.RETIRED, ProjectState.CLOSED, ProjectState.REMOVED])
def test_an_ended_project_is_told_before_a_lack_of_licenses(world: World, state: ProjectState) -> None:
    project = world.project()
    set_project(world, project, state=state)
    world.sound = state is not ProjectState.RETIRED  # by hand: it had no success

    answer = world.start(project)

    assert (answer.status, answer.slug, answer.body["state"]) == (409, "project-not-active", state)


def test_an_ended_project_takes_no_start_although_there_are_licenses(world: World) -> None:
    pack = world.grant("mailbox-migration", 5)
    project = world.project()
    set_project(world, project, state=ProjectState.CLOSED)

    assert world.start(project).slug == "project-not-active"
    assert world.pack(pack)["in_runs"] == 0


def test_an_item_takes_at_most_as_many_licenses_as_its_project_allows(world: World) -> None:
    world.grant("mailbox-migration", 5)
    project = world.project(max_licenses_per_item=2)

    answer = world.start(project, licenses=3)

    assert (answer.status, answer.slug, answer.body["maximum"]) == (422, "too-many-licenses-for-item", 2)
    assert world.start(project, licenses=2).status == 201


def test_a_start_over_too_many_packs_says_how_many_items_would_do(world: World) -> None:
    for _ in range(60):
        world.grant("mailbox-migration", 1)
    project = world.project()

    answer = world.start(project, 60)

    assert (answer.status, answer.slug, answer.body["items_max"]) == (409, "start-too-scattered", 49)
    assert world.start(project, 49).status == 201


def test_98_runs_on_one_pack_are_one_start(world: World) -> None:
    pack = world.grant("mailbox-migration", 98)
    project = world.project()

    assert len(world.started(project, 98)) == 98

    assert world.pack(pack)["state"] == "exhausted"
    assert world.start(project).status == 402


def test_a_license_that_must_be_assigned_first_is_told_to_who_names_the_user(world: World) -> None:
    world.grant("user-migration-bundle", 4)
    project = world.project()
    items = [{"item_id": "box", "user": " Ada@Northwind.example"}]

    answer = world.start(project, items=items)

    assert (answer.status, answer.slug) == (409, "assignment-required")
    told = {name: answer.body[name] for name in ("sku", "available", "user")}
    assert told == {"sku": "user-migration-bundle", "available": 4, "user": "ada@northwind.example"}


def test_who_names_no_user_is_told_to_buy_although_a_bundle_is_in_stock(world: World) -> None:
    world.grant("user-migration-bundle", 4)

    assert world.start(world.project()).status == 402


def test_a_service_that_is_only_assigned_needs_the_user(world: World) -> None:
    project = world.project()
    items = [{"item_id": "a", "user": "ada@northwind.example"}, {"item_id": "b"}]

    answer = world.start(project, service="health-check", items=items)

    assert (answer.status, answer.slug) == (422, "invalid-request")
    assert [error["pointer"] for error in answer.body["errors"]] == ["/items/1/user"]


def test_a_service_that_is_only_assigned_is_bought_as_its_cheapest_type(world: World) -> None:
    items = [{"item_id": "a", "user": "ada@northwind.example"}]

    answer = world.start(world.project(), service="health-check", items=items)

    assert (answer.status, answer.body["sku"]) == (402, "device-management")
    assert lines(answer.body["purchase"]["lines"]) == [("device-management", 1)]


def test_another_workgroups_licenses_are_not_taken(world: World) -> None:
    world.grant("mailbox-migration", 5, wg=CONTOSO)

    assert world.start(world.project()).status == 402


def test_a_lease_is_capped_by_the_expiry_of_its_pack_and_a_day(world: World) -> None:
    world.grant("mailbox-migration", 1, acquired=instants.plus_months(START, -12).replace(hour=4))
    project = world.project()  # the pack expires in an hour

    (run,) = world.start(project, lease_seconds=86_400).body["runs"]
    assert run["lease_expires_at"] == "2026-11-25T03:00:00Z"

    world.clock.advance(hours=20)
    answer = world.call("POST", f"projects/{project}/runs/{run['run_id']}/heartbeat", json={"lease_seconds": 86_400})
    assert answer.body["lease_expires_at"] == "2026-11-25T04:00:00Z"


def test_a_platform_worker_starts_runs_in_every_workgroup(world: World) -> None:
    world.grant("mailbox-migration", 1)
    project = world.project()
    body = {"service": "mailbox-migration", "pass": "full", "items": [{"item_id": "box"}]}

    answer = world.call("POST", f"projects/{project}/runs", "platform", json=body, key="one")

    assert answer.status == 201
    run = answer.body["runs"][0]["run_id"]
    assert world.call("GET", f"projects/{project}/runs/{run}", "platform").status == 200
    assert world.call("GET", f"projects/{project}/runs", "platform").status == 200
    assert world.call("GET", "packs", "platform").status == 403

"""Coverage: who asks what a run needs is told what its start would do."""

from typing import Any

import pytest

from packhouse.consumption import entitling
from packhouse.domain import instants
from packhouse.domain.packs import PackState
from packhouse.store import keys
from tests.harness.world import CONTOSO, NORTHWIND, START, World, lines

MAIL, BUNDLE = "mailbox-migration", "user-migration-bundle"
ADA, MAX = "ada@northwind.example", "max@northwind.example"


def coverage(world: World, query: str = f"service={MAIL}&user={ADA}") -> dict[str, Any]:
    answer = world.call("GET", f"coverage?{query}")
    assert answer.status == 200, answer
    body: dict[str, Any] = answer.body
    return body


def counted(world: World, *items: dict[str, Any], service: str = MAIL) -> dict[str, Any]:
    answer = world.call("POST", "coverage", json={"service": service, "items": list(items)})
    assert answer.status == 200, answer
    body: dict[str, Any] = answer.body
    return body


def present(counts: dict[str, int]) -> dict[str, int]:
    return {decision: count for decision, count in counts.items() if count}


def box(number: int, user: str | None = ADA, licenses: int = 1) -> dict[str, Any]:
    return {"item_id": f"box-{number}", "licenses": licenses, **({"user": user} if user else {})}


def need(user: str | None = ADA, licenses: int = 1) -> dict[str, Any]:
    return {"licenses": licenses, **({"user": user} if user else {})}


def test_an_entitlement_covers(world: World) -> None:
    entitlement = world.entitle(ADA)
    world.grant(MAIL, 3)

    assert coverage(world) == {
        "decision": "covered",
        "sku": BUNDLE,
        "needed": 0,
        "available": 3,
        "entitlement": entitlement,
    }


def test_else_a_license_in_stock_is_taken(world: World) -> None:
    world.grant(MAIL, 3)
    world.grant(BUNDLE, 2)

    assert coverage(world, f"service={MAIL}&user={ADA}&licenses=3") == {
        "decision": "license_available",
        "sku": MAIL,
        "needed": 3,
        "available": 3,
        "assignable": {"sku": BUNDLE, "available": 2},
    }


def test_else_a_license_must_be_assigned(world: World) -> None:
    world.grant(MAIL, 1)
    world.grant(BUNDLE, 2)

    assert coverage(world, f"service={MAIL}&user={ADA}&licenses=2") == {
        "decision": "assignment_required",
        "sku": BUNDLE,
        "needed": 1,
        "available": 1,
        "assignable": {"sku": BUNDLE, "available": 2},
    }


def test_else_it_says_what_to_buy(world: World) -> None:
    world.grant(MAIL, 1)

    assert coverage(world, f"service={MAIL}&licenses=3") == {
        "decision": "purchase_required",
        "sku": MAIL,
        "needed": 3,
        "available": 1,
        "purchase": {
            "lines": [{"sku": MAIL, "quantity": 2}],
            "total": {"amount": 2400, "currency": "usd"},
        },
    }


def test_who_names_no_user_is_not_told_to_assign(world: World) -> None:
    world.grant(BUNDLE, 2)

    assert coverage(world, f"service={MAIL}")["decision"] == "purchase_required"


def test_a_service_that_is_only_assigned_is_bought_as_its_cheapest_type_and_by_the_user(world: World) -> None:
    found = coverage(world, f"service=health-check&user={ADA}&licenses=7")

    assert (found["decision"], found["sku"], found["needed"]) == ("purchase_required", "device-management", 1)
    assert lines(found["purchase"]["lines"]) == [("device-management", 1)]


def test_a_service_that_is_only_assigned_is_asked_for_with_the_user(world: World) -> None:
    alone = world.call("GET", "coverage?service=health-check")
    many = world.call("POST", "coverage", json={"service": "health-check", "items": [{"user": ADA}, {}, {}]})

    for answer, pointers in ((alone, ["/user"]), (many, ["/items/1/user", "/items/2/user"])):
        assert (answer.status, answer.slug) == (422, "invalid-request")
        detail = "health-check needs a license assigned to the user: name the user."
        assert answer.body["errors"] == [{"pointer": pointer, "detail": detail} for pointer in pointers]


def test_a_service_that_nothing_covers_is_told(world: World) -> None:
    for answer in (
        world.call("GET", "coverage?service=gardening"),
        world.call("POST", "coverage", json={"service": "gardening", "items": [{}]}),
    ):
        assert (answer.status, answer.slug, answer.body["service"]) == (422, "service-not-covered", "gardening")


@pytest.mark.parametrize("state", [PackState.FROZEN, PackState.REFUND_PENDING])
def test_only_what_could_be_taken_now_counts(world: World, state: PackState) -> None:
    world.grant(MAIL, 5, acquired=instants.plus_months(START, -24))
    world.grant(MAIL, 5, wg=CONTOSO)
    frozen = world.grant(MAIL, 5)
    world.edit(keys.pack(NORTHWIND, frozen.pack_id), state=state)

    found = coverage(world)

    assert (found["decision"], found["available"]) == ("purchase_required", 0)


def test_many_are_counted_as_one_start_of_all_of_them_would_go(world: World) -> None:
    world.entitle(ADA)
    world.grant(MAIL, 3)
    world.grant(BUNDLE, 1)

    found = counted(
        world, need(ADA), need(ADA), need(MAX), need(None, 2), need(MAX), need(MAX), need(None), need("zoe")
    )

    assert present(found["decisions"]) == {
        "covered": 2,
        "license_available": 2,
        "assignment_required": 2,  # both of Max: one assignment
        "purchase_required": 2,
    }
    assert found["missing"] == 2
    assert lines(found["purchase"]["lines"]) == [(MAIL, 2)]


def test_every_decision_is_counted_although_it_is_none(world: World) -> None:
    world.grant(MAIL, 3)

    found = counted(world, need(None))

    assert found == {
        "decisions": {"covered": 0, "license_available": 1, "assignment_required": 0, "purchase_required": 0},
        "missing": 0,
    }


def test_500_items_of_500_users_are_asked_for_at_once_and_no_more(world: World) -> None:
    world.entitle("user-499")
    world.grant(MAIL, 400)
    items = [{"user": f"user-{number}"} for number in range(500)]

    found = counted(world, *items)
    many = world.call("POST", "coverage", json={"service": MAIL, "items": [*items, {}]})

    assert present(found["decisions"]) == {"covered": 1, "license_available": 400, "purchase_required": 99}
    assert found["missing"] == 99
    assert many.slug == "invalid-request"


@pytest.mark.parametrize("items", [[], [{"licenses": 0}], [{"licenses": 101}], [{"licenses": "1"}], [{"users": "a"}]])
def test_what_cannot_be_asked_is_refused(world: World, items: list[dict[str, Any]]) -> None:
    assert world.call("POST", "coverage", json={"service": MAIL, "items": items}).slug == "invalid-request"


@pytest.mark.parametrize("query", ["", "service=", f"service={MAIL}&licenses=0", f"service={MAIL}&licenses=x"])
def test_a_question_that_cannot_be_is_refused(world: World, query: str) -> None:
    assert world.call("GET", f"coverage?{query}").slug == "invalid-request"


def test_the_lines_are_what_a_cart_takes_and_after_buying_them_everything_starts(world: World) -> None:
    world.entitle(ADA)
    world.grant(MAIL, 1)
    project = world.project()
    items = [box(0), box(1, MAX), box(2, None), box(3, MAX), box(4, ADA)]
    found = counted(world, *({key: value for key, value in item.items() if key != "item_id"} for item in items))
    refused = world.start(project, items=items, key="one")
    assert refused.status == 402
    assert refused.body["purchase"] == found["purchase"]

    for line in found["purchase"]["lines"]:
        world.grant(line["sku"], line["quantity"])
    answer = world.start(project, items=items, key="one")

    assert answer.status == 201
    assert [run["coverage"] for run in answer.body["runs"]] == ["covered", *["licensed"] * 3, "covered"]


def test_a_covered_run_holds_nothing_and_has_no_lease(world: World) -> None:
    world.entitle(ADA)
    world.grant(MAIL, 1)
    project = world.project()

    answer = world.start(project, items=[box(0)], lease_seconds=60)

    (run,) = answer.body["runs"]
    assert run == {
        "run_id": run["run_id"],
        "project_id": project,
        "item_id": "box-0",
        "user": ADA,
        "service": MAIL,
        "sku": BUNDLE,
        "pass": "full",
        "coverage": "covered",
        "state": "covered",
        "licenses": 0,
        "allocations": [],
        "started_at": "2026-11-24T03:00:00Z",
        "started_by": run["started_by"],
        "error_count": 0,
    }
    world.clock.advance(days=40)
    beat = world.call("POST", f"projects/{project}/runs/{run['run_id']}/heartbeat", json={"lease_seconds": 60})
    assert (beat.status, beat.body) == (200, run)
    assert coverage(world)["available"] == 1


@pytest.mark.parametrize("outcome", ["succeeded", "failed", "stopped"])
@pytest.mark.parametrize("batch", [False, True])
def test_a_covered_run_ends_once_and_is_covered_still(world: World, outcome: str, batch: bool) -> None:
    world.entitle(ADA)
    project = world.project()
    (run,) = world.started(project, items=[box(0)])
    world.clock.advance(minutes=1)

    def settle(outcome: str) -> tuple[str, dict[str, Any]]:
        if not batch:
            answer = world.settle(project, run, outcome)
            return answer.slug if answer.status != 200 else "", answer.body
        settlements = {"settlements": [{"run_id": run, "outcome": outcome}]}
        (result,) = world.call("POST", f"projects/{project}/runs/settle", json=settlements).body["results"]
        problem = result.get("problem")
        return (problem["type"].rpartition("/")[2], problem) if problem else ("", result["run"])

    ended, again = settle(outcome), settle(outcome)
    other, _ = settle("stopped" if outcome == "failed" else "failed")

    assert ended == again
    assert {name: ended[1][name] for name in ("state", "outcome", "settled_at")} == {
        "state": "covered",
        "outcome": outcome,
        "settled_at": "2026-11-24T03:01:00Z",
    }
    assert "licenses_used" not in ended[1]
    assert other == "run-already-settled"
    beat = world.call("POST", f"projects/{project}/runs/{run}/heartbeat", json={"lease_seconds": 60})
    assert beat.slug == "run-already-settled"


def test_a_covered_run_cannot_use_licenses(world: World) -> None:
    world.entitle(ADA)
    project = world.project()
    (run,) = world.started(project, items=[box(0)])

    answer = world.settle(project, run, licenses_used=1)

    assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, "/licenses_used")


def test_covered_runs_are_listed_as_open_until_they_are_settled(world: World) -> None:
    world.entitle(ADA)
    project = world.project()
    one, two = world.started(project, items=[box(0), box(1)])
    world.settle(project, one, errors=["mail-1"])

    def listed(query: str) -> list[str]:
        return [run["run_id"] for run in world.call("GET", f"projects/{project}/runs?{query}").body["items"]]

    assert listed("open=true&state=covered") == [two]
    assert listed("open=false") == [one]
    assert world.call("GET", f"projects/{project}/runs/{one}").body["errors"] == ["mail-1"]


def test_a_replay_tells_covered_runs_as_they_were_started_whatever_became_of_them(world: World) -> None:
    pack = world.grant(BUNDLE, 1)
    world.entitlement("PUT", ADA)
    project = world.project()
    first = world.start(project, items=[box(0), box(1)], key="one")
    world.settle(project, first.body["runs"][0]["run_id"], errors=["mail-1"])
    world.clock.now = pack.expires_at

    again = world.start(project, items=[box(0), box(1)], key="one")

    assert (again.status, again.body) == (201, first.body)
    assert again.headers["idempotent-replayed"] == "true"
    assert world.start(project, items=[box(0)], key="two").status == 402


def test_98_users_of_98_entitlements_are_more_than_one_start(world: World) -> None:
    world.grant(BUNDLE, 98)
    users = [f"user-{number}" for number in range(98)]
    for user in users[:60]:
        world.entitlement("PUT", user)
    project = world.project()
    items = [box(number, user) for number, user in enumerate(users[:60])]

    scattered = world.start(project, items=items)

    assert (scattered.status, scattered.slug, scattered.body["items_max"]) == (409, "start-too-scattered", 49)
    assert world.start(project, items=items[:49]).status == 201
    assert world.start(project, items=items).status == 201  # 49 of them are used already


def test_an_assignment_that_is_missing_is_told_before_a_purchase(world: World) -> None:
    world.grant(BUNDLE, 1)

    answer = world.start(world.project(), items=[box(0, None), box(1, MAX), box(2, "zoe")])

    assert (answer.status, answer.slug, answer.body["user"]) == (409, "assignment-required", MAX)


def test_an_absent_or_ended_project_is_told_before_what_coverage_lacks(world: World) -> None:
    world.grant(BUNDLE, 1)
    project = world.project()
    world.edit(keys.project(NORTHWIND, project), state="closed")

    assert world.start(project, items=[box(0)]).slug == "project-not-active"
    assert world.start(project[:-4] + "0000", items=[box(0)]).slug == "not-found"


def test_what_is_bought_while_the_refusal_is_looked_up_is_taken(world: World) -> None:
    """The second look, at what could be assigned, finds licenses that the first one didn't."""
    project = world.project()
    queries = iter(range(100))

    def bought(**_: object) -> None:
        if next(queries) == 1:
            world.grant(MAIL, 1)

    world.client.meta.events.register_first("before-call.dynamodb.Query", bought)
    answer = world.start(project)

    assert answer.status == 201


def test_an_entitlement_that_is_withdrawn_during_the_start_covers_nothing(world: World) -> None:
    world.entitle(ADA)
    project = world.project()
    transactions = iter(range(100))

    def withdrawn(**_: object) -> None:
        if next(transactions) == 0:
            entitling.withdraw(world.stamped(), NORTHWIND, ADA, BUNDLE)

    world.client.meta.events.register_first("before-call.dynamodb.TransactWriteItems", withdrawn)
    answer = world.start(project, items=[box(0)])

    assert (answer.status, answer.slug) == (409, "assignment-required")

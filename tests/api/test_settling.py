from typing import Any

import pytest

from packhouse.domain import instants
from packhouse.domain.packs import PackState
from packhouse.store import keys
from packhouse.store.table import same_as
from tests.harness.world import NORTHWIND, START, World


@pytest.fixture
def project(world: World) -> str:
    world.grant("mailbox-migration", 10)
    return world.project(max_licenses_per_item=5)


def in_stock(world: World) -> tuple[int, int]:
    (line,) = (
        line for line in world.call("GET", "balance").body["license_types"] if line["sku"] == "mailbox-migration"
    )
    return line["available"], line["in_runs"]


def test_success_consumes(world: World, project: str) -> None:
    (run,) = world.started(project, licenses=2)
    world.clock.advance(minutes=5)

    answer = world.settle(project, run)

    assert answer.status == 200
    ended = {name: answer.body[name] for name in ("state", "outcome", "licenses", "licenses_used", "settled_at")}
    assert ended == {
        "state": "consumed",
        "outcome": "succeeded",
        "licenses": 2,
        "licenses_used": 2,
        "settled_at": "2026-11-24T03:05:00Z",
    }
    assert "lease_expires_at" not in answer.body
    assert in_stock(world) == (8, 2)


@pytest.mark.parametrize("outcome", ["failed", "stopped"])
def test_failure_and_stop_give_back(world: World, project: str, outcome: str) -> None:
    (run,) = world.started(project, licenses=2)

    answer = world.settle(project, run, outcome)

    assert (answer.body["state"], answer.body["outcome"]) == ("released", outcome)
    assert "licenses_used" not in answer.body
    assert in_stock(world) == (10, 0)


def test_fewer_licenses_may_be_used_than_were_held(world: World) -> None:
    soon = world.grant("mailbox-migration", 2, acquired=instants.plus_months(START, -1))
    late = world.grant("mailbox-migration", 5)
    project = world.project(max_licenses_per_item=5)
    (run,) = world.started(project, licenses=4)

    answer = world.settle(project, run, licenses_used=3)

    assert (answer.body["licenses"], answer.body["licenses_used"]) == (4, 3)
    assert [world.pack(pack)["in_runs"] for pack in (soon, late)] == [2, 1]


def test_more_licenses_than_were_held_cannot_be_used(world: World, project: str) -> None:
    (run,) = world.started(project)

    answer = world.settle(project, run, licenses_used=2)

    assert (answer.status, answer.slug) == (422, "invalid-request")
    assert answer.body["errors"] == [{"pointer": "/licenses_used", "detail": "The run holds 1."}]
    assert world.settle(project, run, licenses_used=1).status == 200


def test_more_licenses_than_were_held_are_refused_alike_among_others(world: World, project: str) -> None:
    (run,) = world.started(project)
    alone = world.settle(project, run, licenses_used=2).body

    settlements = [{"run_id": run, "outcome": "succeeded", "licenses_used": 2}]
    answer = world.call("POST", f"projects/{project}/runs/settle", json={"settlements": settlements})

    (result,) = answer.body["results"]
    assert result == {
        "run_id": run,
        "status": "refused",
        "problem": {**alone, "instance": result["problem"]["instance"]},
    }


@pytest.mark.parametrize(
    "settlement",
    [
        {"outcome": "succeeded"},
        {"outcome": "succeeded", "licenses_used": 1},
        {"outcome": "succeeded", "errors": ["mail-1", "mail-2"]},
        {"outcome": "succeeded", "error_count": 7},
        {"outcome": "failed"},
        {"outcome": "stopped", "errors": ["mail-1"], "error_count": 9},
    ],
)
def test_the_same_settlement_again_has_the_same_answer(world: World, project: str, settlement: Any) -> None:
    (run,) = world.started(project, licenses=2)
    path = f"projects/{project}/runs/{run}"
    first = world.call("POST", f"{path}/settle", json=settlement)
    world.clock.advance(days=40)

    again = world.call("POST", f"{path}/settle", json=settlement)

    assert (again.status, again.body) == (200, first.body)
    assert world.call("GET", path).body == first.body


@pytest.mark.parametrize(
    "other",
    [
        {"outcome": "failed"},
        {"outcome": "succeeded", "licenses_used": 1},
        {"outcome": "succeeded", "errors": ["mail-1"]},
        {"outcome": "succeeded", "errors": ["mail-1", "mail-3"]},
        {"outcome": "succeeded", "error_count": 2},
        {"outcome": "succeeded", "licenses_used": 5},
    ],
)
def test_another_settlement_is_refused_and_told_how_the_run_ended(world: World, project: str, other: Any) -> None:
    (run,) = world.started(project, licenses=2)
    first = world.settle(project, run, errors=["mail-1", "mail-2"])
    stock = in_stock(world)

    answer = world.call("POST", f"projects/{project}/runs/{run}/settle", json=other)

    assert (answer.status, answer.slug) == (409, "run-already-settled")
    assert answer.body["run"] == first.body
    assert in_stock(world) == stock


def test_the_same_errors_in_another_order_are_the_same_settlement(world: World, project: str) -> None:
    (run,) = world.started(project)
    first = world.settle(project, run, errors=["mail-1", "mail-2"])

    again = world.settle(project, run, errors=["mail-2", "mail-1"])

    assert (again.status, again.body) == (200, first.body)


def test_the_errors_left_are_told_in_the_answer_and_in_the_run(world: World, project: str) -> None:
    (run,) = world.started(project)

    answer = world.settle(project, run, errors=["b", "a"], error_count=12)

    assert (answer.body["errors"], answer.body["error_count"]) == (["b", "a"], 12)
    shown = world.call("GET", f"projects/{project}/runs/{run}").body
    assert shown == answer.body
    (listed,) = world.call("GET", f"projects/{project}/runs").body["items"]
    assert "errors" not in listed


def test_a_settlement_after_the_lease_has_ended_is_refused(world: World, project: str) -> None:
    (run,) = world.started(project, lease_seconds=60)
    world.clock.advance(seconds=60)

    for outcome in ("succeeded", "failed"):
        answer = world.settle(project, run, outcome)
        assert (answer.status, answer.slug) == (409, "lease-ended")
        assert answer.body["returned_at"] == "2026-11-24T03:01:00Z"

    shown = world.call("GET", f"projects/{project}/runs/{run}").body
    assert shown["state"] == "lapsed"
    assert world.call("GET", f"projects/{project}/runs?open=true").body["items"] == []
    assert len(world.call("GET", f"projects/{project}/runs?state=lapsed").body["items"]) == 1


def test_a_settlement_in_the_last_second_of_the_lease_counts(world: World, project: str) -> None:
    (run,) = world.started(project, lease_seconds=60)
    world.clock.advance(seconds=59)

    assert world.settle(project, run).status == 200


def test_a_release_after_the_packs_expiry_goes_to_expired(world: World) -> None:
    pack = world.grant("mailbox-migration", 3, acquired=instants.plus_months(START, -12).replace(hour=4))
    project = world.project()
    (run,) = world.started(project)
    world.clock.advance(hours=2)  # the pack expired an hour ago; the lease runs on

    assert world.settle(project, run, "failed").status == 200

    item = world.item(keys.pack(NORTHWIND, pack.pack_id))
    assert item is not None
    assert (item["available"], item["expired"]) == (2, 1)


def test_a_release_to_a_revoked_pack_goes_to_revoked(world: World) -> None:
    pack = world.grant("mailbox-migration", 3)
    project = world.project()
    (run,) = world.started(project)
    world.edit(keys.pack(NORTHWIND, pack.pack_id), state=PackState.REVOKED, revoked=same_as("available"), available=0)

    assert world.settle(project, run, "failed").status == 200

    item = world.item(keys.pack(NORTHWIND, pack.pack_id))
    assert item is not None
    assert (item["available"], item["revoked"]) == (0, 3)
    assert world.pack(pack)["state"] == "revoked"


def test_an_absent_run_is_not_found(world: World, project: str) -> None:
    (run,) = world.started(project)
    absent = run[:-4] + "0000"

    for outcome in ("succeeded", "failed"):
        for name in (absent, "run_x", "settlement"):
            assert world.settle(project, name, outcome).slug == "not-found"
    assert world.call("GET", f"projects/{project}/runs/{absent}").slug == "not-found"


def test_a_run_of_another_project_is_not_found(world: World, project: str) -> None:
    (run,) = world.started(project)
    other = world.project()

    assert world.settle(other, run).slug == "not-found"
    assert world.call("GET", f"projects/{other}/runs/{run}").slug == "not-found"


def settle_runs(world: World, project: str, *settlements: dict[str, Any]) -> Any:
    answer = world.call("POST", f"projects/{project}/runs/settle", json={"settlements": settlements})
    assert answer.status == 200, answer
    return answer.body["results"]


def test_a_batch_settles_each_run_on_its_own(world: World, project: str) -> None:
    done, failed, late, again = world.started(project, 4)
    world.settle(project, again)
    world.settle(project, late, "failed")
    absent = done[:-4] + "0000"

    results = settle_runs(
        world,
        project,
        {"run_id": done, "outcome": "succeeded"},
        {"run_id": failed, "outcome": "failed"},
        {"run_id": late, "outcome": "succeeded"},
        {"run_id": again, "outcome": "succeeded"},
        {"run_id": absent, "outcome": "succeeded"},
        {"run_id": "nonsense", "outcome": "stopped"},
    )

    assert [result["status"] for result in results] == [
        "settled", "settled", "refused", "unchanged", "refused", "refused",
    ]  # fmt: skip
    assert [result["run_id"] for result in results] == [done, failed, late, again, absent, "nonsense"]
    assert results[0]["run"]["state"] == "consumed"
    assert results[2]["problem"]["type"].endswith("/run-already-settled")
    assert results[2]["problem"]["run"]["state"] == "released"
    assert results[4]["problem"]["status"] == 404
    assert in_stock(world) == (8, 2)


def test_a_batch_settled_again_is_unchanged(world: World, project: str) -> None:
    one, two = world.started(project, 2)
    body = ({"run_id": one, "outcome": "succeeded"}, {"run_id": two, "outcome": "stopped", "errors": ["x"]})
    first = settle_runs(world, project, *body)

    again = settle_runs(world, project, *body)

    assert [result["status"] for result in again] == ["unchanged", "unchanged"]
    assert [result["run"] for result in again] == [result["run"] for result in first]


def test_runs_of_one_pack_given_back_in_one_request_are_journaled_one_by_one(world: World, project: str) -> None:
    runs = world.started(project, 3)

    settle_runs(world, project, *({"run_id": run, "outcome": "failed"} for run in runs))

    world.pump()
    entries = [entry for entry in world.entries() if entry.kind == "pack.changed"]
    assert len(entries) == 1 + 3
    assert in_stock(world) == (10, 0)


def test_a_batch_of_an_absent_project_is_not_found(world: World, project: str) -> None:
    (run,) = world.started(project)
    absent = project[:-4] + "0000"

    for name in (absent, "prj_x"):
        path = f"projects/{name}/runs"
        settled = world.call("POST", f"{path}/settle", json={"settlements": [{"run_id": run, "outcome": "failed"}]})
        assert settled.slug == "not-found"
        extended = world.call("POST", f"{path}/heartbeat", json={"run_ids": [run], "lease_seconds": 60})
        assert extended.slug == "not-found"


def test_a_heartbeat_moves_the_end_of_the_lease_and_never_back(world: World, project: str) -> None:
    (run,) = world.started(project, lease_seconds=60)
    path = f"projects/{project}/runs/{run}/heartbeat"
    world.clock.advance(seconds=30)

    later = world.call("POST", path, json={"lease_seconds": 600})
    earlier = world.call("POST", path, json={"lease_seconds": 60})

    assert later.body["lease_expires_at"] == "2026-11-24T03:10:30Z"
    assert earlier.body["lease_expires_at"] == "2026-11-24T03:10:30Z"
    assert later.body["state"] == "held"


def test_a_heartbeat_cannot_keep_a_run_alive_past_30_days(world: World, project: str) -> None:
    (run,) = world.started(project, lease_seconds=86_400)
    path = f"projects/{project}/runs/{run}/heartbeat"
    for _ in range(29):
        world.clock.advance(hours=23, minutes=59)
        answer = world.call("POST", path, json={"lease_seconds": 86_400})
        assert answer.status == 200

    world.clock.advance(hours=23)
    answer = world.call("POST", path, json={"lease_seconds": 86_400})

    assert answer.body["lease_expires_at"] == "2026-12-24T03:00:00Z"


def test_a_heartbeat_of_a_run_that_has_ended_says_how(world: World, project: str) -> None:
    lapsed, settled = world.started(project, 2, lease_seconds=60)
    ended = world.settle(project, settled)
    world.clock.advance(seconds=61)

    late = world.call("POST", f"projects/{project}/runs/{lapsed}/heartbeat", json={"lease_seconds": 600})
    over = world.call("POST", f"projects/{project}/runs/{settled}/heartbeat", json={"lease_seconds": 600})

    assert (late.status, late.slug, late.body["returned_at"]) == (409, "lease-ended", "2026-11-24T03:01:00Z")
    assert (over.status, over.slug, over.body["run"]) == (409, "run-already-settled", ended.body)


def test_a_batch_of_heartbeats_answers_run_by_run(world: World, project: str) -> None:
    one, two = world.started(project, 2)
    world.settle(project, two)

    answer = world.call(
        "POST", f"projects/{project}/runs/heartbeat", json={"run_ids": [two, one], "lease_seconds": 80_000}
    )

    refused, extended = answer.body["results"]
    assert (refused["run_id"], refused["status"]) == (two, "refused")
    assert refused["problem"]["type"].endswith("/run-already-settled")
    assert (extended["run_id"], extended["status"]) == (one, "extended")
    assert extended["run"]["lease_expires_at"] == "2026-11-25T01:13:20Z"


def test_heartbeats_alone_make_no_journal_entry(world: World, project: str) -> None:
    (run,) = world.started(project)
    world.pump()
    before = len(world.entries())

    world.call("POST", f"projects/{project}/runs/{run}/heartbeat", json={"lease_seconds": 80_000})

    world.pump()
    assert len(world.entries()) == before

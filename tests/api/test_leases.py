"""Leases: how long they are if nobody says, what caps them, and what reads as lapsed before a sweep has booked it."""

from datetime import timedelta
from typing import Any

import pytest

from packhouse.catalog import catalog
from packhouse.domain import instants
from packhouse.store import keys
from tests.harness.gateway import context, handler_of
from tests.harness.memory import forget
from tests.harness.world import NORTHWIND, START, World

SPENT = sorted(
    {(service, kind.sku) for kind in catalog() for service in kind.services if catalog().spent_by(service) is kind}
)


def beat(world: World, project: str, run: str, lease_seconds: int) -> Any:
    return world.call("POST", f"projects/{project}/runs/{run}/heartbeat", json={"lease_seconds": lease_seconds})


@pytest.mark.parametrize(("service", "sku"), SPENT)
def test_a_lease_is_as_long_as_the_catalog_says_for_the_service(world: World, service: str, sku: str) -> None:
    world.grant(sku, 1)

    (run,) = world.start(world.project(), service=service).body["runs"]

    assert run["lease_expires_at"] == instants.text(START + timedelta(seconds=catalog().of(sku).lease_seconds_default))


@pytest.mark.parametrize(
    ("hours", "ends"), [("24", "2026-11-25T03:00:00Z"), ("2", "2026-11-24T06:00:00Z"), ("0", "2026-11-24T04:00:00Z")]
)
def test_a_lease_ends_at_most_so_long_after_its_pack_as_the_policy_says(
    world: World, monkeypatch: pytest.MonkeyPatch, hours: str, ends: str
) -> None:
    monkeypatch.setenv("LEASE_HOURS_AFTER_PACK_EXPIRY", hours)
    forget()
    world.grant("mailbox-migration", 1, acquired=instants.plus_months(START, -12).replace(hour=4))

    (run,) = world.start(world.project(), lease_seconds=86_400).body["runs"]

    assert run["lease_expires_at"] == ends


def test_the_soonest_of_its_packs_caps_a_lease(world: World) -> None:
    world.grant("mailbox-migration", 1, acquired=instants.plus_months(START, -12).replace(hour=4))
    world.grant("mailbox-migration", 1)
    project = world.project(max_licenses_per_item=2)
    (run,) = world.started(project, licenses=2)
    world.clock.advance(hours=5)

    assert beat(world, project, run, 86_400).body["lease_expires_at"] == "2026-11-25T04:00:00Z"


def test_a_run_lives_as_many_days_as_the_policy_says_whatever_its_heartbeats(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUN_DAYS_MAX", "1")
    forget()
    world.grant("mailbox-migration", 1)
    project = world.project()
    (run,) = world.started(project)
    world.clock.advance(hours=1)

    first, again = beat(world, project, run, 86_400), beat(world, project, run, 86_400)

    assert first.body["lease_expires_at"] == again.body["lease_expires_at"] == "2026-11-25T03:00:00Z"
    world.clock.advance(hours=23)
    assert beat(world, project, run, 60).slug == "lease-ended"


def test_a_batch_of_heartbeats_says_of_each_run_whether_it_lives_on_and_where_its_licenses_went(world: World) -> None:
    pack = world.grant("mailbox-migration", 4)
    project = world.project()
    (short,) = world.started(project, lease_seconds=60)
    (lapsed,) = world.started(project, lease_seconds=60)
    (long,) = world.started(project, lease_seconds=3600)
    beat(world, project, short, 600)
    world.clock.advance(minutes=1)
    absent = long[:-4] + "0000"

    body = {"run_ids": [long, lapsed, absent, short], "lease_seconds": 1200}
    results = world.call("POST", f"projects/{project}/runs/heartbeat", json=body).body["results"]

    assert [one["status"] for one in results] == ["extended", "refused", "refused", "extended"]
    assert results[0]["run"]["lease_expires_at"] == "2026-11-24T04:00:00Z"  # never back
    assert results[1]["problem"]["type"].endswith("/lease-ended")
    assert results[1]["problem"]["returned_at"] == "2026-11-24T03:01:00Z"
    assert results[1]["problem"]["returned_to"] == [{"pack_id": pack.pack_id, "quantity": 1}]
    assert results[2]["problem"]["status"] == 404
    assert results[3]["run"]["lease_expires_at"] == "2026-11-24T03:21:00Z"


def test_a_batch_of_settlements_says_of_a_lapsed_run_where_its_licenses_went(world: World) -> None:
    pack = world.grant("mailbox-migration", 2)
    project = world.project()
    one, two = world.started(project, 2, lease_seconds=60)
    world.clock.advance(minutes=1)

    settlements = [{"run_id": one, "outcome": "succeeded"}, {"run_id": two, "outcome": "failed"}]
    results = world.call("POST", f"projects/{project}/runs/settle", json={"settlements": settlements}).body["results"]

    assert [result["status"] for result in results] == ["refused", "refused"]
    for result in results:
        assert result["problem"]["type"].endswith("/lease-ended")
        assert result["problem"]["returned_to"] == [{"pack_id": pack.pack_id, "quantity": 1}]


def test_a_lapsed_hold_reads_the_same_before_and_after_the_sweep_has_booked_it(world: World) -> None:
    world.grant("mailbox-migration", 2)
    project = world.project()
    lapsed, held = world.started(project, 2, lease_seconds=60)
    beat(world, project, held, 600)
    world.clock.advance(minutes=1)
    paths = [
        f"projects/{project}/runs{query}"
        for query in ("", f"/{lapsed}", "?open=true", "?open=false", "?state=held", "?state=lapsed", "?item_id=box-0")
    ]
    before = [world.call("GET", path).body for path in paths]

    handler_of("SweepFunction")({"job": "sweep"}, context())

    item = world.item(keys.run(NORTHWIND, project, lapsed))
    assert item is not None
    assert item["state"] == "lapsed"
    assert [world.call("GET", path).body for path in paths] == before
    assert before[1]["state"] == "lapsed"
    assert "lease_expires_at" not in before[1]
    shown = [[run["run_id"] for run in body["items"]] for body in (before[2], before[3], before[4], before[5])]
    assert shown == [[held], [lapsed], [held], [lapsed]]

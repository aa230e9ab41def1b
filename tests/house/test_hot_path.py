"""The hot path's costs, exactly as docs/data-model.md lists them: round trips, write units, index units."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from packhouse.domain import instants
from packhouse.store import keys, queues
from tests.harness.gateway import context, handler_of
from tests.harness.meter import Bill, metered, size
from tests.harness.sweeping import QUEUES
from tests.harness.world import NORTHWIND, START, World

LONG = "é" * 64  # 128 bytes

type Cost = tuple[int, int, int]


def cost(bill: Bill) -> Cost:
    return bill.round_trips, bill.table_units, bill.index_units


def measure(world: World, act: Callable[[], Any]) -> Bill:
    """What `act` costs in the consumption function; the authorizer's own read is left out."""
    with metered(world.client, world.raw) as bill:
        answer = act()
    assert answer.status in {200, 201}, answer
    bill.calls["GetItem"] -= 1  # the authorizer reads the worker's key
    bill.calls += type(bill.calls)()
    return bill


def test_start_one_run(world: World) -> None:
    world.grant("mailbox-migration", 10)
    project = world.project()

    bill = measure(world, lambda: world.start(project))

    assert cost(bill) == (2, 6, 1)
    assert bill.calls == {"Query": 1, "TransactWriteItems": 1}


def test_start_98_runs(world: World) -> None:
    world.grant("mailbox-migration", 100)
    project = world.project()

    bill = measure(world, lambda: world.start(project, 98))

    assert cost(bill) == (2, 200, 98)
    assert (bill.table_units + bill.index_units) / 98 <= 3.05


def test_settle_consume(world: World) -> None:
    world.grant("mailbox-migration", 1)
    project = world.project()
    (run,) = world.started(project)

    bill = measure(world, lambda: world.settle(project, run))

    assert cost(bill) == (1, 1, 1)


def test_settle_consume_with_errors(world: World) -> None:
    world.grant("mailbox-migration", 1)
    project = world.project()
    (run,) = world.started(project)

    bill = measure(world, lambda: world.settle(project, run, errors=["mail-1", "mail-2"]))

    assert cost(bill) == (2, 4, 1)
    assert bill.calls == {"BatchGetItem": 1, "TransactWriteItems": 1}


def test_settle_consume_fewer_than_held(world: World) -> None:
    world.grant("mailbox-migration", 3)
    project = world.project(max_licenses_per_item=3)
    (run,) = world.started(project, licenses=3)

    bill = measure(world, lambda: world.settle(project, run, licenses_used=2))

    assert cost(bill) == (2, 2 + 2, 1)


@pytest.mark.parametrize("packs", [1, 2, 5])
def test_settle_release(world: World, packs: int) -> None:
    for _ in range(packs):
        world.grant("mailbox-migration", 1)
    project = world.project(max_licenses_per_item=5)
    (run,) = world.started(project, licenses=packs)

    bill = measure(world, lambda: world.settle(project, run, "failed"))

    assert cost(bill) == (2, 2 + 2 * packs, 1)


def test_heartbeat(world: World) -> None:
    world.grant("mailbox-migration", 1)
    project = world.project()
    (run,) = world.started(project, lease_seconds=60)
    path = f"projects/{project}/runs/{run}/heartbeat"

    bill = measure(world, lambda: world.call("POST", path, json={"lease_seconds": 3600}))

    assert cost(bill) == (1, 1, 0)


def test_settle_98(world: World) -> None:
    world.grant("mailbox-migration", 98)
    project = world.project()
    runs = world.started(project, 98)
    body = {"settlements": [{"run_id": run, "outcome": "succeeded"} for run in runs]}

    bill = measure(world, lambda: world.call("POST", f"projects/{project}/runs/settle", json=body))

    assert cost(bill) == (98, 98, 98)


def test_settle_98_that_failed_reads_them_all_at_once(world: World) -> None:
    world.grant("mailbox-migration", 98)
    project = world.project()
    runs = world.started(project, 98)
    body = {"settlements": [{"run_id": run, "outcome": "failed"} for run in runs]}

    bill = measure(world, lambda: world.call("POST", f"projects/{project}/runs/settle", json=body))

    assert cost(bill) == (1 + 98, 98 * 4, 98)


def swept(world: World) -> Bill:
    """What a tick of the sweep costs."""
    with metered(world.client, world.raw) as bill:
        handler_of("SweepFunction")({"job": "sweep"}, context())
    return bill


LOOKS = sum(len(keys.queue_parts(queue)) for queue in QUEUES)


@pytest.mark.parametrize("packs", [1, 2, 5])
def test_lapse(world: World, packs: int) -> None:
    for _ in range(packs):
        world.grant("mailbox-migration", 1)
    world.started(world.project(max_licenses_per_item=5), licenses=packs, lease_seconds=60)
    world.clock.advance(minutes=1)

    bill = swept(world)

    assert bill.calls == {"Query": LOOKS, "BatchGetItem": 1, "TransactWriteItems": 1}
    assert (bill.table_units, bill.index_units) == (2 + 2 * packs, 1)


@pytest.mark.parametrize("others", [0, 60])
def test_a_sweep_costs_what_is_due_and_not_what_there_is(world: World, others: int) -> None:
    """Each look is one Query, and one BatchGet for each page of 100 due items; each item one write."""
    for _ in range(others):
        world.grant("document-migration", 1)
    for _ in range(50):
        world.grant("mailbox-migration", 1, acquired=instants.plus_months(START, -12))
    world.clock.advance(minutes=5)

    bill = swept(world)

    assert bill.calls == {"Query": LOOKS, "BatchGetItem": 1, "UpdateItem": 50}
    assert (bill.table_units, bill.index_units) == (50, 50)


@pytest.mark.parametrize("days_left", [7, 0])
def test_a_reminder_and_the_first_look_at_the_end_move_a_pack_on_in_its_queue(world: World, days_left: int) -> None:
    acquired = instants.plus_months(START, -12) + timedelta(days=days_left + 1)
    world.grant("mailbox-migration", 1, acquired=acquired)
    world.clock.advance(days=1)

    bill = swept(world)

    assert bill.calls == {"Query": LOOKS, "BatchGetItem": 1, "UpdateItem": 1}
    assert (bill.table_units, bill.index_units) == (1, 2)


def test_a_sweep_of_more_than_a_page_takes_one_query_and_one_batch_read_a_page(world: World) -> None:
    for _ in range(101):
        world.grant("mailbox-migration", 1, acquired=instants.plus_months(START, -12))
    world.clock.advance(minutes=5)

    bill = swept(world)

    assert bill.calls == {"Query": LOOKS + 1, "BatchGetItem": 2, "UpdateItem": 101}


def entitled(world: World, *users: str) -> None:
    world.grant("user-migration-bundle", len(users))
    for user in users:
        assert world.entitlement("PUT", user).status == 201


def test_naming_a_user_costs_one_batch_read(world: World) -> None:
    world.grant("mailbox-migration", 98)
    project = world.project()

    bill = measure(world, lambda: world.start(project, items=of_users(98)))

    assert cost(bill) == (3, 200, 98)
    assert bill.calls == {"BatchGetItem": 1, "Query": 1, "TransactWriteItems": 1}


def of_users(count: int) -> list[dict[str, str]]:
    return [{"item_id": f"box-{number}", "user": f"user-{number}"} for number in range(count)]


def test_start_covered_runs_the_first_of_each_user_with_its_entitlement(world: World) -> None:
    entitled(world, "user-0", "user-1")
    project = world.project()

    first = measure(world, lambda: world.start(project, items=of_users(2)))
    second = measure(world, lambda: world.start(project, items=of_users(2)))

    assert cost(first) == (3, 2 + 2 * (2 + 2), 0)
    assert cost(second) == (3, 2 + 2 * 2, 0)


@pytest.mark.parametrize(("count", "reads"), [(1, 1), (49, 1), (50, 1), (51, 2)])
def test_start_retries_of_distinct_roots(world: World, count: int, reads: int) -> None:
    world.grant("mailbox-migration", 60)
    project = world.project()
    parents = world.started(project, count)
    settlements = [{"run_id": run, "outcome": "succeeded", "error_count": 1} for run in parents]
    world.call("POST", f"projects/{project}/runs/settle", json={"settlements": settlements})
    items = [{"item_id": f"box-{number}", "parent_run_id": parent} for number, parent in enumerate(parents)]

    with metered(world.client, world.raw) as bill:
        answer = world.start(project, items=items, run_pass="retry_errors")

    if count > 49:  # too many for one transaction, and it takes the reads to know that
        assert answer.slug == "start-too-scattered"
        assert bill.calls["BatchGetItem"] == reads + 1
    else:
        assert (bill.calls["BatchGetItem"], bill.calls["TransactWriteItems"]) == (reads, 1)
        assert (bill.table_units, bill.index_units) == (2 + count * (2 + 2), 0)


def test_settle_a_covered_run(world: World) -> None:
    entitled(world, "user-0")
    project = world.project()
    one, two = world.started(project, items=[{"item_id": name, "user": "user-0"} for name in ("a", "b")])

    plain = measure(world, lambda: world.settle(project, one))
    with_errors = measure(world, lambda: world.settle(project, two, errors=["mail-1"]))

    assert cost(plain) == (2, 1, 0)
    assert plain.calls == {"UpdateItem": 2}
    assert cost(with_errors) == (2, 4, 0)


def test_settle_a_retry_that_left_errors_reads_those_of_its_parent(world: World) -> None:
    world.grant("mailbox-migration", 1)
    project = world.project()
    (parent,) = world.started(project)
    world.settle(project, parent, errors=["mail-1"])
    items = [{"item_id": "box-0", "parent_run_id": parent}]
    (run,) = world.started(project, items=items, run_pass="retry_errors")

    bill = measure(world, lambda: world.settle(project, run, errors=["mail-1"]))

    assert cost(bill) == (3, 4, 0)
    assert bill.calls == {"BatchGetItem": 2, "TransactWriteItems": 1}


def test_assign_and_withdraw(world: World) -> None:
    world.grant("user-migration-bundle", 2)

    assigned = measure_member(world, lambda: world.entitlement("PUT", "user-0"))
    withdrawn = measure_member(world, lambda: world.entitlement("DELETE", "user-0"))

    assert cost(assigned) == (3, 4, 0)
    assert cost(withdrawn) == (2, 4, 0)


def measure_member(world: World, act: Callable[[], Any]) -> Bill:
    """As `measure`, of a person's request."""
    with metered(world.client, world.raw) as bill:
        answer = act()
    assert answer.status in {200, 201}, answer
    bill.calls["Query"] -= 1  # the authorizer reads the person's memberships
    bill.calls += type(bill.calls)()
    return bill


@pytest.mark.parametrize(
    ("method", "path", "calls"),
    [
        ("GET", "coverage?service=mailbox-migration&user=a", {"Query": 2, "BatchGetItem": 1}),
        ("GET", "coverage?service=public-folder-migration", {"Query": 1}),
        ("POST", "coverage", {"Query": 2, "BatchGetItem": 5}),
        ("GET", "entitlements", {"Query": 1}),
    ],
)
def test_coverage_reads_the_stock_of_each_type_and_100_entitlements_at_once(
    world: World, method: str, path: str, calls: dict[str, int]
) -> None:
    items = [{"user": f"user-{number}"} for number in range(500)]
    body = {"service": "mailbox-migration", "items": items} if method == "POST" else None

    bill = measure(world, lambda: world.call(method, path, json=body))

    assert bill.calls == calls
    assert cost(bill)[1:] == (0, 0)


@pytest.mark.parametrize(
    ("path", "calls"),
    [
        ("packs", {"Query": 1}),
        ("balance", {"Query": 1}),
        ("projects", {"Query": 1, "BatchGetItem": 1}),
        ("projects/{project}/runs", {"Query": 1}),
    ],
)
def test_lists_take_one_query_and_from_an_index_one_batch_read(world: World, path: str, calls: dict[str, int]) -> None:
    world.grant("mailbox-migration", 3)
    project = world.project()
    world.started(project, 3)

    bill = measure(world, lambda: world.call("GET", path.format(project=project)))

    assert bill.calls == calls


@pytest.mark.parametrize("settled", [False, True])
def test_a_run_on_two_packs_fits_in_1_kb_with_every_field_at_its_maximum(world: World, settled: bool) -> None:
    for _ in range(2):
        world.grant("public-folder-migration", 50)
    project = world.project(max_licenses_per_item=100, name=LONG[:50])
    items = [{"item_id": LONG, "user": LONG, "licenses": 100}]
    answer = world.start(project, service="public-folder-migration", items=items, lease_seconds=86_400)
    assert answer.status == 201, answer
    run = answer.body["runs"][0]["run_id"]
    if settled:
        met = world.item(keys.run(NORTHWIND, project, run))
        assert met is not None
        queues.postpone(world.stamped(), met, until=world.clock.now, tries=1)
        errors = [f"{number:064}" for number in range(100)]
        assert world.settle(project, run, errors=errors, error_count=1_000_000).status == 200

    item = world.raw.get_item(
        TableName=world.table.name,
        Key={name: {"S": value} for name, value in keys.run(NORTHWIND, project, run).items()},
    )["Item"]

    assert size(item) <= 1024, {name: size({name: value}) for name, value in item.items()}

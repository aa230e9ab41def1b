"""The hot path's costs, exactly as docs/data-model.md lists them: round trips, write units, index units."""

from collections.abc import Callable
from typing import Any

import pytest

from packhouse.store import keys
from tests.harness.meter import Bill, metered, size
from tests.harness.world import NORTHWIND, World

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
def test_a_run_on_two_packs_fits_in_1_kb_with_every_field_at_its_maximum(world: World, settled: bool) -> None:  # noqa: FBT001  # a case
    for _ in range(2):
        world.grant("public-folder-migration", 50)
    project = world.project(max_licenses_per_item=100, name=LONG[:50])
    items = [{"item_id": LONG, "user": LONG, "licenses": 100}]
    answer = world.start(project, service="public-folder-migration", items=items, lease_seconds=86_400)
    assert answer.status == 201, answer
    run = answer.body["runs"][0]["run_id"]
    if settled:
        errors = [f"{number:064}" for number in range(100)]
        assert world.settle(project, run, errors=errors, error_count=1_000_000).status == 200

    item = world.raw.get_item(
        TableName=world.table.name,
        Key={name: {"S": value} for name, value in keys.run(NORTHWIND, project, run).items()},
    )["Item"]

    assert size(item) <= 1024, {name: size({name: value}) for name, value in item.items()}

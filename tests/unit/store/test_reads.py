"""Reads that see what was just written: every read of the table itself asks for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from packhouse.store import keys
from packhouse.store.table import Table
from tests.harness.world import NORTHWIND, World

WORKGROUP = keys.workgroup(NORTHWIND)
PARTITION = keys.kept_with_workgroup(NORTHWIND)


@contextmanager
def asked(world: World) -> Iterator[list[dict[str, Any]]]:
    """The parameters of the calls that are made meanwhile."""
    found: list[dict[str, Any]] = []

    def look(params: dict[str, Any], **_: object) -> None:
        found.extend(params["RequestItems"].values() if "RequestItems" in params else [params])

    events = world.client.meta.events
    events.register_first("provide-client-params.dynamodb", look, unique_id="look")
    try:
        yield found
    finally:
        events.unregister("provide-client-params.dynamodb", unique_id="look")


READS: list[Callable[[Table], object]] = [
    lambda table: table.read(WORKGROUP),
    lambda table: table.read_many([WORKGROUP]),
    lambda table: table.read_many_pages([WORKGROUP]),
    lambda table: table.query(PARTITION),
    lambda table: list(table.query_all(PARTITION)),
    lambda table: table.listed(PARTITION, limit=1, after=None),
]


@pytest.mark.parametrize("read", READS, ids=["read", "read_many", "read_many_pages", "query", "query_all", "listed"])
def test_what_was_written_before_a_read_is_seen_by_it(world: World, read: Callable[[Table], object]) -> None:
    with asked(world) as calls:
        read(world.table)

    assert [call.get("ConsistentRead") for call in calls] == [True]


def test_an_index_is_read_as_it_is_and_what_it_lists_is_read_anew(world: World) -> None:
    """No index of DynamoDB can be read consistently, so its items are."""
    with asked(world) as calls:
        page = world.table.listed(keys.workgroups(), limit=2, after=None)

    assert [item["name"] for item in page.items] == ["Northwind", "Contoso"]
    assert [("IndexName" in call, call.get("ConsistentRead")) for call in calls] == [(True, None), (False, True)]


def test_every_read_of_a_request_but_those_of_an_index_sees_what_was_written_before(world: World) -> None:
    world.grant("mailbox-migration", 2)
    world.grant("user-migration-bundle", 1)
    project = world.project()
    with asked(world) as calls:
        (run,) = world.started(project)
        world.settle(project, run, "failed")
        world.entitlement("PUT", "ann@northwind.example")
        world.call("GET", f"projects/{project}/runs/{run}")
        world.call("GET", "balance")

    reads = [call for call in calls if "Keys" in call or "KeyConditionExpression" in call]
    assert len(reads) > 5
    assert all(call.get("ConsistentRead") for call in reads if "IndexName" not in call)

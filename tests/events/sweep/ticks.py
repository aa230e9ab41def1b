"""Ticks of the sweep, and what they leave."""

from datetime import timedelta
from typing import Any

from packhouse.domain import instants
from packhouse.domain.packs import Pack
from packhouse.policies import Policies
from packhouse.store import keys
from packhouse.store.wire import Item
from tests.harness.gateway import context, handler_of
from tests.harness.sweeping import tick
from tests.harness.world import NORTHWIND, START, World

YEAR_AGO = instants.plus_months(START, -12)


def sweep(world: World, **bounds: Any) -> Any:
    """A tick of the function; with bounds, of what it calls."""
    if not bounds:
        return handler_of("SweepFunction")({"job": "sweep"}, context())
    return tick(world.table, Policies(), **bounds)


def item_of(world: World, pack: Pack) -> Item:
    item = world.item(keys.pack(NORTHWIND, pack.pack_id))
    assert item is not None
    return item


def counters(world: World, pack: Pack) -> tuple[int, int, int]:
    item = item_of(world, pack)
    return item["available"], item["expired"], item["revoked"]


def run_item(world: World, project: str, run: str) -> Item:
    item = world.item(keys.run(NORTHWIND, project, run))
    assert item is not None
    return item


def expiring_in(world: World, quantity: int, **duration: float) -> Pack:
    return world.grant("mailbox-migration", quantity, acquired=YEAR_AGO + timedelta(**duration))


def set_pack(world: World, pack: Pack, **attributes: object) -> None:
    world.edit(keys.pack(NORTHWIND, pack.pack_id), **attributes)

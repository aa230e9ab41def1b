"""The tick that ends orders whose time is over."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from packhouse import runtime
from packhouse.checkout.receiving import Collaborators
from packhouse.payments import client
from packhouse.settings import settings
from packhouse.store.table import StampedTable
from packhouse.store.wire import Item
from packhouse.sweep import engine, orders

PRINCIPAL = "packhouse:expire"
SECONDS_PER_TICK = 240  # of the function's five minutes; if Stripe is slow, the last order takes half a minute more
ITEMS_PER_TICK = 5_000


def handler(_event: Mapping[str, Any], _context: object) -> dict[str, dict[str, int]]:
    swept = engine.tick(
        runtime.table(),
        {"ORDER": _end},
        principal=PRINCIPAL,
        clock=runtime.now,
        seconds=SECONDS_PER_TICK,
        items_max=ITEMS_PER_TICK,
    )
    return {queue: asdict(counts) for queue, counts in swept.items()}


def _end(table: StampedTable, item: Item) -> None:
    """End one order. Each order has its own time for calls to Stripe."""
    orders.step(Collaborators(table=table, payments=client.payments(), policies=settings().policies), item)

"""Remembers activity of projects and low balances, from the table's stream. The template filters the records.

A failed batch is delivered again, then in halves. A record that still fails goes to a queue, which has an alarm.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from packhouse import runtime
from packhouse.catalog import catalog
from packhouse.consumption import watching
from packhouse.store import keys, runs
from packhouse.store.wire import Item, plain

PRINCIPAL = "packhouse:watch"

type Images = tuple[Item, Item]
"""An item before and after its change; empty if it didn't exist."""


def handler(event: Mapping[str, Any], _context: object) -> None:
    records = event["Records"]
    batch = f"watch-{records[0]['eventID']}-{records[-1]['eventID']}"
    table = runtime.stamped(PRINCIPAL, batch)
    changes = [_images(record["dynamodb"]) for record in records]
    settled = [runs.of_item(after) for _, after in changes if after and keys.entity(after) == "RUN"]
    watching.stamp_projects(table, settled)
    watching.weigh_balances(table, catalog(), {balance for change in changes for balance in _touched_balances(*change)})


def _images(record: Mapping[str, Any]) -> Images:
    return plain(record.get("OldImage") or {}), plain(record.get("NewImage") or {})


def _touched_balances(before: Item, after: Item) -> Iterator[tuple[str, str]]:
    """Workgroup and sku of each balance that may be on the other side of its threshold after this change."""
    if not after:
        return
    match keys.entity(after):
        case "PACK" if any(before.get(name) != after[name] for name in ("available", "state")):
            yield keys.workgroup_of(after), after["sku"]
        case "WG":
            changed = before.get("low_balance", {}).items() ^ after.get("low_balance", {}).items()
            for sku in {sku for sku, _ in changed}:
                yield keys.workgroup_of(after), sku

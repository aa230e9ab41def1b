"""What follows a settlement, or a change of what is in stock: out of the table's stream, filtered by the template.

A batch that fails comes again, and then in halves; what still fails is told to a queue that has an alarm.
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
"""An item before and after its change; empty where there was none."""


def handler(event: Mapping[str, Any], _context: object) -> None:
    records = event["Records"]
    batch = f"watch-{records[0]['eventID']}-{records[-1]['eventID']}"
    table = runtime.stamped(PRINCIPAL, batch)
    changes = [_images(record["dynamodb"]) for record in records]
    settled = [runs.of_item(after) for _, after in changes if after and keys.kind(after) == "RUN"]
    watching.stamp_projects(table, settled)
    watching.weigh_balances(table, catalog(), {one for change in changes for one in _touched(*change)})


def _images(record: Mapping[str, Any]) -> Images:
    return plain(record.get("OldImage") or {}), plain(record.get("NewImage") or {})


def _touched(before: Item, after: Item) -> Iterator[tuple[str, str]]:
    """The balances, by workgroup and sku, that a change of a pack or of thresholds may have moved past a threshold."""
    if not after:
        return
    match keys.kind(after):
        case "PACK" if any(before.get(name) != after[name] for name in ("available", "state")):
            yield keys.workgroup_of(after), after["sku"]
        case "WG":
            thresholds = before.get("low_balance", {}), after.get("low_balance", {})
            for sku in {sku for sku, _ in thresholds[0].items() ^ thresholds[1].items()}:
                yield keys.workgroup_of(after), sku

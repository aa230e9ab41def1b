"""Queues of due items. The index that finds them may lag, so an item moves only from the place where it was seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from packhouse.domain import instants
from packhouse.store import keys
from packhouse.store.patience import WriteRefused
from packhouse.store.table import BATCH_READ_MAX, Page, StampedTable, Table
from packhouse.store.wire import Item

NOTHING: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class Tries:
    """How often in a row an item's step failed, and since when the item waits: since it was first due."""

    count: int
    since: str


def due(table: Table, queue: str, until: datetime, *, limit: int, after: Item | None) -> Page:
    """A page of the items that were due by then, the oldest first. Each is read again and skipped if it isn't due now.

    It costs one Query and, if that finds something, one BatchGet.
    """
    listed = table.query(keys.due(queue, until), limit=min(limit, BATCH_READ_MAX), after=after)
    items = table.read_many([keys.of(item) for item in listed.items])
    still = [item for item in items if item and item.get("due") == queue and item["due_at"] <= instants.text(until)]
    return Page(still, listed.after)


def due_since(table: Table, queue: str, until: datetime) -> datetime | None:
    """Since when the oldest due item of a queue is due, by the index; None if no item is due."""
    listed = table.query(keys.due(queue, until), limit=1).items
    return instants.parse(listed[0]["due_at"]) if listed else None


def tries_of(item: Item) -> Tries:
    """An item's tries. They count only while it waits for the next try: any other move was no failure."""
    due_at: str = item["due_at"]
    if item.get("retry_at") != due_at:
        return Tries(count=0, since=due_at)
    return Tries(count=item["tries"], since=item.get("waits_since", due_at))


def move(
    table: StampedTable,
    item: Item,
    *,
    until: datetime | None,
    sets: Mapping[str, object] = NOTHING,
    only_if: str = "",
    **values: object,
) -> bool:
    """Move an item on in its queue, or (None) out of it, and set these attributes with it.

    False if it was moved since it was read, or if `only_if` doesn't hold.
    """
    moves: dict[str, object] = {"due_at": until} if until else {"tries": 0, "due": None, "due_at": None}
    update = table.update(
        keys.of(item),
        sets={**moves, **sets},
        only_if=f"due_at = :seen{f' AND {only_if}' if only_if else ''}",
        **{**values, "seen": item["due_at"]},
    )
    try:
        table.write(update)
    except WriteRefused:
        return False
    return True


def postpone(table: StampedTable, item: Item, *, until: datetime, tries: int) -> None:
    """Try an item again later. It keeps the instant since which it waits."""
    move(table, item, until=until, sets={"tries": tries, "retry_at": until, "waits_since": tries_of(item).since})


def park(table: StampedTable, item: Item, name: str, *, tries: int) -> None:
    """Move an item into the queue for operators. It keeps the name of the queue it came from."""
    parked = keys.queued_parked(name, table.stamp.at)
    move(table, item, until=table.stamp.at, sets={**parked, "parked_from": item["due"], "tries": tries})

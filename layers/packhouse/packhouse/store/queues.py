"""Queues of due items. The index that finds them may lag, so an item moves only from the place where it was seen."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from packhouse.domain import instants
from packhouse.store import keys
from packhouse.store.patience import WriteRefused
from packhouse.store.table import BATCH_READ_MAX, Page, StampedTable, Table
from packhouse.store.wire import Item


@dataclass(frozen=True, slots=True)
class Place:
    """An item's place in its queue when it was read, how often in a row its step failed, and since when it waits.

    A postponed item waits since it was first due.
    """

    queue: str
    due_at: str
    tries: int
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


def place(item: Item) -> Place:
    """An item's place. Its tries count only while it waits for the next try: any other move was no failure."""
    queue: str = item["due"]
    due_at: str = item["due_at"]
    if item.get("retry_at") != due_at:
        return Place(queue, due_at, tries=0, since=due_at)
    return Place(queue, due_at, item["tries"], item.get("waits_since", due_at))


def move(
    table: StampedTable, item: Item, *, until: datetime | None, also: str = "", only_if: str = "", **values: object
) -> bool:
    """Move an item on in its queue, or (None) out of it, and change it by `also` (`, name = :value`).

    False if it was moved since it was read, or if `only_if` doesn't hold.
    """
    sets, ends = ("due_at = :until", "") if until else ("tries = :none", " REMOVE due, due_at")
    moving: dict[str, object] = {"until": until} if until else {"none": 0}
    try:
        table.write(
            table.update(
                keys.of(item),
                f"SET {sets}{also}{ends}",
                only_if=f"due_at = :seen{f' AND {only_if}' if only_if else ''}",
                **{**moving, **values, "seen": item["due_at"]},
            )
        )
    except WriteRefused:
        return False
    return True


def postpone(table: StampedTable, item: Item, *, until: datetime, tries: int) -> None:
    """Try an item again later. It keeps the instant since which it waits."""
    since = place(item).since
    also = ", tries = :tries, retry_at = :until, waits_since = :since"
    move(table, item, until=until, also=also, tries=tries, since=since)


def park(table: StampedTable, item: Item, name: str, *, tries: int) -> None:
    """Move an item into the queue for operators. It keeps the name of the queue it came from."""
    parked = keys.queued_parked(name, table.stamp.at)
    update = table.update(
        keys.of(item),
        "SET due = :parked, due_at = :since, parked_from = :queue, tries = :tries",
        only_if="due_at = :seen",
        parked=parked["due"],
        since=parked["due_at"],
        queue=item["due"],
        tries=tries,
        seen=item["due_at"],
    )
    with suppress(WriteRefused):  # it was moved since it was read
        table.write(update)

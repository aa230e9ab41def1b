"""Queues of due items: found through an index that may lag, moved on from where they were seen, parked if they fail."""

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
    """Where an item stood in its queue when it was read, how often in a row its step failed, and since when it waits.

    An item that was postponed has waited since before that.
    """

    queue: str
    due_at: str
    tries: int
    since: str


def due(table: Table, queue: str, until: datetime, *, limit: int, after: Item | None) -> Page:
    """A page of what was due by then, the longest due first, each item read again: what isn't due any more is left out.

    One Query and, if it finds something, one BatchGet.
    """
    listed = table.query(keys.due(queue, until), limit=min(limit, BATCH_READ_MAX), after=after)
    items = table.read_many([keys.of(item) for item in listed.items])
    still = [item for item in items if item and item.get("due") == queue and item["due_at"] <= instants.text(until)]
    return Page(still, listed.after)


def due_since(table: Table, queue: str, until: datetime) -> datetime | None:
    """Since when the longest due item of a queue is due, as the index tells it; None if none is."""
    listed = table.query(keys.due(queue, until), limit=1).items
    return instants.parse(listed[0]["due_at"]) if listed else None


def place(item: Item) -> Place:
    """An item's place. Tries count only while it is due for the next of them: whatever moved it on was no failure."""
    queue: str = item["due"]
    due_at: str = item["due_at"]
    if item.get("retry_at") != due_at:
        return Place(queue, due_at, tries=0, since=due_at)
    return Place(queue, due_at, item["tries"], item.get("waits_since", due_at))


def move(
    table: StampedTable, item: Item, *, until: datetime | None, also: str = "", only_if: str = "", **values: object
) -> bool:
    """Move an item on in its queue, or (None) out of it, and with that change it (`, name = :value`).

    False where it has been moved since it was read, or where `only_if` doesn't hold any more.
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
    """Try an item again later, so that it keeps no other waiting; since when it waits itself is kept."""
    since = place(item).since
    also = ", tries = :tries, retry_at = :until, waits_since = :since"
    move(table, item, until=until, also=also, tries=tries, since=since)


def park(table: StampedTable, item: Item, name: str, *, tries: int) -> None:
    """Put an item where operators look; it keeps the name of the queue it came from."""
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
    with suppress(WriteRefused):  # it has been moved since it was read
        table.write(update)

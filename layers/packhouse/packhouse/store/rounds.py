"""Rounds through all workgroups. A tick goes on where the tick before it stopped."""

from collections.abc import Iterator
from dataclasses import dataclass

from packhouse.store import keys
from packhouse.store.table import Table
from packhouse.store.wire import Item

PER_PAGE = 25
PAGES_MAX = 10_000  # of one tick: 250,000 workgroups
UNMOVED = "attribute_not_exists(PK) OR ticks = :ticks"
"""The condition that no other tick has moved the progress since it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a round has come. `ticks`: the number of ticks so far.

    `after`: where the last tick stopped in the list of workgroups. None: the next tick begins a new round.
    """

    ticks: int = 0
    after: Item | None = None

    def moved(self, after: Item | None) -> Item:
        """The attributes of the progress after one more tick, which stopped at `after`."""
        return {"ticks": self.ticks + 1, "after": after}


def of_item(item: Item | None) -> Progress:
    return Progress(ticks=item["ticks"], after=item.get("after")) if item else Progress()


def workgroups(table: Table, *, after: Item | None) -> Iterator[tuple[str, Item]]:
    """The ids of the workgroups that follow `after` in the list by name, each with its own place in the list."""
    for _ in range(PAGES_MAX):
        page = table.query(keys.workgroups(), limit=PER_PAGE, after=after)
        yield from ((keys.workgroup_of(place), place) for place in page.items)
        after = page.after
        if after is None:
            return

"""The journal table: one partition for each month of a workgroup. The sort key is an instant and a record's id."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime

from packhouse.domain import instants
from packhouse.domain.journal import Change, Entry
from packhouse.store import keys
from packhouse.store.keys import KeyRange
from packhouse.store.patience import WriteRefused
from packhouse.store.table import ABSENT, Log, Only, StampedTable, Table
from packhouse.store.wire import Item

MONTHS_PER_PAGE_MAX = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The entries to read: from `first` (included) to `last` (excluded), of these kinds, this project and this pack.

    No kinds: all kinds. No project or pack: all of them.
    """

    first: datetime
    last: datetime
    kinds: Sequence[str] = ()
    project_id: str | None = None
    pack_id: str | None = None


@dataclass(frozen=True, slots=True)
class PageEnd:
    """Where a page ended: in this month, after this sort key (None: the next page starts with the month)."""

    month: str
    sort_key: str | None


class LogTooLong(Exception):
    """The log has more pages than the caller has time to read."""


def append(journal: Log, entry: Entry) -> None:
    """Write an entry. Idempotent: a record that is delivered again changes nothing."""
    journal.append(
        {
            **keys.journal_entry(entry.owner, entry.month, entry.at, entry.entry_id),
            **{name: value for name, value in asdict(entry).items() if name not in {"owner", "pack_ids"}},
            "pack_ids": list(entry.pack_ids),
        }
    )


def page(
    journal: Table, wg: str, selection: Selection, *, limit: int, start: PageEnd | None
) -> tuple[list[Entry], PageEnd | None]:
    """A page of entries, newest first, and its end, where the next page starts (None: this was the last page).

    A page before the last may be short, even empty.
    """
    if selection.first >= selection.last:
        return [], None
    entries: list[Entry] = []
    first, last = instants.precise(selection.first), instants.precise(selection.last)
    months = list(_months_back(start.month if start else _month(selection.last), _month(selection.first)))
    for number, month in enumerate(months):
        if len(entries) == limit or number == MONTHS_PER_PAGE_MAX:
            return entries, PageEnd(month, None)
        partition = keys.journal_month(wg, month)
        after = start.sort_key if start and number == 0 else None
        if after and not first <= after <= last:  # the cursor belongs to a list of other days
            return entries, None
        found = journal.query(
            KeyRange(partition=partition, between=(first, last)),
            limit=limit - len(entries),
            after={"PK": partition, "SK": after} if after else None,
            newest_first=True,
            only=_filter(selection),
        )
        entries += [of_item(item) for item in found.items]
        if found.after:
            return entries, PageEnd(month, found.after["SK"])
    return entries, None


def oldest_first(journal: Table, wg: str, selection: Selection, *, pages_max: int) -> Iterator[Entry]:
    """The selected entries in the order of time. `LogTooLong` if they stand on more than `pages_max` pages of 1 MB.

    Entries that aren't selected count for the pages too.
    """
    if selection.first >= selection.last:
        return
    between = (instants.precise(selection.first), instants.precise(selection.last))
    months = [*_months_back(_month(selection.last), _month(selection.first))]  # the newest first
    after: Item | None = None
    for _ in range(pages_max):
        in_month = KeyRange(partition=keys.journal_month(wg, months[-1]), between=between)
        page = journal.query(in_month, after=after, only=_filter(selection))
        yield from map(of_item, page.items)
        after = page.after
        if after is None:
            months.pop()
        if not months:
            return
    raise LogTooLong


def all_entries(journal: Table, wg: str, first: datetime, last: datetime, *, pages_max: int) -> Iterator[Entry]:
    """All entries of a workgroup in the months from `first` to `last`. `TryAgain` if a month has more pages."""
    for month in _months_back(_month(last), _month(first)):
        in_month = KeyRange(partition=keys.journal_month(wg, month))
        yield from map(of_item, journal.query_all(in_month, pages_max=pages_max))


def record_read(table: StampedTable, wg: str, route: str) -> None:
    """Record that an operator reads a workgroup's log. The stream then journals it."""
    read = keys.operator_read(wg, table.stamp.request_id)
    with suppress(WriteRefused):  # botocore resent the write: the read is recorded
        table.write(table.put({**read, "route": route}, only_if=ABSENT))


def of_item(item: Item) -> Entry:
    return Entry(
        owner=item["PK"].partition("#")[0],
        entry_id=item["entry_id"],
        at=item["at"],
        kind=item["kind"],
        item=item["item"],
        actor=item["actor"],
        request_id=item.get("request_id"),
        changes=[Change(**change) for change in item["changes"]],
        project_id=item.get("project_id"),
        pack_ids=item["pack_ids"],
        sequence=item["sequence"],
    )


def _filter(selection: Selection) -> Only | None:
    """The filter for kinds, project and pack, which the keys don't hold."""
    conditions: list[str] = []
    values: dict[str, object] = {}
    if selection.kinds:
        names = [f":kind{number}" for number in range(len(selection.kinds))]
        conditions.append(f"kind IN ({', '.join(names)})")
        values |= {f"kind{number}": kind for number, kind in enumerate(selection.kinds)}
    if selection.project_id is not None:
        conditions.append("project_id = :project_id")
        values["project_id"] = selection.project_id
    if selection.pack_id is not None:
        conditions.append("contains(pack_ids, :pack_id)")
        values["pack_id"] = selection.pack_id
    return Only(" AND ".join(conditions), values) if conditions else None


def _month(at: datetime) -> str:
    return at.strftime("%Y%m")


def _months_back(newest: str, oldest: str) -> Iterator[str]:
    while newest >= oldest:
        yield newest
        year, month = int(newest[:4]), int(newest[4:])
        newest = f"{year}{month - 1:02}" if month > 1 else f"{year - 1}12"

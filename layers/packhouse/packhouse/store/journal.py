"""The journal table. A partition is a month of a workgroup; the sort key is an instant and the id of a record."""

from collections.abc import Iterator, Sequence
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
class Wanted:
    """Which entries: from `first` (included) to `last` (not included), of these kinds, this project and this pack."""

    first: datetime
    last: datetime
    kinds: Sequence[str] = ()
    project_id: str | None = None
    pack_id: str | None = None


@dataclass(frozen=True, slots=True)
class PageEnd:
    """Where a page ends: in this month, after this sort key. None: before the month's first entry."""

    month: str
    sort_key: str | None


class LogTooLong(Exception):  # noqa: N818  # an outcome that its reader words
    """The reader would have to read more of the log than it has time for."""


def append(journal: Log, entry: Entry) -> None:
    """Write an entry. If its record is delivered again, nothing changes."""
    journal.append(
        {
            "PK": keys.journal_month(entry.owner, entry.month),
            "SK": f"{entry.at}#{entry.entry_id}",
            **{name: value for name, value in asdict(entry).items() if name not in {"owner", "pack_ids"}},
            "pack_ids": list(entry.pack_ids),
        }
    )


def page(
    journal: Table, wg: str, wanted: Wanted, *, limit: int, after: PageEnd | None
) -> tuple[list[Entry], PageEnd | None]:
    """Entries, newest first, and where the next page begins. Each page may be short or empty, not only the last."""
    if wanted.first >= wanted.last:
        return [], None
    entries: list[Entry] = []
    first, last = instants.precise(wanted.first), instants.precise(wanted.last)
    months = list(_months_back(after.month if after else _month(wanted.last), _month(wanted.first)))
    for number, month in enumerate(months):
        if len(entries) == limit or number == MONTHS_PER_PAGE_MAX:
            return entries, PageEnd(month, None)
        partition = keys.journal_month(wg, month)
        resume = after.sort_key if after and number == 0 else None
        if resume and not first <= resume <= last:  # the cursor is of a list of other days
            return entries, None
        found = journal.query(
            KeyRange(partition=partition, between=(first, last)),
            limit=limit - len(entries),
            after={"PK": partition, "SK": resume} if resume else None,
            newest_first=True,
            only=_filter(wanted),
        )
        entries += [of_item(item) for item in found.items]
        if found.after:
            return entries, PageEnd(month, found.after["SK"])
    return entries, None


def oldest_first(journal: Table, wg: str, wanted: Wanted, *, pages_max: int) -> Iterator[Entry]:
    """All these entries, oldest first; `LogTooLong` after so many pages of up to 1 MB, before the filter."""
    if wanted.first >= wanted.last:
        return
    between = (instants.precise(wanted.first), instants.precise(wanted.last))
    pages, after = 0, None
    for month in reversed(list(_months_back(_month(wanted.last), _month(wanted.first)))):
        in_month = KeyRange(partition=keys.journal_month(wg, month), between=between)
        while True:
            if pages == pages_max:
                raise LogTooLong
            page = journal.query(in_month, after=after, only=_filter(wanted))
            yield from map(of_item, page.items)
            pages, after = pages + 1, page.after
            if after is None:
                break


def every(journal: Table, wg: str, first: datetime, last: datetime, *, pages_max: int) -> Iterator[Entry]:
    """All entries of a workgroup in the months from `first` to `last`, at most so many pages of each month."""
    for month in _months_back(_month(last), _month(first)):
        in_month = KeyRange(partition=keys.journal_month(wg, month))
        yield from map(of_item, journal.query_all(in_month, pages_max=pages_max))


def record_read(table: StampedTable, wg: str, route: str) -> None:
    """Record that an operator reads a workgroup's log; the stream journals it. It is written before the read."""
    read = keys.operator_read(wg, table.stamp.request_id)
    try:
        table.write(table.put({**read, "route": route}, only_if=ABSENT))
    except WriteRefused:
        return  # botocore sent it again: it is already recorded


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


def _filter(wanted: Wanted) -> Only | None:
    """The filters that aren't part of the keys."""
    conditions: list[str] = []
    values: dict[str, object] = {}
    if wanted.kinds:
        names = [f":kind{number}" for number in range(len(wanted.kinds))]
        conditions.append(f"kind IN ({', '.join(names)})")
        values |= {f"kind{number}": kind for number, kind in enumerate(wanted.kinds)}
    if wanted.project_id is not None:
        conditions.append("project_id = :project_id")
        values["project_id"] = wanted.project_id
    if wanted.pack_id is not None:
        conditions.append("contains(pack_ids, :pack_id)")
        values["pack_id"] = wanted.pack_id
    return Only(" AND ".join(conditions), values) if conditions else None


def _month(at: datetime) -> str:
    return at.strftime("%Y%m")


def _months_back(newest: str, oldest: str) -> Iterator[str]:
    while newest >= oldest:
        yield newest
        year, month = int(newest[:4]), int(newest[4:])
        newest = f"{year}{month - 1:02}" if month > 1 else f"{year - 1}12"

"""Reports from the journal: sums of usage, and the lists for workbooks."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

from packhouse.domain import usage as counting
from packhouse.domain.journal import Entry
from packhouse.domain.runs import Run
from packhouse.domain.usage import CONSUMED, By, Part, Usage, last_day_before
from packhouse.domain.workgroups import Workgroup
from packhouse.errors import AnswerTooLarge
from packhouse.store import journal, runs, usage
from packhouse.store.journal import LogTooLong, PageEnd, Selection
from packhouse.store.table import Table

ROWS_MAX = 10_000  # of a workbook
PAGES_MAX = 100  # of the log, 1 MB or 1,000 entries each; reading more takes longer than a request may
ENTRIES_PER_PAGE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Days in the workgroup's zone, from `first` (None: from the beginning) to `last`, both included.

    `through` is the last day that was counted; `last` is never later.
    """

    first: date | None
    last: date
    through: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumedLicenses:
    """The licenses that a run consumed from one pack. A run on several packs has several."""

    run: Run
    at: datetime
    pack_id: str
    licenses: int


def counted_days(log: Table, workgroup: Workgroup, first: date | None, last: date | None) -> Days:
    """The days asked for, up to the last day that was counted."""
    until = usage.counted_until(log, workgroup.workgroup_id) or workgroup.created_at
    through = last_day_before(until, workgroup.time_zone)
    return Days(first=first, last=min(last, through) if last else through, through=through)


def sums(table: Table, log: Table, wg: str, days: Days, by: By) -> dict[str, Usage]:
    """The usage in these days, summed by key, in the order of the keys."""
    rows = usage.rows(log, wg, days.first, days.last)
    customers: Mapping[str, str] = {}
    if by is By.CUSTOMER:
        by_id = usage.projects_named(table, wg, (row.project_id for row in rows))
        customers = {project_id: project.customer or "" for project_id, project in by_id.items()}
    return counting.summed(rows, by, customers)


def consumed_licenses(
    table: Table, log: Table, wg: str, days: Days, *, rows_max: int = ROWS_MAX
) -> list[ConsumedLicenses]:
    """The licenses that runs consumed in these days, in the order of time.

    It reads the entries from which the sums were counted, so the two always agree.
    """
    try:
        entries = list(islice(_consuming_entries(log, wg, days), rows_max + 1))
    except LogTooLong as too_long:
        raise AnswerTooLarge(rows_max=rows_max) from too_long
    items = usage.run_items(table, wg, [(entry.project_id or "", entry.item) for entry in entries])
    found = [
        ConsumedLicenses(run=run, at=run.settled_at or run.started_at, pack_id=pack_id, licenses=licenses)
        for run in (runs.of_item(items[entry.item]) for entry in entries if entry.item in items)
        for pack_id, licenses in run.consumed().items()
    ]
    if len(found) > rows_max:
        raise AnswerTooLarge(rows_max=rows_max)
    return found


def entries(log: Table, wg: str, selection: Selection, *, rows_max: int = ROWS_MAX) -> list[Entry]:
    """All selected entries of the log, newest first. `AnswerTooLarge` if there are more than `rows_max`."""
    found: list[Entry] = []
    end: PageEnd | None = None
    for _ in range(PAGES_MAX):
        page, end = journal.page(log, wg, selection, limit=ENTRIES_PER_PAGE, start=end)
        found += page
        if len(found) > rows_max:
            break
        if end is None:
            return found
    raise AnswerTooLarge(rows_max=rows_max)


def _consuming_entries(log: Table, wg: str, days: Days) -> Iterator[Entry]:
    for first, last in _joined(usage.parts(log, wg, days.first, days.last)):
        selection = Selection(first=first, last=last, kinds=[CONSUMED])
        yield from journal.oldest_first(log, wg, selection, pages_max=PAGES_MAX)


def _joined(parts: Iterable[Part]) -> list[tuple[datetime, datetime]]:
    """The first and last instants of the parts, with parts that follow each other without a gap joined into one."""
    periods: list[tuple[datetime, datetime]] = []
    for part in parts:
        if periods and periods[-1][1] == part.first:
            periods[-1] = (periods[-1][0], part.last)
        else:
            periods.append((part.first, part.last))
    return periods

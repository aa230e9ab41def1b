"""Answers to the journal's readers: usage in sums, and everything that a workbook lists."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

from packhouse.domain import usage as counting
from packhouse.domain.journal import Entry
from packhouse.domain.projects import Project
from packhouse.domain.runs import Run
from packhouse.domain.usage import CONSUMED, By, Part, Usage, last_day_before
from packhouse.domain.workgroups import Workgroup
from packhouse.errors import AnswerTooLarge
from packhouse.store import journal, runs, usage
from packhouse.store.journal import LogTooLong, PageEnd, Wanted
from packhouse.store.table import Table

ROWS_MAX = 10_000  # of a workbook
PAGES_MAX = 100  # of the log, of 1 MB or 1,000 entries each: so much can be read before the answer is due
ENTRIES_PER_PAGE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Days in the workgroup's zone, both included, none after `through`, the last day counted. `first` None: all."""

    first: date | None
    last: date
    through: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """How many licenses of one pack a run consumed. A run on several packs has one for each."""

    run: Run
    at: datetime
    pack_id: str
    licenses: int


def counted_days(log: Table, workgroup: Workgroup, first: date | None, last: date | None) -> Days:
    """The days from `first` to `last` that are counted already."""
    until = usage.counted_until(log, workgroup.workgroup_id) or workgroup.created_at
    through = last_day_before(until, workgroup.time_zone)
    return Days(first=first, last=min(last, through) if last else through, through=through)


def sums(table: Table, log: Table, wg: str, days: Days, by: By) -> dict[str, Usage]:
    """Usage by key, in the order of the keys."""
    rows = usage.rows(log, wg, days.first, days.last)
    customers: Mapping[str, str] = {}
    if by is By.CUSTOMER:
        found = projects(table, wg, (row.project_id for row in rows))
        customers = {project_id: project.customer or "" for project_id, project in found.items()}
    return counting.summed(rows, by, customers)


def projects(table: Table, wg: str, project_ids: Iterable[str]) -> Mapping[str, Project]:
    """Projects by id, in every state."""
    return usage.projects_named(table, wg, project_ids)


def projects_of_usage(
    table: Table, wg: str, by: By, sums: Mapping[str, Usage], paid: Iterable[Paid]
) -> Mapping[str, Project]:
    """The projects of these runs and, if the sums are by project, of the sums."""
    of_sums = sums if by is By.PROJECT else ()
    return projects(table, wg, {*(one.run.project_id for one in paid), *of_sums})


def paid(table: Table, log: Table, wg: str, days: Days, *, rows_max: int = ROWS_MAX) -> list[Paid]:
    """Each run that consumed licenses in these days, with its packs, in the order of time.

    They are read from the entries of which the sums were made, so that both have the same total.
    """
    try:
        entries = list(islice(_consumptions(log, wg, days), rows_max + 1))
    except LogTooLong as too_long:
        raise AnswerTooLarge(rows_max=rows_max) from too_long
    items = usage.run_items(table, wg, [(entry.project_id or "", entry.item) for entry in entries])
    found = [
        Paid(run=run, at=run.settled_at or run.started_at, pack_id=pack_id, licenses=licenses)
        for run in (runs.of_item(items[entry.item]) for entry in entries if entry.item in items)
        for pack_id, licenses in run.consumed().items()
    ]
    if len(found) > rows_max:
        raise AnswerTooLarge(rows_max=rows_max)
    return found


def entries(log: Table, wg: str, wanted: Wanted, *, rows_max: int = ROWS_MAX) -> list[Entry]:
    """All these entries of the log, newest first, as the pages of the log list them."""
    found: list[Entry] = []
    end: PageEnd | None = None
    for _ in range(PAGES_MAX):
        page, end = journal.page(log, wg, wanted, limit=ENTRIES_PER_PAGE, after=end)
        found += page
        if len(found) > rows_max:
            break
        if end is None:
            return found
    raise AnswerTooLarge(rows_max=rows_max)


def _consumptions(log: Table, wg: str, days: Days) -> Iterator[Entry]:
    for first, last in _stretches(usage.parts(log, wg, days.first, days.last)):
        wanted = Wanted(first=first, last=last, kinds=[CONSUMED])
        yield from journal.oldest_first(log, wg, wanted, pages_max=PAGES_MAX)


def _stretches(parts: Iterable[Part]) -> list[tuple[datetime, datetime]]:
    """The stretches of time that the parts cover without a gap."""
    stretches: list[tuple[datetime, datetime]] = []
    for part in parts:
        if stretches and stretches[-1][1] == part.first:
            stretches[-1] = (stretches[-1][0], part.last)
        else:
            stretches.append((part.first, part.last))
    return stretches

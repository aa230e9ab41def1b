"""Usage: what the journal's entries about runs come to, by day, project and license type."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from packhouse.domain import instants
from packhouse.domain.journal import Entry

STARTS = ("run.covered", "run.free", "run.held")
CONSUMED = "run.consumed"
ENDS = (CONSUMED, "run.lapsed", "run.released")


class By(StrEnum):
    """What usage is summed by."""

    MONTH = "month"
    SKU = "sku"
    PROJECT = "project"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Licenses that starts held and that were consumed, released, lapsed; and how many runs needed none."""

    held: int = 0
    consumed: int = 0
    released: int = 0
    lapsed: int = 0
    covered: int = 0
    free: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            held=self.held + other.held,
            consumed=self.consumed + other.consumed,
            released=self.released + other.released,
            lapsed=self.lapsed + other.lapsed,
            covered=self.covered + other.covered,
            free=self.free + other.free,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of the journal that is counted at once, from `first` (included) to `last` (not), and its day.

    Each begins where the one before ended, whatever became of the zone: so every entry is in just one of them. One is a
    whole day, but for the first, what a change of the zone cuts, and a day of very many entries.
    `entries` None: its rows aren't all written. `final`: nothing that belongs to it can come any more.
    """

    first: datetime
    last: datetime
    day: date
    entries: int | None = None
    final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a part came to for one project and license type ("" for runs without one), counted from so many entries."""

    day: date
    project_id: str
    sku: str
    first: datetime
    usage: Usage
    entries: int


@dataclass(slots=True)
class Count:
    """The rows of a part while they are counted."""

    part: Part
    entries: int = 0
    _rows: dict[tuple[str, str], tuple[Usage, int]] = field(default_factory=dict)

    def add(self, entry: Entry, sku: str, usage: Usage) -> None:
        name = (entry.project_id or "", sku)
        before, entries = self._rows.get(name, (Usage(), 0))
        self._rows[name] = before + usage, entries + 1
        self.entries += 1

    def rows(self) -> Iterable[Row]:
        for (project_id, sku), (usage, entries) in self._rows.items():
            yield Row(
                day=self.part.day,
                project_id=project_id,
                sku=sku,
                first=self.part.first,
                usage=usage,
                entries=entries,
            )


def part_from(first: datetime, zone: str) -> Part:
    """The part that begins at this instant: to the end of the day that it is then in the zone."""
    day = first.astimezone(ZoneInfo(zone)).date()
    while (last := instants.day_ends(day, zone)) <= first:  # clocks were put back over midnight: that day comes twice
        day += timedelta(days=1)
    return Part(first=first, last=last, day=day)


def last_day_before(until: datetime, zone: str) -> date:
    """The last day that is wholly over at this instant."""
    return until.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)


def of_start(entry: Entry) -> tuple[str, Usage] | None:
    """The license type that a start is of, and what it adds; None where the entry tells of no birth."""
    told = {change.field: change.after for change in entry.changes if change.before is None}
    if "coverage" not in told:  # a state that was set by hand
        return None
    match entry.kind:
        case "run.held":
            usage = Usage(held=told.get("licenses", 0))
        case "run.covered":
            usage = Usage(covered=1)
        case _:
            usage = Usage(free=1)
    return told.get("sku") or "", usage


def of_end(entry: Entry, licenses: int) -> Usage:
    """What the end of a run that held so many licenses adds: what it consumed, and what went back."""
    match entry.kind:
        case "run.lapsed":
            return Usage(lapsed=licenses)
        case "run.released":
            return Usage(released=licenses)
        case _:
            used = next((change.after for change in entry.changes if change.field == "licenses_used"), licenses)
            return Usage(consumed=used, released=licenses - used)


def summed(rows: Iterable[Row], by: By, customers: Mapping[str, str]) -> dict[str, Usage]:
    """The rows' sums by key, in the order of the keys; `customers` by project, "" for a project without one."""
    sums: dict[str, Usage] = {}
    for row in rows:
        match by:
            case By.MONTH:
                key = f"{row.day:%Y-%m}"
            case By.SKU:
                key = row.sku
            case By.PROJECT:
                key = row.project_id
            case By.CUSTOMER:
                key = customers.get(row.project_id, "")
        sums[key] = sums.get(key, Usage()) + row.usage
    return dict(sorted(sums.items()))

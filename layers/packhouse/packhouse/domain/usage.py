"""Usage: licenses counted from the journal's entries about runs, by day, project and license type."""

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
    """How usage is grouped."""

    MONTH = "month"
    SKU = "sku"
    PROJECT = "project"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Licenses that were held by starts, consumed, released or lapsed; and runs that needed no license."""

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
    """A part of the journal that is counted at once, from `first` (included) to `last` (not included), and its day.

    Each part begins where the part before ended, even if the zone has changed: so every entry is in exactly one part.
    A part is a whole day. The exceptions are the first part, a day with a change of the zone, and a day of very many
    entries. `entries` None: not all of its rows are written. `final`: no entry can be added to it any more.
    """

    first: datetime
    last: datetime
    day: date
    entries: int | None = None
    final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The usage of one project and license type in a part, and the number of entries it is counted from.

    `sku` is "" for runs without a license type.
    """

    day: date
    project_id: str
    sku: str
    first: datetime
    usage: Usage
    entries: int


@dataclass(slots=True)
class Count:
    """The rows of a part, while its entries are counted."""

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
    """The part that begins at this instant. It ends with the day that this instant is in, in the zone."""
    day = first.astimezone(ZoneInfo(zone)).date()
    while (last := instants.day_ends(day, zone)) <= first:  # clocks went back over midnight, so this day comes twice
        day += timedelta(days=1)
    return Part(first=first, last=last, day=day)


def last_day_before(until: datetime, zone: str) -> date:
    """The last day that has ended at this instant."""
    return until.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)


def of_start(entry: Entry) -> tuple[str, Usage] | None:
    """The license type of a start, and the usage it adds. None if the entry isn't the creation of a run."""
    created = {change.field: change.after for change in entry.changes if change.before is None}
    if "coverage" not in created:  # somebody set the state by hand
        return None
    match entry.kind:
        case "run.held":
            usage = Usage(held=created.get("licenses", 0))
        case "run.covered":
            usage = Usage(covered=1)
        case _:
            usage = Usage(free=1)
    return created.get("sku") or "", usage


def of_end(entry: Entry, licenses: int) -> Usage:
    """The usage that the end of a run adds, if it held so many licenses: some consumed, the others given back."""
    match entry.kind:
        case "run.lapsed":
            return Usage(lapsed=licenses)
        case "run.released":
            return Usage(released=licenses)
        case _:
            used = next((change.after for change in entry.changes if change.field == "licenses_used"), licenses)
            return Usage(consumed=used, released=licenses - used)


def summed(rows: Iterable[Row], by: By, customers: Mapping[str, str]) -> dict[str, Usage]:
    """The sums of the rows by key, in the order of the keys. `customers` is by project, "" for no customer."""
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

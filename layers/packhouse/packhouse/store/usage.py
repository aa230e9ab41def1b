"""Usage in the journal's table: the parts of the log that were counted, and the rows with their counts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta

from packhouse.domain import instants
from packhouse.domain.projects import Project
from packhouse.domain.usage import Part, Row, Usage
from packhouse.errors import AnswerTooLarge, TryAgain
from packhouse.store import keys, projects, rounds
from packhouse.store.rounds import Progress
from packhouse.store.table import ABSENT, Log, Table
from packhouse.store.wire import Item, Key

ROWS_MAX = 30_000  # for one answer: a year with eighty projects used every day
ROWS_PAGES_MAX = 100  # of 1 MB; a row is far smaller than 1 KB
PARTS_PER_PAGE = 8
PARTS_PAGES_MAX = 500
ZONES_APART = timedelta(days=2)  # a day was counted in an earlier zone, up to 26 hours from today's


def recent_parts(log: Table, wg: str) -> list[Part]:
    """The newest final part, if there is one, then the parts that may still change, oldest first."""
    newest_first: list[Part] = []
    after: Item | None = None
    for _ in range(PARTS_PAGES_MAX):
        page = log.query(keys.counted_parts(wg), limit=PARTS_PER_PAGE, after=after, newest_first=True)
        for part in map(_part, page.items):
            newest_first.append(part)
            if part.final:
                return newest_first[::-1]
        after = page.after
        if after is None:
            return newest_first[::-1]
    raise TryAgain


def counted_until(log: Table, wg: str) -> datetime | None:
    """The instant up to which all rows are written. None: no part was counted yet."""
    page = log.query(keys.counted_parts(wg), limit=1, newest_first=True)
    for part in map(_part, page.items):
        return part.last if part.entries is not None else part.first
    return None


def claim(log: Log, wg: str, part: Part) -> bool:
    """Fix where this part ends. False: the end of a part with this first instant was already fixed."""
    return log.put(_part_item(wg, part), only_if=ABSENT)


def finish(log: Log, wg: str, part: Part) -> None:
    """Record that the part's rows are written. A final part stays final, even if a slower tick finishes it later."""
    log.put(_part_item(wg, part), only_if="attribute_exists(PK) AND #final = :no", no=False)


def write_row(log: Log, wg: str, row: Row) -> None:
    """Write a row, unless a row of as many entries is there. The log only grows, so the higher count is the newer."""
    item = {
        **keys.usage_row(wg, row.day, row.project_id, row.sku, row.first),
        "entries": row.entries,
        **{name: count for name, count in asdict(row.usage).items() if count},
    }
    log.put(item, only_if="attribute_not_exists(PK) OR entries < :entries", entries=row.entries)


def rows(log: Table, wg: str, first: date | None, last: date, *, rows_max: int = ROWS_MAX) -> list[Row]:
    """The rows from `first` to `last`, both included, by day. `AnswerTooLarge` if there are more than `rows_max`."""
    found: list[Row] = []
    after: Item | None = None
    if first is not None and first > last:
        return found
    for _ in range(ROWS_PAGES_MAX):
        page = log.query(keys.usage_rows(wg, first, last), limit=rows_max - len(found) + 1, after=after)
        found += map(_row, page.items)
        if len(found) > rows_max:
            break
        after = page.after
        if after is None:
            return found
    raise AnswerTooLarge(rows_max=rows_max)


def parts(log: Table, wg: str, first: date | None, last: date) -> Iterator[Part]:
    """The parts from `first` to `last`, both included, whose rows are written, in the order of time."""
    if first is not None and first > last:
        return
    soonest = instants.day_starts(first, "UTC") - ZONES_APART if first else None
    latest = instants.day_ends(last, "UTC") + ZONES_APART
    for part in map(_part, log.query_all(keys.counted_parts(wg, soonest, latest))):
        if part.entries is not None and (first is None or first <= part.day) and part.day <= last:
            yield part


def progress(log: Log) -> Progress:
    return rounds.of_item(log.read(keys.rolled_up()))


def move(log: Log, progress: Progress, *, after: Item | None) -> None:
    """Remember where the next tick goes on. If another tick has moved the progress meanwhile, that tick counts."""
    log.put({**keys.rolled_up(), **progress.moved(after)}, only_if=rounds.UNMOVED, ticks=progress.ticks)


def run_items(table: Table, wg: str, named: Iterable[tuple[str, str]]) -> dict[str, Item]:
    """The items of runs that are named by project and id, by id. Runs that don't exist are left out."""
    run_keys = [keys.run(wg, project_id, run_id) for project_id, run_id in dict.fromkeys(named)]
    return {keys.subject(item): item for item in _existing(table, run_keys)}


def projects_named(table: Table, wg: str, project_ids: Iterable[str]) -> dict[str, Project]:
    """Projects by id, removed projects too. Projects that don't exist are left out."""
    project_keys = [keys.project(wg, project_id) for project_id in dict.fromkeys(project_ids)]
    return {keys.subject(item): projects.of_item(item) for item in _existing(table, project_keys)}


def _existing(table: Table, item_keys: Sequence[Key]) -> Iterator[Item]:
    return (item for item in table.read_many_pages(item_keys) if item is not None)


def _part_item(wg: str, part: Part) -> Item:
    return {
        **keys.counted_part(wg, part.first),
        "last": instants.precise(part.last),
        "day": part.day.isoformat(),
        "entries": part.entries,
        "final": part.final,
    }


def _part(item: Item) -> Part:
    return Part(
        first=instants.parse(item["SK"]),
        last=instants.parse(item["last"]),
        day=date.fromisoformat(item["day"]),
        entries=item.get("entries"),
        final=item["final"],
    )


def _row(item: Item) -> Row:
    day, project_id, rest = item["SK"].split("#", 2)
    sku, _, first = rest.rpartition("#")
    return Row(
        day=date.fromisoformat(day),
        project_id=project_id,
        sku=sku,
        first=instants.parse(first),
        usage=Usage(**{name: item.get(name, 0) for name in Usage.__dataclass_fields__}),
        entries=item["entries"],
    )

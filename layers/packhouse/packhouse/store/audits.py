"""The auditor's reads and writes: the whole content of a workgroup, the progress of its round, and its findings."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from packhouse.domain import instants
from packhouse.domain.journal import Entry
from packhouse.domain.violations import Violation
from packhouse.errors import NotFound, TryAgain
from packhouse.store import journal, keys, rounds
from packhouse.store.keys import KeyRange
from packhouse.store.patience import WriteRefused
from packhouse.store.table import ABSENT, StampedTable, Table
from packhouse.store.wire import Item, Key

CONTENT_MAX = 500_000  # items and entries of one workgroup; more don't fit into the function's memory
SUSPECTS_MAX = 200  # they must fit into one item
SUSPECTS_PER_WORKGROUP_MAX = 20
AHEAD = timedelta(days=1)  # an entry may be written after the month has ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(rounds.Progress):
    """The progress of the auditor's round. `at`: the time of the last tick.

    `suspects`: the violations that the last tick saw for the first time, by workgroup.
    """

    at: datetime | None = None
    suspects: Mapping[str, Sequence[Violation]] = field(default_factory=dict)


def content(
    table: Table, log: Table, wg: str, *, now: datetime, content_max: int = CONTENT_MAX
) -> tuple[list[Item], list[Entry]]:
    """All items and entries of a workgroup; `TryAgain` if there are too many. The workgroup may change meanwhile."""
    items = list(islice(_items(table, wg, content_max), content_max + 1))
    if len(items) > content_max:
        raise TryAgain
    created_at = next((item["created_at"] for item in items if keys.entity(item) == "WG"), None)
    if created_at is None:
        raise NotFound
    all_entries = journal.all_entries(log, wg, instants.parse(created_at), now + AHEAD, pages_max=content_max)
    entries = list(islice(all_entries, content_max + 1 - len(items)))
    if len(items) + len(entries) > content_max:
        raise TryAgain
    return items, entries


def read(table: Table) -> Progress:
    item = table.read(keys.audit())
    if item is None:
        return Progress()
    suspects: dict[str, list[Violation]] = {}
    for suspect in item["suspects"]:
        suspects.setdefault(suspect.pop("workgroup_id"), []).append(Violation(**suspect))
    at = instants.parse(item["changed_at"])
    return Progress(ticks=item["ticks"], at=at, after=item.get("after"), suspects=suspects)


def move(
    table: StampedTable, progress: Progress, *, after: Item | None, suspects: Mapping[str, Iterable[Violation]]
) -> None:
    """Remember where the next tick goes on. If another tick has moved the progress meanwhile, that tick counts."""
    listed = [{"workgroup_id": wg, **asdict(suspect)} for wg, of_wg in suspects.items() for suspect in of_wg]
    moved = {**keys.audit(), **progress.moved(after), "suspects": listed}
    with suppress(WriteRefused):
        table.write(table.put(moved, only_if=rounds.UNMOVED, ticks=progress.ticks))


def is_recorded(table: Table, wg: str, violation: Violation) -> bool:
    """Whether this violation is recorded as a finding."""
    return table.read(_finding(wg, violation)) is not None


def record(table: StampedTable, wg: str, violation: Violation) -> None:
    """Record a violation as a finding; the stream then journals it. Idempotent."""
    attributes = {"invariant": violation.invariant, "subject": violation.item, "detail": violation.detail}
    with suppress(WriteRefused):
        table.write(table.put({**_finding(wg, violation), **attributes}, only_if=ABSENT))


def _finding(wg: str, violation: Violation) -> Key:
    name = f"{violation.invariant}\n{violation.item}\n{violation.detail}"
    return keys.finding(wg, hashlib.sha256(name.encode()).hexdigest()[:24])


def _items(table: Table, wg: str, pages_max: int) -> Iterator[Item]:
    projects: list[str] = []
    for item in table.query_all(keys.kept_with_workgroup(wg), pages_max=pages_max):
        yield item
        if keys.entity(item) == "PROJECT":
            projects.append(keys.subject(item))
    for project in projects:
        yield from table.query_all(keys.kept_with_project(wg, project), pages_max=pages_max)
    for index_range in (keys.members(wg), keys.api_keys(wg)):
        yield from _whole_items(table, index_range)


def _whole_items(table: Table, index_range: KeyRange) -> Iterator[Item]:
    """The items that an index lists, read from the table: the index holds only their keys."""
    listed = [keys.of(item) for item in table.query_all(index_range)]
    yield from (item for item in table.read_many_pages(listed) if item is not None)

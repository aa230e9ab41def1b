"""What the auditor reads and writes: all that the tables hold of a workgroup, how far it has come, what it found."""

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

CONTENT_MAX = 500_000  # items and entries of one workgroup: what the function's memory holds
SUSPECTS_MAX = 200  # all in one item
SUSPECTS_OF_ONE_MAX = 20
AHEAD = timedelta(days=1)  # an entry written while the month turns


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(rounds.Progress):
    """How far the auditor's round is, when its last tick was, and what looked wrong then, by workgroup."""

    at: datetime | None = None
    suspects: Mapping[str, Sequence[Violation]] = field(default_factory=dict)


def content(
    table: Table, log: Table, wg: str, *, now: datetime, content_max: int = CONTENT_MAX
) -> tuple[list[Item], list[Entry]]:
    """Every item and every entry of a workgroup, or `TryAgain` where they are too many. It may change while read."""
    items = list(islice(_items(table, wg, content_max), content_max + 1))
    if len(items) > content_max:
        raise TryAgain
    created_at = next((item["created_at"] for item in items if keys.kind(item) == "WG"), None)
    if created_at is None:
        raise NotFound
    told = journal.every(log, wg, instants.parse(created_at), now + AHEAD, pages_max=content_max)
    entries = list(islice(told, content_max + 1 - len(items)))
    if len(items) + len(entries) > content_max:
        raise TryAgain
    return items, entries


def read(table: Table) -> Progress:
    item = table.read(keys.audit())
    if item is None:
        return Progress()
    suspects: dict[str, list[Violation]] = {}
    for one in item["suspects"]:
        suspects.setdefault(one.pop("workgroup_id"), []).append(Violation(**one))
    at = instants.parse(item["changed_at"])
    return Progress(ticks=item["ticks"], at=at, after=item.get("after"), suspects=suspects)


def move(
    table: StampedTable, met: Progress, *, after: Item | None, suspects: Mapping[str, Iterable[Violation]]
) -> None:
    """Remember where the next tick goes on. If another tick has moved the progress meanwhile, that tick counts."""
    listed = [{"workgroup_id": wg, **asdict(one)} for wg, violations in suspects.items() for one in violations]
    progress = {**keys.audit(), **met.moved(after), "suspects": listed}
    with suppress(WriteRefused):
        table.write(table.put(progress, only_if=rounds.UNMOVED, ticks=met.ticks))


def is_recorded(table: Table, wg: str, violation: Violation) -> bool:
    """Whether a violation is known as a finding."""
    return table.read(_finding(wg, violation)) is not None


def record(table: StampedTable, wg: str, violation: Violation) -> None:
    """Put a finding where the journal sees it, once however often it is found."""
    told = {"invariant": violation.invariant, "subject": violation.item, "detail": violation.detail}
    with suppress(WriteRefused):
        table.write(table.put({**_finding(wg, violation), **told}, only_if=ABSENT))


def _finding(wg: str, violation: Violation) -> Key:
    named = f"{violation.invariant}\n{violation.item}\n{violation.detail}"
    return keys.finding(wg, hashlib.sha256(named.encode()).hexdigest()[:24])


def _items(table: Table, wg: str, pages_max: int) -> Iterator[Item]:
    projects: list[str] = []
    for item in table.query_all(keys.kept_with_workgroup(wg), pages_max=pages_max):
        yield item
        if keys.kind(item) == "PROJECT":
            projects.append(keys.subject(item))
    for project in projects:
        yield from table.query_all(keys.kept_with_project(wg, project), pages_max=pages_max)
    for listed in (keys.members(wg), keys.api_keys(wg)):
        yield from _listed(table, listed)


def _listed(table: Table, of_index: KeyRange) -> Iterator[Item]:
    """The items that an index lists, as they are."""
    found = [keys.of(item) for item in table.query_all(of_index)]
    yield from (item for item in table.read_many_pages(found) if item is not None)

"""What the auditor reads and writes: all that the tables hold of a workgroup, how far it has come, what it found."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import batched

from packhouse.domain.journal import Entry
from packhouse.domain.violations import Violation
from packhouse.domain.workgroups import Workgroup
from packhouse.store import journal, keys
from packhouse.store.table import BATCH_READ_MAX, Item, KeyRange, StampedTable, Table, WriteRefused

PAGES_MAX = 150  # of 1 MB: some 150,000 runs of a project, or entries of a month
SUSPECTS_MAX = 200
AHEAD = timedelta(days=1)  # an entry written while the month turns


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where the round stands: the place in the list of workgroups, and what looked wrong at the last look."""

    ticks: int = 0
    after: Item | None = None
    suspects: Mapping[str, Sequence[Violation]] = field(default_factory=dict)


def content(table: Table, log: Table, workgroup: Workgroup, *, now: datetime) -> tuple[list[Item], list[Entry]]:
    """Every item and every entry of a workgroup. It may change while it is read."""
    wg = workgroup.workgroup_id
    items = list(table.query_all(keys.kept_with_workgroup(wg), pages_max=PAGES_MAX))
    for project in [item for item in items if keys.kind(item) == "PROJECT"]:
        items += table.query_all(keys.kept_with_project(wg, keys.subject(project)), pages_max=PAGES_MAX)
    for listed in (keys.members(wg), keys.api_keys(wg)):
        items += _listed(table, listed)
    return items, list(journal.every(log, wg, workgroup.created_at, now + AHEAD, pages_max=PAGES_MAX))


def read(table: Table) -> Progress:
    item = table.read(keys.audit())
    if item is None:
        return Progress()
    suspects: dict[str, list[Violation]] = {}
    for one in item["suspects"]:
        suspects.setdefault(one.pop("workgroup_id"), []).append(Violation(**one))
    return Progress(ticks=item["ticks"], after=item.get("after"), suspects=suspects)


def move(
    table: StampedTable, met: Progress, *, after: Item | None, suspects: Mapping[str, Iterable[Violation]]
) -> None:
    """Remember where the next tick goes on; if another tick has done so meanwhile, that one counts."""
    listed = [{"workgroup_id": wg, **asdict(one)} for wg, violations in suspects.items() for one in violations]
    progress = {**keys.audit(), "ticks": met.ticks + 1, "after": after, "suspects": listed[:SUSPECTS_MAX]}
    unmoved = "attribute_not_exists(PK) OR ticks = :ticks"
    with suppress(WriteRefused):
        table.write(table.put(progress, only_if=unmoved, ticks=met.ticks))


def record(table: StampedTable, wg: str, violation: Violation) -> None:
    """Put a finding where the journal sees it, once however often it is found."""
    named = f"{violation.invariant}\n{violation.item}\n{violation.detail}"
    finding_id = hashlib.sha256(named.encode()).hexdigest()[:24]
    told = {"invariant": violation.invariant, "subject": violation.item, "detail": violation.detail}
    with suppress(WriteRefused):
        table.write(table.put({**keys.finding(wg, finding_id), **told}, only_if="attribute_not_exists(PK)"))


def _listed(table: Table, of_index: KeyRange) -> Iterator[Item]:
    """The items that an index lists, as they are."""
    found = [{"PK": item["PK"], "SK": item["SK"]} for item in table.query_all(of_index)]
    for some in batched(found, BATCH_READ_MAX, strict=False):
        yield from (item for item in table.read_many(some) if item is not None)

"""The invariants of DESIGN.md section 4, each checked under its name over what the tables hold.

Pure functions over items and journal entries, so that unit tests, races and an auditor ask the same code.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from packhouse.domain import ids, instants
from packhouse.domain.journal import Entry
from packhouse.domain.packs import Pack, SourceKind
from packhouse.domain.runs import Run, RunState
from packhouse.store import changes, keys, packs, runs
from packhouse.store.table import Item

ENDED = frozenset({RunState.CONSUMED, RunState.RELEASED, RunState.LAPSED})


@dataclass(frozen=True, slots=True)
class Violation:
    """What doesn't hold: the invariant's name, the item, and a sentence."""

    invariant: str
    item: str
    detail: str


@dataclass(frozen=True, slots=True)
class Content:
    """All that a table holds of some workgroups, and their journal in the order of the stream."""

    items: Sequence[Item]
    entries: Sequence[Entry]

    def packs(self) -> list[Pack]:
        return [packs.of_item(item) for item in self.items if keys.kind(item) == "PACK"]

    def runs(self) -> list[Run]:
        return [runs.of_item(item) for item in self.items if keys.kind(item) == "RUN"]


def violations(items: Iterable[Item], entries: Iterable[Entry]) -> list[Violation]:
    """Everything that doesn't hold. `entries` are all there are of these items, in any order."""
    ordered = sorted(entries, key=lambda entry: int(entry.sequence))
    content = Content(list(items), ordered)
    return [Violation(name, item, detail) for name, check in CHECKS.items() for item, detail in check(content)]


def conservation(content: Content) -> Iterator[tuple[str, str]]:
    """Per pack: what is in runs, by the counters, is what its held and consumed runs hold; nothing is below zero."""
    in_runs: Counter[tuple[str, str]] = Counter()
    for run in content.runs():
        held = run.allocation if run.state is RunState.HELD else run.consumed()
        for pack_id, quantity in held.items():
            in_runs[run.workgroup_id, pack_id] += quantity
    for pack in content.packs():
        counters = (pack.available, pack.assigned, pack.in_coupons, pack.expired, pack.revoked, pack.in_runs)
        if min(counters) < 0:
            yield pack.pack_id, f"a counter is below zero: {counters}"
        held_by_runs = in_runs[pack.workgroup_id, pack.pack_id]
        if pack.in_runs != held_by_runs:
            yield pack.pack_id, f"{pack.in_runs} in runs by its counters, {held_by_runs} by its runs"
        if pack.assigned or pack.in_coupons:
            yield pack.pack_id, "licenses are assigned or in coupons, and nothing is that holds them"


def isolation(content: Content) -> Iterator[tuple[str, str]]:
    """A run holds licenses of packs of its own workgroup, and lies in a project of it."""
    owned = {(pack.workgroup_id, pack.pack_id) for pack in content.packs()}
    owned |= {(changes.owner(item), keys.subject(item)) for item in content.items if keys.kind(item) == "PROJECT"}
    for run in content.runs():
        for used in (run.project_id, *run.allocation):
            if (run.workgroup_id, used) not in owned:
                yield run.run_id, f"its workgroup doesn't have {used}"


def settle_once(content: Content) -> Iterator[tuple[str, str]]:
    """A run ends once: it has at most one entry that says so, and isn't in a queue afterwards."""
    endings = Counter(
        entry.item
        for entry in content.entries
        for change in entry.changes
        if entry.kind.startswith("run.") and change.field == "state" and change.after in ENDED
    )
    for item in content.items:
        if keys.kind(item) != "RUN":
            continue
        run = runs.of_item(item)
        if endings[run.run_id] != (run.state in ENDED):
            yield run.run_id, f"it is {run.state}, and ended {endings[run.run_id]} times"
        if ("due" in item) != (run.state is RunState.HELD):
            yield run.run_id, f"it is {run.state}, and its place in the queue doesn't say so"


def success_iff_consumed(content: Content) -> Iterator[tuple[str, str]]:
    """A run consumed licenses exactly if its work succeeded."""
    for run in content.runs():
        succeeded = run.outcome == "succeeded"
        if succeeded != (run.state is RunState.CONSUMED) or succeeded != (run.licenses_used is not None):
            yield run.run_id, f"{run.outcome} and {run.state}, with {run.licenses_used} licenses used"
        if run.licenses_used is not None and not 1 <= run.licenses_used <= run.licenses:
            yield run.run_id, f"it used {run.licenses_used} of {run.licenses}"


def burn_down(content: Content) -> Iterator[tuple[str, str]]:
    """A start leaves no license in a pack that expires sooner than one it took from."""
    starts = {entry.request_id for entry in content.entries if entry.kind == "run.held"}
    available: dict[tuple[str, str], int] = {}
    unusable: set[tuple[str, str]] = set()
    of_packs = [entry for entry in content.entries if entry.kind.startswith("pack.")]
    for request_id, together in groupby(of_packs, key=lambda entry: entry.request_id):
        entries = list(together)
        for entry in entries:
            pack = (entry.owner, entry.item)
            fields = {change.field: change.after for change in entry.changes}
            available[pack] = fields.get("available", available.get(pack, 0))
            if "state" in fields:
                (unusable.discard if fields["state"] == "active" else unusable.add)(pack)
        if request_id not in starts:
            continue
        for (wg, pack_id), left in available.items():
            later = [entry.item for entry in entries if entry.owner == wg and _sooner(pack_id, entry.item)]
            unexpired = ids.pack_expiry(pack_id) > instants.parse(entries[0].at)
            if left and later and unexpired and (wg, pack_id) not in unusable:
                yield pack_id, f"{left} were left in it when a start took from {later[0]}"


def paid_iff_granted(content: Content) -> Iterator[tuple[str, str]]:
    """A pack exists only because something was paid; demo packs say of themselves that nobody paid."""
    for pack in content.packs():
        if pack.source.kind is not SourceKind.DEMO:
            yield pack.pack_id, "nothing was paid for it"


def journal_complete(content: Content) -> Iterator[tuple[str, str]]:
    """The entries of an item, one after another, make it what it is: no change is missing, doubled or told wrongly."""
    told: dict[tuple[str, str], dict[str, object]] = defaultdict(dict)
    for entry in content.entries:
        fields = told[entry.owner, entry.item]
        for change in entry.changes:
            if fields.get(change.field) != change.before:
                yield entry.item, f"{change.field}: {change.before!r} follows {fields.get(change.field)!r}"
            fields[change.field] = change.after
    for item in content.items:
        now = changes.journaled(item)
        if not now:
            continue
        name = keys.subject(item)
        said = {field: value for field, value in told[changes.owner(item), name].items() if value is not None}
        if said != now:
            yield name, f"the journal says {said}, the table {now}"


CHECKS: Mapping[str, Callable[[Content], Iterator[tuple[str, str]]]] = {
    "conservation": conservation,
    "isolation": isolation,
    "settle-once": settle_once,
    "success-iff-consumed": success_iff_consumed,
    "burn-down": burn_down,
    "paid-iff-granted": paid_iff_granted,
    "journal-complete": journal_complete,
}


def _sooner(pack_id: str, other: str) -> bool:
    """Whether a pack comes before another of the same license type in burn-down order."""
    return pack_id < other and ids.pack_code(pack_id) == ids.pack_code(other)

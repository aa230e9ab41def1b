"""The invariants of DESIGN.md section 4, each checked under its name over what the tables hold.

Pure functions over items and journal entries, so that unit tests, races and an auditor ask the same code.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from packhouse.domain import ids, instants
from packhouse.domain.journal import Entry
from packhouse.domain.orders import Order
from packhouse.domain.packs import Pack, SourceKind
from packhouse.domain.runs import Run, RunState
from packhouse.domain.violations import Violation
from packhouse.store import changes, keys, orders, packs, runs, workgroups
from packhouse.store.table import Item

STAMPS = ("request_id", "changed_at")
COUNTERS = ("available", "assigned", "in_coupons", "expired", "revoked")
REQUEST_MAX = timedelta(seconds=30)  # a function's time-out is less
ENDED = (RunState.CONSUMED, RunState.RELEASED, RunState.LAPSED)
UNREADABLE = (AttributeError, LookupError, TypeError, ValueError)
"""What is raised by what somebody wrote by hand and what makes no sense."""


@dataclass(frozen=True, slots=True)
class Content:
    """All that a table holds of some workgroups, and their journal in the order of the stream."""

    items: Sequence[Item]
    packs: Sequence[Pack]
    runs: Sequence[Run]
    orders: Sequence[Order]
    entries: Sequence[Entry]
    late: frozenset[tuple[str, str]]
    """Owner and name of what was changed so lately that its entry may be missing yet, and is."""


def violations(
    items: Iterable[Item], entries: Iterable[Entry], *, late_since: datetime | None = None
) -> list[Violation]:
    """Everything that doesn't hold. `entries` are all there are of these items, in any order.

    An item that can't be read is a violation of its own, and left out of the other checks. The journal may lack what
    changed after `late_since`.
    """
    found: list[tuple[str, str, str]] = []
    read: dict[str, list[Any]] = {name: [] for name in READERS}
    readable: list[Item] = []
    stamps: dict[str, str] = {}
    for item in items:
        kind, name = keys.kind(item), keys.subject(item)
        stamps[name] = max(stamps.get(name, ""), f"{item.get('changed_at')} {item.get('request_id')}")
        try:
            _expect(str, *(item[stamp] for stamp in STAMPS if stamp in item))
            changes.journaled(item)
            if kind in READERS:
                read[kind].append(READERS[kind](item))
        except UNREADABLE as error:
            found.append(("readable", name, f"{type(error).__name__}: {error}"))
        else:
            readable.append(item)
    ordered = sorted(entries, key=lambda entry: int(entry.sequence))
    late = _late(readable, ordered, instants.precise(late_since)) if late_since else frozenset()
    content = Content(readable, read["PACK"], read["RUN"], read["ORDER"], ordered, late)
    found += [(invariant, *one) for invariant, check in CHECKS.items() for one in check(content)]
    return [Violation(invariant, name, detail, stamps.get(name, "")) for invariant, name, detail in found]


def _late(items: Iterable[Item], entries: Iterable[Entry], since: str) -> frozenset[tuple[str, str]]:
    told = {(entry.owner, entry.item, entry.at, entry.request_id) for entry in entries if entry.at > since}
    changed = {
        (changes.owner(item), keys.subject(item), item["changed_at"], item.get("request_id"))
        for item in items
        if item.get("changed_at", "") > since
    }
    return frozenset((owner, name) for owner, name, _, _ in changed - told)


def conservation(content: Content) -> Iterator[tuple[str, str]]:
    """Per pack: what is in runs by its counters is what held and consumed runs hold; nothing was ever below zero."""
    in_runs: Counter[tuple[str, str]] = Counter()
    for run in content.runs:
        held = run.allocation if run.state is RunState.HELD else run.consumed()
        for pack_id, quantity in held.items():
            in_runs[run.workgroup_id, pack_id] += quantity
    for pack in content.packs:
        counters = {name: getattr(pack, name) for name in (*COUNTERS, "in_runs")}
        if min(counters.values()) < 0:
            yield pack.pack_id, f"a counter is below zero: {counters}"
        held_by_runs = in_runs[pack.workgroup_id, pack.pack_id]
        if pack.in_runs != held_by_runs:
            yield pack.pack_id, f"{pack.in_runs} in runs by its counters, {held_by_runs} by its runs"
        if pack.assigned or pack.in_coupons:
            yield pack.pack_id, "licenses are assigned or in coupons, and nothing is that holds them"
    yield from _ever_below_zero(content)


def _ever_below_zero(content: Content) -> Iterator[tuple[str, str]]:
    """Every image of a pack ever written, by its entries: no counter below zero, and no more than there are."""
    images: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for entry in content.entries:
        if not entry.kind.startswith("pack."):
            continue
        image = images[entry.owner, entry.item]
        image |= {change.field: change.after for change in entry.changes if change.field in (*COUNTERS, "quantity")}
        numbers = [image.get(name) for name in (*COUNTERS, "quantity")]
        whole = [number for number in numbers if isinstance(number, int)]
        if len(whole) == len(numbers) and (min(whole) < 0 or sum(whole[:-1]) > whole[-1]):
            yield entry.item, f"at {entry.at} it was {image}"


def isolation(content: Content) -> Iterator[tuple[str, str]]:
    """A run holds licenses of packs of its own workgroup, and lies in a project of it."""
    owned = {(pack.workgroup_id, pack.pack_id) for pack in content.packs}
    owned |= {(changes.owner(item), keys.subject(item)) for item in content.items if keys.kind(item) == "PROJECT"}
    for run in content.runs:
        for used in (run.project_id, *run.allocation):
            if (run.workgroup_id, used) not in owned:
                yield run.run_id, f"its workgroup doesn't have {used}"


def settle_once(content: Content) -> Iterator[tuple[str, str]]:
    """A run ends once: nothing is told of it after its end, and it isn't in a queue afterwards."""
    ended: set[tuple[str, str]] = set()
    for entry in content.entries:
        if not entry.kind.startswith("run."):
            continue
        if (entry.owner, entry.item) in ended:
            yield entry.item, f"{entry.kind} at {entry.at} came after its end"
        if any(change.field == "state" and change.after in ENDED for change in entry.changes):
            ended.add((entry.owner, entry.item))
    queued = {keys.subject(item) for item in content.items if keys.kind(item) == "RUN" and "due" in item}
    for run in content.runs:
        name = (run.workgroup_id, run.run_id)
        if (run.state in ENDED) != (name in ended) and name not in content.late:
            yield run.run_id, f"it is {run.state}, and the journal tells otherwise"
        if (run.state is RunState.HELD) != (run.run_id in queued):
            yield run.run_id, f"it is {run.state}, and its place in the queue doesn't say so"


def success_iff_consumed(content: Content) -> Iterator[tuple[str, str]]:
    """A run consumed licenses exactly if its work succeeded."""
    for run in content.runs:
        succeeded = run.outcome == "succeeded"
        if succeeded != (run.state is RunState.CONSUMED) or succeeded != (run.licenses_used is not None):
            yield run.run_id, f"{run.outcome} and {run.state}, with {run.licenses_used} licenses used"
        if run.licenses_used is not None and not 1 <= run.licenses_used <= run.licenses:
            yield run.run_id, f"it used {run.licenses_used} of {run.licenses}"


def burn_down(content: Content) -> Iterator[tuple[str, str]]:
    """A start leaves no license in a pack that expires sooner than one it took from, if it could have seen it there.

    What was given back while a start was under way it need not have seen: a license counts once it has been in its
    pack for longer than a request lasts.
    """
    starts = {(entry.owner, entry.request_id) for entry in content.entries if entry.kind == "run.held"}
    of_packs: dict[str, dict[str, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    for entry in content.entries:
        if entry.kind.startswith("pack.") and ids.is_id(ids.Kind.PACK, entry.item):
            request_id = entry.request_id or entry.entry_id  # outside Packhouse, each change is one of its own
            of_packs[entry.owner][request_id].append(entry)
    for owner, requests in of_packs.items():
        packs = _Packs()
        for request_id, entries in requests.items():
            packs.apply(entries)
            if (owner, request_id) in starts:
                yield from packs.passed_over(entries)


class _Packs:
    """The packs of a workgroup, as the journal tells them up to some entry."""

    def __init__(self) -> None:
        self._available: dict[str, int] = {}
        self._since: dict[str, datetime] = {}
        self._unusable: set[str] = set()

    def apply(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            fields = {change.field: change.after for change in entry.changes}
            if "available" in fields:
                if not self._available.get(entry.item):
                    self._since[entry.item] = instants.parse(entry.at)
                self._available[entry.item] = fields["available"]
            if "state" in fields:
                (self._unusable.discard if fields["state"] == "active" else self._unusable.add)(entry.item)

    def passed_over(self, start: Sequence[Entry]) -> Iterator[tuple[str, str]]:
        at = instants.parse(start[0].at)
        for pack_id, left in self._available.items():
            later = [entry.item for entry in start if _sooner(pack_id, entry.item)]
            seen = self._since[pack_id] < at - REQUEST_MAX and ids.pack_expiry(pack_id) > at
            if left and later and seen and pack_id not in self._unusable:
                yield pack_id, f"{left} were left in it when a start took from {later[0]}"


def paid_iff_granted(content: Content) -> Iterator[tuple[str, str]]:
    """An order's packs exist exactly if it was paid, one per line; demo packs say of themselves that nobody paid."""
    granted = {(pack.workgroup_id, pack.pack_id): pack for pack in content.packs}
    for order in content.orders:
        if (order.payment is not None) != bool(order.packs) or len(order.packs) not in {0, len(order.lines)}:
            yield order.order_id, f"{order.status}, with {len(order.packs)} packs for {len(order.lines)} lines"
        for line, pack_id in zip(order.lines, order.packs, strict=False):
            pack = granted.pop((order.workgroup_id, pack_id), None)
            if pack is None or (pack.sku, pack.quantity, pack.source.order_id) != (
                line.sku,
                line.quantity,
                order.order_id,
            ):
                yield order.order_id, f"{pack_id} isn't what was paid for"
    for pack in granted.values():
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
        name = keys.subject(item)
        if now:
            told_of = (changes.owner(item), name)
            said = _present(told.pop(told_of, {}))
            if said != now and told_of not in content.late:
                yield name, f"the journal says {said}, the table {now}"
    for (_, name), fields in told.items():
        if said := _present(fields):
            yield name, f"the journal says {said}, the table has nothing of it"


def _present(fields: Mapping[str, object]) -> dict[str, object]:
    return {field: value for field, value in fields.items() if value is not None}


def _pack(item: Item) -> Pack:
    pack = packs.of_item(item)
    _expect(int, pack.quantity, *(getattr(pack, name) for name in COUNTERS))
    if not ids.is_id(ids.Kind.PACK, pack.pack_id):
        message = "its key is no pack's"
        raise ValueError(message)
    return pack


def _run(item: Item) -> Run:
    run = runs.of_item(item)
    _expect(int, *run.allocation.values(), *([] if run.licenses_used is None else [run.licenses_used]))
    return run


def _order(item: Item) -> Order:
    order = orders.of_item(item)
    _expect(str, *order.packs)
    return order


def _expect(kind: type, *values: object) -> None:
    for value in values:
        if not isinstance(value, kind):
            message = f"{value!r} is no {kind.__name__}"
            raise TypeError(message)


READERS: Mapping[str, Callable[[Item], object]] = {
    "WG": workgroups.of_item,
    "PACK": _pack,
    "RUN": _run,
    "ORDER": _order,
}
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

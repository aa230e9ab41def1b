"""The invariants of docs/invariants.md, each checked by its name over the items of the tables.

Pure functions over items and journal entries, so that unit tests, races and an auditor ask the same code.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from packhouse.domain import ids, instants
from packhouse.domain import runs as rules
from packhouse.domain.entitlements import Entitlement, EntitlementState
from packhouse.domain.journal import Entry
from packhouse.domain.packs import SourceKind
from packhouse.domain.projects import ENDED_IDLE, ProjectState
from packhouse.domain.runs import Coverage, Outcome, Pass, Run, RunState
from packhouse.domain.violations import Violation
from packhouse.journal.entries import journaled, owner
from packhouse.operations import content as contents
from packhouse.operations.content import COUNTERS, Content, RunName
from packhouse.store import keys
from packhouse.store.wire import Item

REQUEST_MAX = timedelta(seconds=30)  # a function's time-out is less
ENDED = (RunState.CONSUMED, RunState.RELEASED, RunState.LAPSED)
RETRIES_MAX = 100  # the most that the template allows; what a deployment allows now may have been more once
TAKING = frozenset({"run.held", "entitlement.assigned"})


type Checks = Mapping[str, Callable[[Content], Iterator[tuple[str, str]]]]
"""By the invariant's name, what finds the items it doesn't hold for, and says why not."""


def violations(
    items: Iterable[Item],
    entries: Iterable[Entry],
    *,
    retries_max: int = RETRIES_MAX,
    late_since: datetime | None = None,
) -> list[Violation]:
    """Everything that doesn't hold. `entries` are all there are of these items, in any order.

    An item that can't be read is a violation of its own, and left out of the other checks. The journal may lack what
    changed after `late_since`.
    """
    held = contents.read(items, entries, late_since=late_since)
    checks: Checks = {**CHECKS, "retry-is-free": partial(retry_is_free, retries_max=retries_max)}
    found = [("readable", *one) for one in held.unreadable]
    found += [(invariant, *one) for invariant, check in checks.items() for one in check(held)]
    return [Violation(invariant, name, detail, held.stamps.get(name, "")) for invariant, name, detail in found]


def conservation(content: Content) -> Iterator[tuple[str, str]]:
    """Per pack: what is in runs or assigned by its counters is so by runs and entitlements; none was ever below 0."""
    in_runs: Counter[tuple[str, str]] = Counter()
    assigned = Counter((one.workgroup_id, pack_id) for one in content.entitlements for pack_id in one.spent())
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
        if pack.assigned != (entitled := assigned[pack.workgroup_id, pack.pack_id]):
            yield pack.pack_id, f"{pack.assigned} assigned by its counters, {entitled} by the entitlements"
        if pack.in_coupons:
            yield pack.pack_id, "licenses are in coupons, and nothing is that holds them"
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
    """A run holds licenses of packs of its own workgroup, and lies in a project of it; so is what is assigned."""
    owned = {(pack.workgroup_id, pack.pack_id) for pack in content.packs}
    owned |= {(owner(item), keys.subject(item)) for item in content.items if keys.kind(item) == "PROJECT"}
    for run in content.runs:
        for used in (run.project_id, *run.allocation):
            if (run.workgroup_id, used) not in owned:
                yield run.run_id, f"its workgroup doesn't have {used}"
    for entitlement in content.entitlements:
        for used in (entitlement.pack_id, *entitlement.earlier):
            if (entitlement.workgroup_id, used) not in owned:
                yield _named(entitlement), f"its workgroup doesn't have {used}"


def settle_once(content: Content) -> Iterator[tuple[str, str]]:
    """A run ends once: nothing is told of it after its end, and it isn't in a queue afterwards."""
    ended: set[tuple[str, str]] = set()
    for entry in content.entries:
        if not entry.kind.startswith("run."):
            continue
        if (entry.owner, entry.item) in ended:
            yield entry.item, f"{entry.kind} at {entry.at} came after its end"
        told = {change.field: change.after for change in entry.changes}
        if told.get("state") in ENDED or told.get("outcome"):
            ended.add((entry.owner, entry.item))
    queued = {keys.subject(item) for item in content.items if keys.kind(item) == "RUN" and "due" in item}
    for run in content.runs:
        name = (run.workgroup_id, run.run_id)
        over = run.state in ENDED if run.coverage is Coverage.LICENSED else run.settled_at is not None
        if over != (name in ended) and name not in content.late:
            yield run.run_id, f"it is {run.state}, and the journal tells otherwise"
        if (run.state is RunState.HELD) != (run.run_id in queued):
            yield run.run_id, f"it is {run.state}, and its place in the queue doesn't say so"


def success_iff_consumed(content: Content) -> Iterator[tuple[str, str]]:
    """A run consumed licenses exactly if it held some and its work succeeded."""
    for run in content.runs:
        licensed = run.coverage is Coverage.LICENSED
        if licensed != bool(run.allocation) or (not licensed and run.state is not run.coverage.first_state):
            yield run.run_id, f"{run.coverage} and {run.state}, with {run.licenses} licenses"
        succeeded = licensed and run.outcome is Outcome.SUCCEEDED
        if succeeded != (run.state is RunState.CONSUMED) or succeeded != (run.licenses_used is not None):
            yield run.run_id, f"{run.outcome} and {run.state}, with {run.licenses_used} licenses used"
        if run.licenses_used is not None and not 1 <= run.licenses_used <= run.licenses:
            yield run.run_id, f"it used {run.licenses_used} of {run.licenses}"


def idle_end(content: Content) -> Iterator[tuple[str, str]]:
    """No lease outlives the project that ended idle, which is retired for good exactly if it had a success.

    One that comes after the end, of a run without a lease, retires a closed project as soon as the watch has seen it.
    """
    of_project: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in content.runs:
        of_project[run.workgroup_id, run.project_id].append(run)
    for item in content.items:
        if keys.kind(item) != "PROJECT" or item.get("state") not in ENDED_IDLE:
            continue
        project_id = keys.subject(item)
        own = of_project[owner(item), project_id]
        for run in own:
            lease_ends_at = instants.text(run.lease_expires_at) if run.lease_expires_at else ""
            if run.state is RunState.HELD and lease_ends_at > item.get("ended_at", ""):
                yield project_id, f"it is {item['state']}, and {run.run_id} holds licenses"
        succeeded = any(run.outcome is Outcome.SUCCEEDED for run in own)
        if succeeded != (item["state"] == ProjectState.RETIRED):
            yield project_id, f"it is {item['state']} {'after' if succeeded else 'without'} a success"


def covered_iff_entitled(content: Content) -> Iterator[tuple[str, str]]:
    """A covered run's user had an entitlement that covered then; one is marked as used exactly if it covered runs.

    A request may see what another did that began, and so is dated, later.
    """
    entitled = {(one.workgroup_id, one.user, one.sku): one for one in content.entitlements}
    starts: dict[tuple[str, str, str], set[datetime]] = defaultdict(set)
    for run in content.runs:
        if run.coverage is Coverage.COVERED:
            name = (run.workgroup_id, run.user or "", run.sku)
            starts[name].add(run.started_at)
            if name not in entitled or not _covered(entitled[name], run.started_at):
                yield run.run_id, "nothing covered it"
    for name, one in entitled.items():
        if one.used_at is None and any(at >= one.assigned_at for at in starts[name]):
            yield _named(one), "it covered a run, and isn't marked as used"
        if one.used_at is not None and (one.used_at not in starts[name] or one.state is not EntitlementState.ACTIVE):
            yield _named(one), f"it is {one.state} and used at {one.used_at}, when it covered nothing"
        if one.until != ids.pack_expiry(one.pack_id):
            yield _named(one), "it doesn't end with its pack"


def _covered(entitlement: Entitlement, at: datetime) -> bool:
    """Whether it, or one that stood in its place before, covered then."""
    if entitlement.assigned_at - REQUEST_MAX <= at < entitlement.until and entitlement.state is EntitlementState.ACTIVE:
        return True
    return any(at < ids.pack_expiry(pack_id) for pack_id in entitlement.earlier)


def retry_is_free(content: Content, retries_max: int = RETRIES_MAX) -> Iterator[tuple[str, str]]:
    """A retry needs no license, and nothing else is free: its parent succeeded and left the errors it may leave.

    It goes back to the same root as its parent, and is counted there.
    """
    by_name = {(run.workgroup_id, run.project_id, run.run_id): run for run in content.runs}
    counted: Counter[RunName] = Counter()
    for name, run in by_name.items():
        if (run.coverage is Coverage.FREE) != (run.run_pass is Pass.RETRY_ERRORS):
            yield run.run_id, f"{run.coverage}, and its pass is {run.run_pass}"
        if run.coverage is not Coverage.FREE:
            continue
        parent_name = (run.workgroup_id, run.project_id, run.parent_run_id or "")
        parent = by_name.get(parent_name)
        if parent is None or not rules.retryable(parent, item_id=run.item_id, service=run.service):
            yield run.run_id, "its parent can't be retried"
        elif run.root_run_id != parent.root:
            yield run.run_id, f"its root isn't {parent.root}"
        elif not content.errors.get(name, frozenset()) <= content.errors.get(parent_name, frozenset()):
            yield run.run_id, "it left errors that its parent hadn't"
        counted[run.workgroup_id, run.project_id, run.root] += 1
    for name, run in by_name.items():
        if run.retries != counted[name] or run.retries > retries_max:
            yield run.run_id, f"{run.retries} retries by its count, {counted[name]} by the runs"


def burn_down(content: Content) -> Iterator[tuple[str, str]]:
    """What takes licenses leaves none in a pack that expires sooner than one it took from, if it could have seen it.

    What was given back while a start was under way it need not have seen: a license counts once it has been in its
    pack for longer than a request lasts.
    """
    starts = {(entry.owner, entry.request_id) for entry in content.entries if entry.kind in TAKING}
    of_packs: dict[str, dict[str, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    for entry in content.entries:
        if entry.kind.startswith("pack.") and ids.is_id(ids.Kind.PACK, entry.item):
            request_id = entry.request_id or entry.entry_id  # outside Packhouse, each change is one of its own
            of_packs[entry.owner][request_id].append(entry)
    for wg, requests in of_packs.items():
        packs = _Packs()
        for request_id, entries in requests.items():
            packs.apply(entries)
            if (wg, request_id) in starts:
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
        now = journaled(item)
        name = keys.subject(item)
        if now:
            told_of = (owner(item), name)
            said = _present(told.pop(told_of, {}))
            if said != now and told_of not in content.late:
                yield name, f"the journal says {said}, the table {now}"
    for (_, name), fields in told.items():
        if said := _present(fields):
            yield name, f"the journal says {said}, the table has nothing of it"


def _present(fields: Mapping[str, object]) -> dict[str, object]:
    return {field: value for field, value in fields.items() if value is not None}


CHECKS: Checks = {
    "conservation": conservation,
    "isolation": isolation,
    "settle-once": settle_once,
    "success-iff-consumed": success_iff_consumed,
    "idle-end": idle_end,
    "covered-iff-entitled": covered_iff_entitled,
    "retry-is-free": retry_is_free,
    "burn-down": burn_down,
    "paid-iff-granted": paid_iff_granted,
    "journal-complete": journal_complete,
}


def _named(entitlement: Entitlement) -> str:
    """Not by its user, whom no log line may name."""
    return f"entitlement {entitlement.sku} of {entitlement.pack_id}"


def _sooner(pack_id: str, other: str) -> bool:
    """Whether a pack comes before another of the same license type in burn-down order."""
    return pack_id < other and ids.pack_code(pack_id) == ids.pack_code(other)

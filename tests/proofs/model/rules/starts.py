"""Starts: licenses held in burn-down order, runs that an entitlement covers, retries that are free."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tests.proofs.model.rules import coverage
from tests.proofs.model.rules.calls import NOT_FOUND, Allocation, Item, Ref, Refused, Start, Started
from tests.proofs.model.rules.state import DAY, HOUR, Possible, Run, State

WRITES_MAX = 100


@dataclass(frozen=True, slots=True)
class Plan:
    """How an item is to run: with these licenses, by an entitlement of its user, or free as a retry of a root."""

    sku: str
    kind: str
    allocation: Allocation = ()
    root: Ref | None = None


def start(state: State, asked: Start) -> Possible:
    """All of it or nothing. An earlier start of this name outranks every refusal."""
    project, request = state.projects.get(asked.project), replace(asked, now=0)
    if earlier := state.runs.get((asked.name, 0)):
        if earlier.request != request:
            yield Refused("idempotency-key-reused"), state
            return
        runs = [state.runs[asked.name, number] for number in range(len(asked.items))]
        yield Started(tuple((run.allocation, run.leased) for run in runs), replayed=True), state
    elif project is None:
        yield NOT_FOUND, state
    elif project.state != "active":
        yield Refused("project-not-active"), state
    elif max(item.licenses for item in asked.items) > project.most:
        yield Refused("too-many-licenses-for-item"), state
    else:
        for plans in _retried(state, asked) if asked.items[0].parent else _covered(state, asked):
            refusal = plans if isinstance(plans, Refused) else _unbounded(state, asked, plans)
            yield (refusal, state) if refusal or isinstance(plans, Refused) else _begun(state, asked, plans)


def _covered(state: State, asked: Start) -> Iterator[Refused | list[Plan]]:
    """Each item by its user's entitlement, else with licenses of the stock."""
    needs = [(item.user, item.licenses) for item in asked.items]
    decided = coverage.decide(state, asked.service, needs, asked.now)
    if isinstance(decided, Refused):
        yield decided
        return
    if refusal := coverage.refusal(state, asked.service, decided, asked.now):
        yield refusal
    else:
        licensed = [one for one in decided if one.on == "license_available"]
        usable = state.usable(licensed[0].sku, asked.now) if licensed else []
        for allocations in _allocations([one.needed for one in licensed], {one.name: one.available for one in usable}):
            held = iter(allocations)
            yield [
                Plan(one.sku, "covered") if one.on == "covered" else Plan(one.sku, "licensed", next(held))
                for one in decided
            ]
    yield from _late(state, asked)


def _late(state: State, asked: Start) -> Iterator[list[Plan]]:
    """A start that came in the last second of used entitlements is covered by them, though others have followed."""
    plans = []
    for item in asked.items:
        for kind in state.terms.covering(asked.service, on_success=False):
            met = state.entitlements.get((item.user or "", kind.sku))
            if met and any(asked.now < state.packs[name].expires for name in met.spent):
                plans.append(Plan(kind.sku, "late"))
    if len(plans) == len(asked.items):
        yield plans


def _retried(state: State, asked: Start) -> Iterator[Refused | list[Plan]]:
    """Each item for nothing: its parent succeeded and left errors, among them those that are named."""
    plans = []
    for item in asked.items:
        parent = state.runs.get(item.parent) if item.parent else None
        if parent is None or parent.request.project != asked.project:
            yield NOT_FOUND
            return
        same = (parent.item.item_id, parent.request.service) == (item.item_id, asked.service)
        if not same or not parent.settled or not parent.succeeded or not parent.settled.error_count:
            yield Refused("parent-not-retryable")
            return
        if not set(item.errors) <= set(parent.settled.errors):
            yield Refused("errors-not-of-parent")
            return
        plans.append(Plan(parent.sku, "free", root=parent.root))
    yield plans


def _unbounded(state: State, asked: Start, plans: Sequence[Plan]) -> Refused | None:
    """A run is spread over so many packs, everything is one transaction, and a root is retried so often."""
    touched: set[object] = set()
    for number, (item, plan) in enumerate(zip(asked.items, plans, strict=True)):
        met = state.entitlements.get((item.user or "", plan.sku)) if plan.kind == "covered" else None
        first_use = {item.user} if met and not met.used else set()
        touched |= {name for name, _ in plan.allocation} | first_use | ({plan.root} if plan.root else set())
        spread = len(plan.allocation) > state.terms.policies["packs_per_run_max"]
        if spread or number + 1 + len(touched) + 1 > WRITES_MAX:
            return Refused("start-too-scattered", (number,))
    roots = [plan.root for plan in plans if plan.root]
    retried = [run.root for run in state.runs.values() if run.kind == "free"] + roots
    if any(retried.count(root) > state.terms.policies["retries_per_root_max"] for root in roots):
        return Refused("retries-exhausted")
    return None


def _begun(state: State, asked: Start, plans: Sequence[Plan]) -> tuple[object, State]:
    """The state with these runs started: what they hold is out of its packs, what covers them is used."""
    runs = {
        (asked.name, number): _run(state, asked, number, item, plan)
        for number, (item, plan) in enumerate(zip(asked.items, plans, strict=True))
    }
    packs = dict(state.packs)
    for run in runs.values():
        for name, quantity in run.allocation:
            packs[name] = replace(packs[name], available=packs[name].available - quantity)
    uses = {
        (item.user or "", plan.sku): replace(state.entitlements[item.user or "", plan.sku], used=True)
        for item, plan in zip(asked.items, plans, strict=True)
        if plan.kind == "covered"
    }
    project = state.projects[asked.project]
    after = state.with_packs(*packs.values()).with_runs(runs)
    after = replace(after, entitlements=after.entitlements.put(uses))
    after = after.with_project(replace(project, run_at=max(project.run_at, asked.now)))
    return Started(tuple((run.allocation, run.until) for run in runs.values())), after


def _run(state: State, asked: Start, number: int, item: Item, plan: Plan) -> Run:
    """A lease lasts as asked for, but not long after the soonest expiry of its packs, nor beyond a run's life."""
    run = Run(
        request=replace(asked, now=0),
        item=item,
        sku=plan.sku,
        kind="covered" if plan.kind == "late" else plan.kind,
        started=asked.now,
        root=plan.root or (asked.name, number),
        allocation=plan.allocation,
    )
    if not plan.allocation:
        return run
    policies, lease = state.terms.policies, asked.lease or state.terms.types[plan.sku].lease
    soonest = min(state.packs[name].expires for name, _ in plan.allocation)
    latest = min(soonest + policies["lease_hours_after_pack_expiry"] * HOUR, asked.now + policies["run_days_max"] * DAY)
    until = min(asked.now + lease, latest)
    return replace(run, leased=until, until=until, latest=latest)


def _allocations(wanted: Sequence[int], left: Mapping[str, int]) -> Iterator[tuple[Allocation, ...]]:
    """Every way to take so many licenses for each item; burn-down order first.

    That is the order of the stock as the start saw it, which may have moved before it wrote. That it passed over no
    license which it must have seen is an invariant's to find.
    """
    if not wanted:
        yield ()
        return
    for allocation in _splits(wanted[0], list(left.items())):
        taken = dict(allocation)
        rest = {name: quantity - taken.get(name, 0) for name, quantity in left.items()}
        for others in _allocations(wanted[1:], rest):
            yield (allocation, *others)


def _splits(quantity: int, left: Sequence[tuple[str, int]]) -> Iterator[Allocation]:
    if not quantity:
        yield ()
    elif left:
        name, most = left[0]
        for taken in range(min(quantity, most), -1, -1):
            for rest in _splits(quantity - taken, left[1:]):
                yield ((name, taken), *rest) if taken else rest

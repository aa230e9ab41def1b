"""What the model answers of runs: started, kept alive, settled, shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.proofs.model.model import (
    ABSENT,
    Ending,
    Entitlement,
    Expected,
    Named,
    Packhouse,
    Refused,
    Run,
    days,
    optional,
    told,
)
from tests.proofs.model.model_entitlements import decide, insufficient

WRITES_MAX = 100
PACKS_PER_RUN_MAX = 5

type Allocation = dict[str, int]


# --- starting ---


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run is to begin with: licenses, an entitlement, or a parent whose errors it retries."""

    sku: str
    coverage: str
    allocation: Mapping[str, int] = field(default_factory=dict)
    by: Entitlement | None = None
    parent: Run | None = None

    def touched(self) -> set[str]:
        """What is written beside the run: its packs, its root, an entitlement that had covered nothing yet."""
        first_use = {f"{self.by.user}#{self.sku}"} if self.by and self.by.used_at is None else set[str]()
        return {*self.allocation, *first_use, *([self.parent.root.run_id] if self.parent else [])}


def start(
    house: Packhouse, project_id: str, key: str, body: Mapping[str, Any], *, by: str, ids: Sequence[str]
) -> Expected:
    """`ids` are those that were told, if any were."""
    path = f"projects/{project_id}/runs"
    if earlier := house.earlier(path, key, body):
        views = [run_view(house, house.runs[run_id], as_started=True) for run_id in earlier]
        return Expected(201, {"runs": views}, replayed=True)
    if project_id not in house.projects:
        raise Refused("not-found")
    project = house.projects[project_id]
    if project.state != "active":
        raise Refused("project-not-active", state=project.state)
    if max(item["licenses"] for item in body["items"]) > project.most:
        raise Refused("too-many-licenses-for-item", maximum=project.most)
    retries = body["pass"] == "retry_errors"
    plans = _retried(house, project_id, body) if retries else _covered(house, body)
    _bounded(plans)
    _counted(house, plans)
    assert len(ids) == len(body["items"]), f"{len(ids)} runs told, {len(body['items'])} expected"
    for item, plan, run_id in zip(body["items"], plans, ids, strict=True):
        assert run_id not in house.runs
        house.runs[run_id] = run = Run(
            run_id=run_id,
            project_id=project_id,
            item_id=item["item_id"],
            user=item.get("user"),
            service=body["service"],
            sku=plan.sku,
            allocation=plan.allocation,
            coverage=plan.coverage,
            parent=plan.parent,
            started_at=house.now,
            started_by=by,
        )
        if plan.by:
            plan.by.used_at = plan.by.used_at or house.now
        if plan.allocation:
            run.leased_until, run.lease_latest = _lease(house, plan.sku, plan.allocation, body.get("lease_seconds"))
            run.lease_ends = run.due = run.leased_until
        for pack_id, quantity in plan.allocation.items():
            house.packs[pack_id].available -= quantity
    project.run_at = house.now
    house.names[path, key] = Named(body=body, ids=list(ids))
    return Expected(201, {"runs": [run_view(house, house.runs[run_id]) for run_id in ids]})


def _covered(house: Packhouse, body: Mapping[str, Any]) -> list[Plan]:
    """Each item by its user's entitlement, else with licenses of what is in stock; all of them or none."""
    needs = [(item.get("user"), item["licenses"]) for item in body["items"]]
    decided = decide(house, body["service"], needs)
    if not all(one.on in {"covered", "license_available"} for one in decided):
        raise insufficient(house, body["service"], needs, decided)
    licensed = [one for one in decided if not one.by]
    allocations = iter(_burned_down(house.stock(licensed[0].sku), [one.needed for one in licensed]) if licensed else [])
    return [
        Plan(sku=one.sku, coverage="covered", by=one.by)
        if one.by
        else Plan(sku=one.sku, coverage="licensed", allocation=next(allocations))
        for one in decided
    ]


def _retried(house: Packhouse, project_id: str, body: Mapping[str, Any]) -> list[Plan]:
    """Each item for nothing: its parent succeeded, and left errors, those that are named among them."""
    plans = []
    for item in body["items"]:
        parent = _found(house, project_id, item["parent_run_id"])
        same = (parent.item_id, parent.service) == (item["item_id"], body["service"])
        ending = parent.ending
        if not same or ending is None or ending.outcome != "succeeded" or not ending.error_count:
            raise Refused("parent-not-retryable", state=parent.state(house.now))
        if any(error not in ending.errors for error in item.get("errors", [])):
            raise Refused("errors-not-of-parent")
        plans.append(Plan(sku=parent.sku, coverage="free", parent=parent))
    return plans


def _counted(house: Packhouse, plans: Sequence[Plan]) -> None:
    """Only so many retries go back to one root."""
    roots = [plan.parent.root for plan in plans if plan.parent]
    most = house.policies["retries_per_root_max"]
    if any(root.retries + sum(other is root for other in roots) > most for root in roots):
        raise Refused("retries-exhausted", maximum=most)
    for root in roots:
        root.retries += 1


def _burned_down(stock: Mapping[str, int], wanted: Sequence[int]) -> list[Allocation]:
    """One license after another, each from the first pack that has one left."""
    left, allocations = dict(stock), list[Allocation]()
    for quantity in wanted:
        allocation: Allocation = {}
        for _ in range(quantity):
            pack_id = next(one for one, rest in left.items() if rest)
            left[pack_id] -= 1
            allocation[pack_id] = allocation.get(pack_id, 0) + 1
        allocations.append(allocation)
    return allocations


def _bounded(plans: Sequence[Plan]) -> None:
    """A run is spread over five packs at the most, and everything is one transaction of a hundred writes."""
    for number, plan in enumerate(plans):
        touched = {name for one in plans[: number + 1] for name in one.touched()}
        if len(plan.allocation) > PACKS_PER_RUN_MAX or number + 1 + len(touched) + 1 > WRITES_MAX:
            raise Refused("start-too-scattered", items_max=number)


def _lease(house: Packhouse, sku: str, allocation: Mapping[str, int], seconds: int | None) -> tuple[datetime, datetime]:
    """When it ends, and when it must at the latest.

    It lasts as long as asked for, but not long after the soonest expiry of what is held, nor beyond a run's life.
    """
    soonest = min(house.packs[pack_id].expires_at for pack_id in allocation)
    after_expiry = timedelta(hours=house.policies["lease_hours_after_pack_expiry"])
    latest = min(soonest + after_expiry, house.now + days(house.policies["run_days_max"]))
    length = timedelta(seconds=seconds or house.catalog[sku]["lease_seconds_default"])
    return min(house.now + length, latest), latest


# --- heartbeats ---


def heartbeat(house: Packhouse, project_id: str, run_id: str, seconds: int) -> Expected:
    run = _found(house, project_id, run_id)
    if run.ending:
        raise Refused("run-already-settled", run=run_view(house, run, errors=False))
    _alive(house, run)
    if run.coverage != "licensed":
        return Expected(200, run_view(house, run))
    run.lease_ends = max(run.lease_ends, min(house.now + timedelta(seconds=seconds), run.lease_latest))
    return Expected(200, run_view(house, run))


def heartbeats(house: Packhouse, project_id: str, run_ids: Sequence[str], seconds: int) -> Expected:
    results = []
    for run_id in run_ids:
        try:
            extended = heartbeat(house, project_id, run_id, seconds)
        except Refused as refused:
            results.append({"run_id": run_id, "status": "refused", "run": ABSENT, "problem": refused.problem()})
        else:
            results.append({"run_id": run_id, "status": "extended", "run": extended.body, "problem": ABSENT})
    _somewhere(house, project_id)
    return Expected(200, {"results": results})


# --- settlements ---


def settle(house: Packhouse, project_id: str, run_id: str, body: Mapping[str, Any], *, by: str) -> Expected:
    """The run; `replayed` says that an equal settlement had ended it before (which no header tells)."""
    run = _found(house, project_id, run_id)
    used, licensed = body.get("licenses_used"), run.coverage == "licensed"
    spent = (used or run.licenses) if body["outcome"] == "succeeded" and licensed else None
    errors = tuple(body.get("errors", ()))
    ending = Ending(
        outcome=body["outcome"], used=spent, errors=errors, error_count=body.get("error_count", len(errors))
    )
    if run.ending:
        if run.ending != ending:
            raise Refused("run-already-settled", run=run_view(house, run))
        return Expected(200, run_view(house, run), replayed=True)
    _alive(house, run)
    if (used or 0) > run.licenses:
        raise Refused("invalid-request", errors=[{"pointer": "/licenses_used"}])
    left = run.parent.ending.errors if run.parent and run.parent.ending else errors
    if any(error not in left for error in errors):
        raise Refused("errors-not-of-parent")
    end(house, run, ending, by=by)
    return Expected(200, run_view(house, run))


def end(house: Packhouse, run: Run, ending: Ending | None, *, by: str) -> None:
    """By a settlement, or (None) by the end of its lease, as the sweep books it: what isn't spent goes back."""
    held = run.in_packs()
    if ending is None:
        run.booked_at = house.now
    else:
        run.ending, run.settled_at, run.settled_by = ending, house.now, by
    run.due = None
    for pack_id, kept in run.in_packs().items():
        pack = house.packs[pack_id]
        if pack.expires_at <= house.now:
            pack.expired += held[pack_id] - kept
        else:
            pack.available += held[pack_id] - kept


def settled(house: Packhouse, project_id: str, run_id: str, body: Mapping[str, Any], *, by: str) -> Expected:
    """As the answer to a single settlement tells it: nothing says whether it had happened before."""
    return Expected(200, settle(house, project_id, run_id, body, by=by).body)


def settlements(house: Packhouse, project_id: str, bodies: Sequence[Mapping[str, Any]], *, by: str) -> Expected:
    results = []
    for body in bodies:
        said = {"run_id": body["run_id"]}
        try:
            settled = settle(house, project_id, body["run_id"], body, by=by)
        except Refused as refused:
            results.append({**said, "status": "refused", "run": ABSENT, "problem": refused.problem()})
        else:
            status = "unchanged" if settled.replayed else "settled"
            results.append({**said, "status": status, "run": settled.body, "problem": ABSENT})
    _somewhere(house, project_id)
    return Expected(200, {"results": results})


def invalid() -> Expected:
    """What can't be as it is written."""
    raise Refused("invalid-request")


def _found(house: Packhouse, project_id: str, run_id: str) -> Run:
    run = house.runs.get(run_id)
    if run is None or run.project_id != project_id:
        raise Refused("not-found")
    return run


def _alive(house: Packhouse, run: Run) -> None:
    if run.lease_ends <= house.now:
        raise Refused("lease-ended", returned_at=told(run.lease_ends), returned_to=_allocations(run))


def _somewhere(house: Packhouse, project_id: str) -> None:
    """A batch for a project that isn't there is refused as a whole."""
    if project_id not in house.projects:
        raise Refused("not-found")


# --- what is shown ---


def run_view(house: Packhouse, run: Run, *, as_started: bool = False, errors: bool = True) -> dict[str, object]:
    state = "held" if as_started and run.coverage == "licensed" else run.state(house.now)
    ending = None if as_started else run.ending
    lease: datetime = run.leased_until if as_started else run.lease_ends
    return {
        "run_id": run.run_id,
        "project_id": run.project_id,
        "item_id": run.item_id,
        "user": optional(run.user),
        "service": run.service,
        "sku": run.sku,
        "pass": "retry_errors" if run.parent else "full",
        "coverage": run.coverage,
        "state": state,
        "outcome": ending.outcome if ending else ABSENT,
        "licenses": run.licenses,
        "licenses_used": optional(ending.used if ending else None),
        "allocations": _allocations(run),
        "lease_expires_at": told(lease) if state == "held" else ABSENT,
        "started_at": told(run.started_at),
        "started_by": run.started_by,
        "settled_at": told(run.settled_at) if ending and run.settled_at else ABSENT,
        "settled_by": optional(run.settled_by if ending else None),
        "error_count": ending.error_count if ending else 0,
        "errors": list(ending.errors) if ending and ending.errors and errors else ABSENT,
        "parent_run_id": run.parent.run_id if run.parent else ABSENT,
        "root_run_id": run.root.run_id if run.parent else ABSENT,
    }


def _allocations(run: Run) -> list[dict[str, object]]:
    return [{"pack_id": pack_id, "quantity": quantity} for pack_id, quantity in run.allocation.items()]


def read(house: Packhouse, project_id: str, run_id: str) -> Expected:
    return Expected(200, run_view(house, _found(house, project_id, run_id)))


def listed(
    house: Packhouse,
    project_id: str,
    *,
    states: frozenset[str] = frozenset(),
    item_id: str | None = None,
    is_open: bool | None = None,
) -> list[object]:
    """Every run that a list with these filters shows, by id: a list tells them in no order of time."""
    _somewhere(house, project_id)
    own = sorted((run for run in house.runs.values() if run.project_id == project_id), key=lambda run: run.run_id)
    return [
        run_view(house, run, errors=False)
        for run in own
        if (not states or run.state(house.now) in states)
        and item_id in (None, run.item_id)
        and is_open in (None, run.is_open(house.now))
    ]

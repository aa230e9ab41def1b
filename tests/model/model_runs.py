"""What the model answers of runs: started, kept alive, settled, shown."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.model.model import ABSENT, Ending, Expected, Named, Packhouse, Refused, Run, days, optional, told

WRITES_MAX = 100
PACKS_PER_RUN_MAX = 5

type Allocation = dict[str, int]


# --- starting ---


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
    if max(item["licenses"] for item in body["items"]) > project.most:
        raise Refused("too-many-licenses-for-item", maximum=project.most)
    spent = house.covering(body["service"], "on_success")
    sku = spent[0]["sku"] if spent else None
    stock = house.stock(sku) if sku else {}
    if sku is None or sum(stock.values()) < sum(item["licenses"] for item in body["items"]):
        raise _insufficient(house, body, available=sum(stock.values()))
    allocations = _burned_down(stock, [item["licenses"] for item in body["items"]])
    _bounded(allocations)
    assert len(ids) == len(body["items"])
    for item, allocation, run_id in zip(body["items"], allocations, ids, strict=True):
        assert run_id not in house.runs
        until, latest = _lease(house, sku, allocation, body.get("lease_seconds"))
        house.runs[run_id] = Run(
            run_id=run_id,
            project_id=project_id,
            item_id=item["item_id"],
            user=item.get("user"),
            service=body["service"],
            sku=sku,
            allocation=allocation,
            started_at=house.now,
            started_by=by,
            leased_until=until,
            lease_ends=until,
            lease_latest=latest,
        )
        for pack_id, quantity in allocation.items():
            house.packs[pack_id].available -= quantity
    project.last_activity_at = house.now
    house.names[path, key] = Named(body=body, ids=list(ids))
    return Expected(201, {"runs": [run_view(house, house.runs[run_id]) for run_id in ids]})


def _insufficient(house: Packhouse, body: Mapping[str, Any], *, available: int) -> Refused:
    """Why too few licenses are in stock: another type must be assigned first, or more be bought."""
    service, items = body["service"], body["items"]
    assigned = house.covering(service, "on_assignment")
    sold = next(iter(house.covering(service, "on_success") + assigned), None)
    if sold is None:
        return Refused("service-not-covered", service=service)
    unnamed = [number for number, item in enumerate(items) if "user" not in item]
    if sold["consumption"] == "on_assignment" and unnamed:
        return Refused("invalid-request", errors=[{"pointer": f"/items/{number}/user"} for number in unnamed])
    left, asked, waiting = available, 0, set[str]()
    for item in items:  # one after another: what one takes is gone for the next
        user = item.get("user")
        if sold["consumption"] == "on_success" and left >= item["licenses"]:
            left, asked = left - item["licenses"], asked + item["licenses"]
            continue
        for license_type in assigned if user else []:
            if in_stock := sum(house.stock(license_type["sku"]).values()):
                return Refused("assignment-required", sku=license_type["sku"], available=in_stock, user=user)
        if sold["consumption"] == "on_success":
            asked += item["licenses"]
        elif user not in waiting:  # one assignment is enough for all that is a user's
            asked, waiting = asked + 1, waiting | {user}
    lines = [{"sku": sold["sku"], "quantity": asked - available}]
    total = {"amount": sold["unit_price"]["amount"] * (asked - available), "currency": "usd"}
    return Refused(
        "licenses-exhausted",
        sku=sold["sku"],
        asked=asked,
        available=available,
        purchase={"lines": lines, "total": total},
    )


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


def _bounded(allocations: Sequence[Allocation]) -> None:
    """A run is spread over five packs at the most, and everything is one transaction of a hundred writes."""
    for number, allocation in enumerate(allocations):
        packs = {pack_id for one in allocations[: number + 1] for pack_id in one}
        if len(allocation) > PACKS_PER_RUN_MAX or number + 1 + len(packs) + 1 > WRITES_MAX:
            raise Refused("start-too-scattered", items_max=number)


def _lease(house: Packhouse, sku: str, allocation: Allocation, seconds: int | None) -> tuple[datetime, datetime]:
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
    used = body.get("licenses_used")
    spent = (used or run.licenses) if body["outcome"] == "succeeded" else None
    errors = tuple(body.get("errors", ()))
    ending = Ending(
        outcome=body["outcome"], used=spent, errors=errors, error_count=body.get("error_count", len(errors))
    )
    if run.ending:
        if run.ending != ending:
            raise Refused("run-already-settled", run=run_view(house, run))
        return Expected(200, run_view(house, run), replayed=True)
    _alive(house, run)
    if spent and spent > run.licenses:
        raise Refused("invalid-request", errors=[{"pointer": "/licenses_used"}])
    held = run.in_packs()
    run.ending, run.settled_at, run.settled_by = ending, house.now, by
    for pack_id, kept in run.in_packs().items():
        pack = house.packs[pack_id]
        if pack.expires_at <= house.now:
            pack.expired += held[pack_id] - kept
        else:
            pack.available += held[pack_id] - kept
    return Expected(200, run_view(house, run))


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
        raise Refused("lease-ended", returned_at=told(run.lease_ends))


def _somewhere(house: Packhouse, project_id: str) -> None:
    """A batch for a project that isn't there is refused as a whole."""
    if project_id not in house.projects:
        raise Refused("not-found")


# --- what is shown ---


def run_view(house: Packhouse, run: Run, *, as_started: bool = False, errors: bool = True) -> dict[str, object]:
    state = "held" if as_started else run.state(house.now)
    ending = None if as_started else run.ending
    lease: datetime = run.leased_until if as_started else run.lease_ends
    return {
        "run_id": run.run_id,
        "project_id": run.project_id,
        "item_id": run.item_id,
        "user": optional(run.user),
        "service": run.service,
        "sku": run.sku,
        "pass": "full",
        "coverage": "licensed",
        "state": state,
        "outcome": ending.outcome if ending else ABSENT,
        "licenses": run.licenses,
        "licenses_used": optional(ending.used if ending else None),
        "allocations": [{"pack_id": pack_id, "quantity": quantity} for pack_id, quantity in run.allocation.items()],
        "lease_expires_at": told(lease) if state == "held" else ABSENT,
        "started_at": told(run.started_at),
        "started_by": run.started_by,
        "settled_at": told(run.settled_at) if ending and run.settled_at else ABSENT,
        "settled_by": optional(run.settled_by if ending else None),
        "error_count": ending.error_count if ending else 0,
        "errors": list(ending.errors) if ending and ending.errors and errors else ABSENT,
    }


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
        and is_open in (None, run.state(house.now) == "held")
    ]

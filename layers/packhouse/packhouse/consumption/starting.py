"""Hold licenses while work runs, spend them on success, give them back otherwise."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from packhouse.consumption import covering
from packhouse.domain import coverage
from packhouse.domain import runs as rules
from packhouse.domain.access import Stamp
from packhouse.domain.coverage import Decision, Decisions, Need
from packhouse.domain.ids import Kind, named
from packhouse.domain.licenses import Catalog, LicenseType
from packhouse.domain.projects import ProjectState
from packhouse.domain.runs import Allocation, Coverage, Pass, Run
from packhouse.errors import (
    AssignmentRequired,
    ErrorsNotOfParent,
    IdempotencyKeyReused,
    LicensesExhausted,
    NotFound,
    ParentNotRetryable,
    ProjectNotActive,
    Refusal,
    TooManyLicensesForItem,
    TryAgain,
)
from packhouse.policies import Policies
from packhouse.store import packs, projects, runs
from packhouse.store.runs import Beginning
from packhouse.store.table import StampedTable

LOST_RACES_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class StartItem:
    """One item to run a service on, for a user, with so many licenses.

    A retry names its parent, and which of the errors that left it retries; None: all of them.
    """

    item_id: str
    user: str | None
    licenses: int
    parent_run_id: str | None = None
    errors: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A request to start runs, all or none. `name` is what the caller named it, unique in the workgroup."""

    workgroup_id: str
    project_id: str
    service: str
    run_pass: Pass = Pass.FULL
    items: Sequence[StartItem]
    lease_seconds: int | None
    name: str
    request_hash: str

    @property
    def licenses_per_item(self) -> int:
        """The most that any item takes."""
        return max(item.licenses for item in self.items)

    def needs(self) -> list[Need]:
        return [Need(user=item.user, licenses=item.licenses, item=number) for number, item in enumerate(self.items)]

    def run_ids(self) -> list[str]:
        return [named(Kind.RUN, self.workgroup_id, self.name, str(index)) for index in range(len(self.items))]


@dataclass(frozen=True, slots=True)
class Started:
    """The runs as they were started, in the order of the items; `replayed`: by an earlier request of this name."""

    runs: list[Run]
    replayed: bool


def start(table: StampedTable, catalog: Catalog, policies: Policies, wanted: Start) -> Started:
    """Hold licenses for every item, or refuse and hold none; a start of this name that happened is answered again."""
    try:
        return _started(table, catalog, policies, wanted)
    except (Refusal, runs.NotStarted) as refusal:
        return _outranking(table, wanted, refusal)


def _started(table: StampedTable, catalog: Catalog, policies: Policies, wanted: Start) -> Started:
    for _ in range(LOST_RACES_MAX):
        retrying = wanted.run_pass is Pass.RETRY_ERRORS
        beginning = _retrying(table, policies, wanted) if retrying else _covering(table, catalog, policies, wanted)
        if beginning is None:
            continue
        try:
            runs.start(table, beginning, most=wanted.licenses_per_item, retries_max=policies.retries_per_root_max)
        except runs.PackRaceLost:
            continue
        return Started(list(beginning.runs), replayed=False)
    raise TryAgain


def _covering(table: StampedTable, catalog: Catalog, policies: Policies, wanted: Start) -> Beginning | None:
    """The runs to start: those of entitled users covered, the others with the licenses they are to hold.

    None: what was missing came while the refusal was looked up.
    """
    wg, needs = wanted.workgroup_id, wanted.needs()
    entitled = covering.covering_now(table, catalog, wg, wanted.service, [need.user for need in needs if need.user])
    spent = catalog.spent_by(wanted.service)
    stock = packs.stock(table, wg, spent, now=table.stamp.at) if spent else {}
    known = {spent.sku: sum(stock.values())} if spent else {}
    found = coverage.decide(catalog, wanted.service, needs, entitlements=entitled, stock=known)
    if not found.startable:
        whole = covering.look(table, catalog, wg, wanted.service, needs)  # also what could be assigned
        if whole.startable:
            return None
        raise _insufficient(whole)
    each = list(zip(wanted.items, wanted.run_ids(), found.decided, strict=True))
    licensed = [(item, run_id) for item, run_id, one in each if one.entitlement is None]
    held = _held(wanted, licensed, spent, stock, policies, by=table.stamp) if spent and licensed else []
    by_id = {run.run_id: run for run in held}
    begun, uses = [], {}
    for item, run_id, one in each:
        if one.entitlement is None:
            begun.append(by_id[run_id])
            continue
        begun.append(_unlicensed(wanted, item, run_id, coverage_of=Coverage.COVERED, sku=one.sku, by=table.stamp))
        if one.entitlement.used_at is None:
            uses[run_id] = one.entitlement
    rules.require_one_transaction(
        begun, {run_id: one.user for run_id, one in uses.items()}, packs_per_run_max=policies.packs_per_run_max
    )
    return Beginning(runs=begun, uses=list(uses.values()))


def _retrying(table: StampedTable, policies: Policies, wanted: Start) -> Beginning:
    """The retries to start, free of licenses: each of a parent that succeeded and left the errors it names."""
    wg, project_id = wanted.workgroup_id, wanted.project_id
    parents = runs.read_with_errors(table, wg, project_id, [str(item.parent_run_id) for item in wanted.items])
    begun = []
    for item, run_id, parent in zip(wanted.items, wanted.run_ids(), parents, strict=True):
        if parent is None:
            raise NotFound
        if not rules.retryable(parent, item_id=item.item_id, service=wanted.service):
            raise ParentNotRetryable(state=parent.standing(table.stamp.at))
        if not set(item.errors or ()) <= set(parent.errors or ()):
            raise ErrorsNotOfParent
        retry = _unlicensed(wanted, item, run_id, coverage_of=Coverage.FREE, sku=parent.sku, by=table.stamp)
        begun.append(replace(retry, parent_run_id=parent.run_id, root_run_id=parent.root))
    roots = {run.run_id: run.root for run in begun}
    rules.require_one_transaction(begun, roots, packs_per_run_max=policies.packs_per_run_max)
    return Beginning(runs=begun, roots=Counter(roots.values()))


def _outranking(table: StampedTable, wanted: Start, refusal: Refusal | runs.NotStarted) -> Started:
    """What outranks a refusal: the runs this name has started already, then what is wrong with the project."""
    wg, run_ids = wanted.workgroup_id, wanted.run_ids()
    found, project_found = table.read_many(
        [runs.key(wg, wanted.project_id, run_ids[0]), projects.key(wg, wanted.project_id)]
    )
    if found is not None:
        if found["request_hash"] != wanted.request_hash:
            raise IdempotencyKeyReused from refusal
        earlier = runs.read_many(table, wg, wanted.project_id, run_ids)
        own = table.stamp.is_on(found)  # resent, when the first answer was lost
        return Started([run.as_started() for run in earlier if run], replayed=not own)
    if project_found is None:
        raise NotFound from refusal
    project = projects.of_item(project_found)
    if project.state is not ProjectState.ACTIVE:
        raise ProjectNotActive(state=project.state) from refusal
    if project.max_licenses_per_item < wanted.licenses_per_item:
        raise TooManyLicensesForItem(maximum=project.max_licenses_per_item) from refusal
    raise refusal if isinstance(refusal, Refusal) else TryAgain from refusal


def _insufficient(found: Decisions) -> Refusal:
    """Why not all of it can start: a license must be assigned first, or more be bought."""
    for need, one in zip(found.needs, found.decided, strict=True):
        if one.decision is Decision.ASSIGNMENT_REQUIRED and need.user:
            return AssignmentRequired(sku=one.sku, available=found.stock[one.sku], user=need.user)
    return LicensesExhausted(sku=found.sold.sku, asked=found.asked, available=found.available, purchase=found.purchase)


def _held(
    wanted: Start,
    licensed: Sequence[tuple[StartItem, str]],
    license_type: LicenseType,
    stock: Allocation,
    policies: Policies,
    *,
    by: Stamp,
) -> list[Run]:
    """The runs of these items, each with the licenses it is to hold, in burn-down order."""
    allocations = rules.allocate(stock, [item.licenses for item, _ in licensed])
    now, lease_seconds = by.at, wanted.lease_seconds or license_type.lease_seconds_default
    started = []
    for (item, run_id), allocation in zip(licensed, allocations, strict=True):
        latest = rules.lease_latest_at(
            allocation,
            now,
            hours_after_expiry=policies.lease_hours_after_pack_expiry,
            days=policies.run_days_max,
        )
        until = rules.leased_until(now, lease_seconds, latest)
        started.append(
            Run(
                workgroup_id=wanted.workgroup_id,
                project_id=wanted.project_id,
                run_id=run_id,
                item_id=item.item_id,
                user=item.user,
                service=wanted.service,
                sku=license_type.sku,
                allocation=allocation,
                started_at=now,
                started_by=by.principal,
                lease_seconds=int((until - now).total_seconds()),
                lease_latest_at=latest,
                lease_expires_at=until,
                request_hash=wanted.request_hash,
            )
        )
    return started


def _unlicensed(wanted: Start, item: StartItem, run_id: str, *, coverage_of: Coverage, sku: str, by: Stamp) -> Run:
    """A run that holds nothing, and so has no lease."""
    return Run(
        workgroup_id=wanted.workgroup_id,
        project_id=wanted.project_id,
        run_id=run_id,
        item_id=item.item_id,
        user=item.user,
        service=wanted.service,
        sku=sku,
        run_pass=wanted.run_pass,
        coverage=coverage_of,
        state=coverage_of.first_state,
        allocation={},
        started_at=by.at,
        started_by=by.principal,
        request_hash=wanted.request_hash,
    )

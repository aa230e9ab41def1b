"""Starts of runs: decide how each item is covered, and hold a license for each that no entitlement covers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from packhouse.consumption import covering
from packhouse.domain import coverage, ids
from packhouse.domain import runs as rules
from packhouse.domain.access import Stamp
from packhouse.domain.coverage import Decision, Decisions, Need
from packhouse.domain.ids import Prefix
from packhouse.domain.licenses import Catalog, LicenseType
from packhouse.domain.projects import ProjectState
from packhouse.domain.runs import Allocation, Coverage, Pass, Run
from packhouse.errors import (
    AssignmentRequired,
    ErrorsNotOfParent,
    LicensesExhausted,
    NotFound,
    ParentNotRetryable,
    ProjectNotActive,
    Refusal,
    TooManyLicensesForItem,
    TryAgain,
)
from packhouse.policies import Policies
from packhouse.store import named, packs, projects, runs
from packhouse.store.patience import Moved, until_settled
from packhouse.store.runs import Beginning
from packhouse.store.table import StampedTable


@dataclass(frozen=True, slots=True, kw_only=True)
class StartItem:
    """One item to run a service on, for a user, with so many licenses.

    A retry names its parent, and the errors of the parent that it retries (None: all).
    """

    item_id: str
    user: str | None
    licenses: int
    parent_run_id: str | None = None
    errors: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A request to start runs, all or none. `name` is the caller's name for it, unique in the workgroup."""

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
        """The most licenses that one of the items takes."""
        return max(item.licenses for item in self.items)

    def needs(self) -> list[Need]:
        return [Need(user=item.user, licenses=item.licenses, item=number) for number, item in enumerate(self.items)]

    def run_ids(self) -> list[str]:
        return [ids.named(Prefix.RUN, self.workgroup_id, self.name, str(index)) for index in range(len(self.items))]


@dataclass(frozen=True, slots=True)
class Started:
    """The runs as they were started, in the order of the items. `replayed`: an earlier request of this name did it."""

    runs: list[Run]
    replayed: bool


def start(table: StampedTable, catalog: Catalog, policies: Policies, wanted: Start) -> Started:
    """Start a run for every item, or refuse and start none. A start of this name that succeeded is answered again."""
    try:
        return _started(table, catalog, policies, wanted)
    except (Refusal, runs.NotStarted) as refusal:
        return _outranking(table, wanted, refusal)


def _started(table: StampedTable, catalog: Catalog, policies: Policies, wanted: Start) -> Started:
    def look() -> Beginning:
        if wanted.run_pass is Pass.RETRY_ERRORS:
            return _retry_pass(table, policies, wanted)
        return _full_pass(table, catalog, policies, wanted)

    def begin(beginning: Beginning) -> Started:
        runs.start(
            table,
            beginning,
            licenses_per_item=wanted.licenses_per_item,
            retries_max=policies.retries_per_root_max,
        )
        return Started(list(beginning.runs), replayed=False)

    return until_settled(look, begin)


def _full_pass(table: StampedTable, catalog: Catalog, policies: Policies, wanted: Start) -> Beginning:
    """The runs to start: those of entitled users covered, the others with the licenses to hold."""
    wg, needs = wanted.workgroup_id, wanted.needs()
    entitled = covering.entitlements_covering(
        table, catalog, wg, wanted.service, [need.user for need in needs if need.user]
    )
    spent = catalog.spent_by(wanted.service)
    stock = packs.stock(table, wg, spent, now=table.stamp.at) if spent else {}
    known = {spent.sku: sum(stock.values())} if spent else {}
    found = coverage.decide(catalog, wanted.service, needs, entitlements=entitled, stock=known)
    if not found.startable:
        # The refusal says what could be assigned, too: that costs more reads, which a start that succeeds is spared.
        whole = covering.decide(table, catalog, wg, wanted.service, needs)
        if whole.startable:
            raise Moved  # licenses came in between
        raise _insufficient(whole)
    each = list(zip(wanted.items, wanted.run_ids(), found.decided, strict=True))
    to_hold = [item.licenses for item, _, decided in each if decided.entitlement is None]
    allocations = iter(rules.allocate(stock, to_hold))
    begun, uses = [], {}
    for item, run_id, decided in each:
        if decided.entitlement is None:
            run = _run(wanted, item, run_id, coverage_of=Coverage.LICENSED, sku=decided.sku, by=table.stamp)
            begun.append(_held(run, next(allocations), wanted.lease_seconds, catalog.of(decided.sku), policies))
        else:
            run = _run(wanted, item, run_id, coverage_of=Coverage.COVERED, sku=decided.sku, by=table.stamp)
            begun.append(run)
            if decided.entitlement.used_at is None:
                uses[run_id] = decided.entitlement
    rules.require_one_transaction(
        begun,
        {run_id: entitlement.user for run_id, entitlement in uses.items()},
        packs_per_run_max=policies.packs_per_run_max,
    )
    return Beginning(runs=begun, uses=list(uses.values()))


def _retry_pass(table: StampedTable, policies: Policies, wanted: Start) -> Beginning:
    """The retries to start, without licenses. Each parent succeeded and left the errors that its retry names."""
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
        retry = _run(wanted, item, run_id, coverage_of=Coverage.FREE, sku=parent.sku, by=table.stamp)
        begun.append(replace(retry, parent_run_id=parent.run_id, root_run_id=parent.root))
    roots = {run.run_id: run.root for run in begun}
    rules.require_one_transaction(begun, roots, packs_per_run_max=policies.packs_per_run_max)
    return Beginning(runs=begun, roots=Counter(roots.values()))


def _outranking(table: StampedTable, wanted: Start, refusal: Refusal | runs.NotStarted) -> Started:
    """Answer what comes before a refusal: the runs that this name started earlier, then a refusal by the project."""
    wg, run_ids = wanted.workgroup_id, wanted.run_ids()
    found, project_found = table.read_many(
        [runs.key(wg, wanted.project_id, run_ids[0]), projects.key(wg, wanted.project_id)]
    )
    if found is not None:
        named.require_same(wanted.request_hash, found["request_hash"])
        earlier = runs.read_many(table, wg, wanted.project_id, run_ids)
        own = table.stamp.is_on(found)  # the SDK resent this request's write, because its answer was lost
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
    """Why not every item can start: a license must be assigned first, or more licenses must be bought."""
    for need, decided in zip(found.needs, found.decided, strict=True):
        if decided.decision is Decision.ASSIGNMENT_REQUIRED and need.user:
            return AssignmentRequired(sku=decided.sku, available=found.stock[decided.sku], user=need.user)
    return LicensesExhausted(sku=found.sold.sku, asked=found.asked, available=found.available, purchase=found.purchase)


def _run(wanted: Start, item: StartItem, run_id: str, *, coverage_of: Coverage, sku: str, by: Stamp) -> Run:
    """The run of an item, without licenses yet, and so without a lease."""
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


def _held(
    run: Run, allocation: Allocation, lease_seconds: int | None, license_type: LicenseType, policies: Policies
) -> Run:
    """The run with its licenses and their lease, which no heartbeat extends past its latest instant."""
    latest = rules.lease_latest_at(
        allocation,
        run.started_at,
        hours_after_expiry=policies.lease_hours_after_pack_expiry,
        days=policies.run_days_max,
    )
    until = rules.leased_until(run.started_at, lease_seconds or license_type.lease_seconds_default, latest)
    return replace(
        run,
        allocation=allocation,
        lease_seconds=int((until - run.started_at).total_seconds()),
        lease_latest_at=latest,
        lease_expires_at=until,
    )

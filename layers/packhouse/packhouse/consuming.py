"""Hold licenses while work runs, spend them on success, give them back otherwise."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from packhouse.domain import runs as rules
from packhouse.domain.access import Stamp
from packhouse.domain.ids import Kind, is_id, named
from packhouse.domain.licenses import Catalog, Consumption, LicenseType, Line
from packhouse.domain.projects import ProjectState
from packhouse.domain.runs import Allocation, Run, RunState, Settlement
from packhouse.errors import (
    AssignmentRequired,
    IdempotencyKeyReused,
    InvalidRequest,
    LicensesExhausted,
    NotFound,
    ProjectNotActive,
    Refusal,
    TooManyLicensesForItem,
    TryAgain,
)
from packhouse.policies import Policies
from packhouse.store import packs, projects, runs
from packhouse.store.table import StampedTable

LOST_RACES_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class StartItem:
    """One item to run a service on, for a user, with so many licenses."""

    item_id: str
    user: str | None
    licenses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A request to start runs, all or none. `name` is what the caller named it, unique in the workgroup."""

    workgroup_id: str
    project_id: str
    service: str
    items: Sequence[StartItem]
    lease_seconds: int | None
    name: str
    request_hash: str

    @property
    def licenses(self) -> int:
        return sum(item.licenses for item in self.items)

    @property
    def most(self) -> int:
        return max(item.licenses for item in self.items)

    @property
    def user(self) -> str | None:
        """The first user that the items name."""
        return next((item.user for item in self.items if item.user), None)

    def without_user(self) -> list[int]:
        """The indexes of the items that name no user."""
        return [index for index, item in enumerate(self.items) if item.user is None]

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


def settle(table: StampedTable, wg: str, project_id: str, run_id: str, settlement: Settlement) -> tuple[Run, bool]:
    """End a run; the run, and whether this very request ended it (else an equal one had before)."""
    if settlement.spends_all:
        return runs.consume(table, wg, project_id, run_id, settlement)
    (run,) = runs.read_many(table, wg, project_id, [run_id])
    return _settle(table, run, settlement)


def settle_each(
    table: StampedTable, wg: str, project_id: str, settlements: Mapping[str, Settlement]
) -> list[tuple[Run, bool] | Refusal]:
    """End each run on its own, in the order given; what one of them is refused for stands in its place."""
    to_read = [
        run_id for run_id, settlement in settlements.items() if not settlement.spends_all and is_id(Kind.RUN, run_id)
    ]
    read = dict(zip(to_read, runs.read_many(table, wg, project_id, to_read), strict=True))

    def end(own: StampedTable, run_id: str) -> tuple[Run, bool]:
        if settlements[run_id].spends_all:
            return runs.consume(own, wg, project_id, run_id, settlements[run_id])
        return _settle(own, read.get(run_id), settlements[run_id])

    return _each(table, wg, project_id, list(settlements), end)


def extend_each(
    table: StampedTable, wg: str, project_id: str, run_ids: Sequence[str], *, lease_seconds: int
) -> list[Run | Refusal]:
    """Move the end of each lease on its own, in the order given."""

    def extend(own: StampedTable, run_id: str) -> Run:
        return runs.extend(own, wg, project_id, run_id, lease_seconds=lease_seconds)

    return _each(table, wg, project_id, run_ids, extend)


def _each[Done](
    table: StampedTable, wg: str, project_id: str, run_ids: Sequence[str], act: Callable[[StampedTable, str], Done]
) -> list[Done | Refusal]:
    """Each run's answer or refusal. If not one of them is there, the project may not be either, and that is told.

    Once the table is too busy, the rest isn't tried: the whole must be answered within the function's time.
    """
    answers: list[Done | Refusal] = []
    busy: TryAgain | None = None
    for number, run_id in enumerate(run_ids):
        if busy is not None:
            answers.append(busy)
            continue
        try:
            answers.append(act(table.stamped(table.stamp.part(number)), run_id))
        except TryAgain as refusal:
            busy = refusal
            answers.append(refusal)
        except Refusal as refusal:
            answers.append(refusal)
    if all(isinstance(answer, NotFound) for answer in answers):
        projects.read(table, wg, project_id)
    return answers


def _started(table: StampedTable, catalog: Catalog, policies: Policies, wanted: Start) -> Started:
    license_type = catalog.spent_by(wanted.service)
    if license_type is None:
        raise _insufficient(table, catalog, wanted, available=0)
    for _ in range(LOST_RACES_MAX):
        stock = packs.stock(table, wanted.workgroup_id, license_type, now=table.stamp.at)
        available = sum(stock.values())
        if available < wanted.licenses:
            raise _insufficient(table, catalog, wanted, available=available)
        held = _held(wanted, license_type, stock, policies, by=table.stamp)
        try:
            runs.start(table, held)
        except runs.PackRaceLost:
            continue
        return Started(held, replayed=False)
    raise TryAgain


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
        own = found["request_id"] == table.stamp.request_id  # resent, when the first answer was lost
        return Started([run.as_started() for run in earlier if run], replayed=not own)
    if project_found is None:
        raise NotFound from refusal
    project = projects.of_item(project_found)
    if project.state is not ProjectState.ACTIVE:
        raise ProjectNotActive(state=project.state) from refusal
    if project.max_licenses_per_item < wanted.most:
        raise TooManyLicensesForItem(maximum=project.max_licenses_per_item) from refusal
    raise refusal if isinstance(refusal, Refusal) else TryAgain from refusal


def _insufficient(table: StampedTable, catalog: Catalog, wanted: Start, *, available: int) -> Refusal:
    """Why the stock of what the service spends isn't enough: another type must be assigned first, or more be bought."""
    sold = catalog.sold_for(wanted.service)
    if sold.consumption is Consumption.ON_ASSIGNMENT and (unnamed := wanted.without_user()):
        detail = f"{wanted.service} needs a license assigned to the user: name the user."
        return InvalidRequest(errors=[{"pointer": f"/items/{index}/user", "detail": detail} for index in unnamed])
    if wanted.user is not None:
        for license_type in catalog.assigned_for(wanted.service):
            in_stock = sum(packs.stock(table, wanted.workgroup_id, license_type, now=table.stamp.at).values())
            if in_stock:
                return AssignmentRequired(sku=license_type.sku, available=in_stock, user=wanted.user)
    missing = wanted.licenses - available
    purchase = {"lines": [Line(sold.sku, missing)], "total": sold.unit_price.times(missing)}
    return LicensesExhausted(sku=sold.sku, asked=wanted.licenses, available=available, purchase=purchase)


def _settle(table: StampedTable, run: Run | None, settlement: Settlement) -> tuple[Run, bool]:
    """End a run that was read, for what it holds must be known to be given back."""
    if run is None:
        raise NotFound
    held = run.standing(table.stamp.at) is RunState.HELD
    if held and (settlement.licenses_used or 0) > run.licenses:
        detail = f"The run holds {run.licenses}."
        raise InvalidRequest(errors=[{"pointer": "/licenses_used", "detail": detail}])
    revoked: frozenset[str] = frozenset()
    for _ in range(1 + len(run.allocation)):  # each further try learns of a pack that was revoked since
        try:
            return runs.settle(table, run, settlement, revoked=revoked)
        except runs.PackRevoked as lost:
            revoked |= lost.pack_ids
    raise TryAgain


def _held(wanted: Start, license_type: LicenseType, stock: Allocation, policies: Policies, *, by: Stamp) -> list[Run]:
    """The runs to start, each with the licenses it is to hold, in burn-down order."""
    licenses = [item.licenses for item in wanted.items]
    allocations = rules.allocate(stock, licenses, packs_per_run_max=policies.packs_per_run_max)
    lease_seconds = wanted.lease_seconds or license_type.lease_seconds_default
    started = []
    for item, run_id, allocation in zip(wanted.items, wanted.run_ids(), allocations, strict=True):
        latest = rules.lease_latest_at(
            allocation,
            by.at,
            hours_after_expiry=policies.lease_hours_after_pack_expiry,
            days=policies.run_days_max,
        )
        until = rules.leased_until(by.at, lease_seconds, latest)
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
                started_at=by.at,
                started_by=by.principal,
                lease_seconds=int((until - by.at).total_seconds()),
                lease_latest_at=latest,
                lease_expires_at=until,
                request_hash=wanted.request_hash,
            )
        )
    return started

"""Runs: licenses held while work runs, consumed by its success, given back otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from packhouse.domain import ids
from packhouse.errors import StartTooScattered

ITEMS_MAX = 98
TRANSACTION_WRITES_MAX = 100
LICENSES_PER_ITEM_MAX = 100
ERROR_IDS_MAX = 100
LEASE_SECONDS_MIN, LEASE_SECONDS_MAX = 60, 86_400

type Allocation = Mapping[str, int]
"""Licenses by pack id, in burn-down order, which is the order of the ids."""


class RunState(StrEnum):
    """The stored state. A held run whose lease has ended reads as lapsed, even before the sweep has booked it."""

    HELD = "held"
    CONSUMED = "consumed"
    RELEASED = "released"
    LAPSED = "lapsed"
    COVERED = "covered"  # without a license; the run has ended when it is settled
    FREE = "free"  # as covered


class Outcome(StrEnum):
    """What the worker reports: success consumes, failure and stop release."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"


class Pass(StrEnum):
    """A full pass works on the whole item, a retry on the errors that a successful run left."""

    FULL = "full"
    RETRY_ERRORS = "retry_errors"


class Coverage(StrEnum):
    """Why a run may start: it holds a license, its user's entitlement covers it, or it retries a paid run."""

    LICENSED = "licensed"
    COVERED = "covered"
    FREE = "free"

    @property
    def first_state(self) -> RunState:
        return {"licensed": RunState.HELD, "covered": RunState.COVERED, "free": RunState.FREE}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How a worker ends a run. `licenses_used` None: all that it held. `errors` are the ids of errors to retry."""

    outcome: Outcome
    licenses_used: int | None = None
    errors: tuple[str, ...] = ()
    error_count: int = 0

    @property
    def spends_all(self) -> bool:
        """Whether only the run must be written: no license goes back, and no error is kept."""
        return self.outcome is Outcome.SUCCEEDED and self.licenses_used is None and not self.errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a service on one item. It holds licenses until it is settled, if it needs any.

    Only a hold has a lease. No heartbeat moves it past `lease_latest_at`. `lease_seconds` is the lease that the start
    granted, so that a replay can give the first deadline again. A retry names its parent, and the root: the run at
    which the chain of retries began.
    """

    workgroup_id: str
    project_id: str
    run_id: str
    item_id: str
    user: str | None = None
    service: str
    sku: str
    run_pass: Pass = Pass.FULL
    coverage: Coverage = Coverage.LICENSED
    allocation: Allocation
    started_at: datetime
    started_by: str
    lease_seconds: int | None = None
    lease_latest_at: datetime | None = None
    request_hash: str
    state: RunState = RunState.HELD
    lease_expires_at: datetime | None = None
    parent_run_id: str | None = None
    root_run_id: str | None = None
    retries: int = 0  # how often it was retried, if it is a root
    outcome: Outcome | None = None
    licenses_used: int | None = None
    settled_at: datetime | None = None
    settled_by: str | None = None
    error_count: int = 0
    errors: tuple[str, ...] | None = None  # kept in an item of their own

    @property
    def licenses(self) -> int:
        return sum(self.allocation.values())

    def standing(self, now: datetime) -> RunState:
        """The state that a reader sees."""
        lapsed = self.lease_expires_at is not None and self.lease_expires_at <= now
        return RunState.LAPSED if lapsed and self.state is RunState.HELD else self.state

    def is_open(self, now: datetime) -> bool:
        """Whether it can still be settled."""
        standing = self.standing(now)
        return standing is RunState.HELD or (standing in UNLICENSED and self.settled_at is None)

    @property
    def root(self) -> str:
        """The run at which the chain of retries began: itself, unless it is a retry."""
        return self.root_run_id or self.run_id

    def as_started(self) -> "Run":
        """The run as the answer to its start showed it, from attributes that never change."""
        return replace(
            self,
            state=self.coverage.first_state,
            lease_expires_at=self.started_at + timedelta(seconds=self.lease_seconds) if self.lease_seconds else None,
            outcome=None,
            licenses_used=None,
            settled_at=None,
            settled_by=None,
            error_count=0,
            errors=None,
            retries=0,
        )

    def settled(self, settlement: Settlement, *, by: str, at: datetime) -> "Run":
        """The run as this settlement ends it: success consumes the licenses used, anything else releases all."""
        succeeded = settlement.outcome is Outcome.SUCCEEDED
        licensed = self.coverage is Coverage.LICENSED
        ended = RunState.CONSUMED if succeeded else RunState.RELEASED
        return replace(
            self,
            state=ended if licensed else self.state,
            outcome=settlement.outcome,
            licenses_used=(settlement.licenses_used or self.licenses) if succeeded and licensed else None,
            settled_at=at,
            settled_by=by,
            error_count=settlement.error_count,
            errors=settlement.errors or None,
        )

    def settled_as(self, settlement: Settlement) -> bool:
        """Whether the run, with the errors it left, has ended exactly as this settlement would end it."""
        ended = self.settled(settlement, by=self.settled_by or "", at=self.settled_at or self.started_at)
        left = set(self.errors or ()), set(ended.errors or ())
        return left[0] == left[1] and replace(self, errors=None) == replace(ended, errors=None)

    def lapsed(self) -> "Run":
        """The run as the end of its lease ends it."""
        return replace(self, state=RunState.LAPSED)

    def consumed(self) -> Allocation:
        """The licenses it used: those that it held and that expire soonest."""
        return _first(self.allocation, self.licenses_used or 0)

    def given_back(self) -> Allocation:
        """The licenses that went back when it ended: those that it held and didn't use."""
        spent = self.consumed()
        rest = {pack: held - spent.get(pack, 0) for pack, held in self.allocation.items()}
        return {pack: quantity for pack, quantity in rest.items() if quantity}


@dataclass(frozen=True, slots=True)
class Returned:
    """Licenses of a run that went back to a pack."""

    pack_id: str
    quantity: int


def retryable(parent: Run, *, item_id: str, service: str) -> bool:
    """Whether a run of this item and service may retry the errors that the parent left."""
    left = parent.outcome is Outcome.SUCCEEDED and parent.error_count > 0
    return left and (parent.item_id, parent.service) == (item_id, service)


UNLICENSED = frozenset({RunState.COVERED, RunState.FREE})


def allocate(stock: Allocation, wanted: Sequence[int]) -> list[Allocation]:
    """Each item's licenses, from the packs in burn-down order. The stock must hold enough for all items."""
    if not wanted:
        return []
    packs = iter(sorted(stock.items()))
    pack, left = next(packs)
    allocations: list[Allocation] = []
    for quantity in wanted:
        allocation: dict[str, int] = {}
        missing = quantity
        while missing:
            if not left:
                pack, left = next(packs)
            allocation[pack] = min(missing, left)
            missing, left = missing - allocation[pack], left - allocation[pack]
        allocations.append(allocation)
    return allocations


def require_one_transaction(runs: Sequence[Run], also: Mapping[str, str | None], *, packs_per_run_max: int) -> None:
    """Refuse runs that one transaction can't start. The refusal says how many of the items, from the first, it could.

    The transaction writes each run, each of their packs, the project, and for some runs (`also`, by run id) one more
    item, which several runs may share. A run may hold licenses of at most `packs_per_run_max` packs.
    """
    touched: set[str] = set()
    for number, run in enumerate(runs):
        shared = also.get(run.run_id)
        touched |= {*run.allocation, *([shared] if shared else [])}
        if len(run.allocation) > packs_per_run_max or (number + 1) + len(touched) + 1 > TRANSACTION_WRITES_MAX:
            raise StartTooScattered(items_max=number)


def lease_latest_at(allocation: Allocation, started_at: datetime, *, hours_after_expiry: int, days: int) -> datetime:
    """The instant that no heartbeat moves a lease past."""
    soonest = min(ids.pack_expiry(pack) for pack in allocation)
    return min(soonest + timedelta(hours=hours_after_expiry), started_at + timedelta(days=days))


def leased_until(now: datetime, lease_seconds: int, latest: datetime) -> datetime:
    return min(now + timedelta(seconds=lease_seconds), latest)


def _first(allocation: Allocation, quantity: int) -> Allocation:
    """So many licenses of an allocation, in burn-down order."""
    taken: dict[str, int] = {}
    for pack in sorted(allocation):
        if quantity <= 0:
            break
        taken[pack] = min(quantity, allocation[pack])
        quantity -= taken[pack]
    return taken

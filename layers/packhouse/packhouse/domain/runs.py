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
    """As stored. A held run whose lease has ended reads as lapsed, also before a sweep has booked it."""

    HELD = "held"
    CONSUMED = "consumed"
    RELEASED = "released"
    LAPSED = "lapsed"
    COVERED = "covered"  # without a license; it has ended once it is settled
    FREE = "free"  # as covered


class Outcome(StrEnum):
    """What the worker reports: success consumes, failure and stop release."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"


class Pass(StrEnum):
    """Retry: only what a run that succeeded left as errors."""

    FULL = "full"
    RETRY_ERRORS = "retry_errors"


class Coverage(StrEnum):
    """Why a run may run: it holds a license, its user's entitlement covers it, or it retries what was paid for."""

    LICENSED = "licensed"
    COVERED = "covered"
    FREE = "free"

    @property
    def first_state(self) -> RunState:
        return {"licensed": RunState.HELD, "covered": RunState.COVERED, "free": RunState.FREE}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How a worker ends a run. `licenses_used` None: all that it held. `errors` are the ids left to retry."""

    outcome: Outcome
    licenses_used: int | None = None
    errors: tuple[str, ...] = ()
    error_count: int = 0

    @property
    def spends_all(self) -> bool:
        """Whether the run alone says all there is to write: nothing goes back, and no error is kept."""
        return self.outcome is Outcome.SUCCEEDED and self.licenses_used is None and not self.errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a service on one item, holding licenses until it settles, or none if it needs none.

    A hold alone has a lease. `lease_latest_at` caps every heartbeat: so long after the soonest expiry of its packs, and
    so many days of life. `lease_seconds` is the lease the start granted, by which a replay tells the deadline again.
    A retry names its parent, and the root at which the chain of retries began.
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
        """The state a reader is told."""
        lapsed = self.lease_expires_at is not None and self.lease_expires_at <= now
        return RunState.LAPSED if lapsed and self.state is RunState.HELD else self.state

    def is_open(self, now: datetime) -> bool:
        """Whether it can still be settled."""
        standing = self.standing(now)
        return standing is RunState.HELD or (standing in UNLICENSED and self.settled_at is None)

    @property
    def root(self) -> str:
        """Where the chain of its retries begins: at itself, unless it is one."""
        return self.root_run_id or self.run_id

    def as_started(self) -> "Run":
        """The run as the answer to its start told it: only attributes that never change."""
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
        """The run as this settlement ends it: success consumes what was used, anything else releases."""
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
        """Whether the run, with the errors it left, has ended just as this settlement would end it."""
        ended = self.settled(settlement, by=self.settled_by or "", at=self.settled_at or self.started_at)
        left = set(self.errors or ()), set(ended.errors or ())
        return left[0] == left[1] and replace(self, errors=None) == replace(ended, errors=None)

    def lapsed(self) -> "Run":
        """The run as the end of its lease ends it."""
        return replace(self, state=RunState.LAPSED)

    def consumed(self) -> Allocation:
        """The licenses it used up: the soonest expiring of those it held."""
        return _first(self.allocation, self.licenses_used or 0)

    def given_back(self) -> Allocation:
        """The licenses that went back when it ended: the rest, to the latest expiring of its packs."""
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
    """Take each item's licenses from the packs in burn-down order; the stock must hold enough for all of them."""
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
    """Refuse runs that one transaction can't start, with the number of items, from the first, that it could.

    It writes each run, each of their packs, the project, and for some runs (`also`, by run id) one item more that
    several of them may share. No run may hold licenses of more packs than one may.
    """
    touched: set[str] = set()
    for number, run in enumerate(runs):
        shared = also.get(run.run_id)
        touched |= {*run.allocation, *([shared] if shared else [])}
        if len(run.allocation) > packs_per_run_max or (number + 1) + len(touched) + 1 > TRANSACTION_WRITES_MAX:
            raise StartTooScattered(items_max=number)


def lease_latest_at(allocation: Allocation, started_at: datetime, *, hours_after_expiry: int, days: int) -> datetime:
    """The instant no heartbeat moves a lease past."""
    soonest = min(ids.pack_expiry(pack) for pack in allocation)
    return min(soonest + timedelta(hours=hours_after_expiry), started_at + timedelta(days=days))


def leased_until(now: datetime, lease_seconds: int, latest: datetime) -> datetime:
    return min(now + timedelta(seconds=lease_seconds), latest)


def _first(allocation: Allocation, quantity: int) -> Allocation:
    """The first so many licenses of it, in burn-down order."""
    taken: dict[str, int] = {}
    for pack in sorted(allocation):
        if quantity <= 0:
            break
        taken[pack] = min(quantity, allocation[pack])
        quantity -= taken[pack]
    return taken

"""Runs: licenses held while work runs, consumed by its success, given back otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import accumulate

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


class Outcome(StrEnum):
    """What the worker reports: success consumes, failure and stop release."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"


class Pass(StrEnum):
    FULL = "full"


class Coverage(StrEnum):
    """Why a run may run: a license is held for it."""

    LICENSED = "licensed"


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
    """One execution of a service on one item, holding licenses until it settles.

    `lease_latest_at` caps every heartbeat: so long after the soonest expiry of its packs, and so many days of life.
    `lease_seconds` is the lease the start granted, by which a replay tells the deadline again.
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
    lease_seconds: int
    lease_latest_at: datetime
    request_hash: str
    state: RunState = RunState.HELD
    lease_expires_at: datetime
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
        lapsed = self.state is RunState.HELD and self.lease_expires_at <= now
        return RunState.LAPSED if lapsed else self.state

    def as_started(self) -> "Run":
        """The run as the answer to its start told it: only attributes that never change."""
        return replace(
            self,
            state=RunState.HELD,
            lease_expires_at=self.started_at + timedelta(seconds=self.lease_seconds),
            outcome=None,
            licenses_used=None,
            settled_at=None,
            settled_by=None,
            error_count=0,
            errors=None,
        )

    def settled(self, settlement: Settlement, *, by: str, at: datetime) -> "Run":
        """The run as this settlement ends it: success consumes what was used, anything else releases."""
        succeeded = settlement.outcome is Outcome.SUCCEEDED
        return replace(
            self,
            state=RunState.CONSUMED if succeeded else RunState.RELEASED,
            outcome=settlement.outcome,
            licenses_used=(settlement.licenses_used or self.licenses) if succeeded else None,
            settled_at=at,
            settled_by=by,
            error_count=settlement.error_count,
            errors=settlement.errors or None,
        )

    def settled_as(self, settlement: Settlement) -> bool:
        """Whether the run, with the errors it left, has ended just as this settlement would end it."""
        return self == self.settled(settlement, by=self.settled_by or "", at=self.settled_at or self.started_at)

    def consumed(self) -> Allocation:
        """The licenses it used up: the soonest expiring of those it held."""
        return _first(self.allocation, self.licenses_used or 0)

    def given_back(self) -> Allocation:
        """The licenses that went back when it ended: the rest, to the latest expiring of its packs."""
        spent = self.consumed()
        rest = {pack: held - spent.get(pack, 0) for pack, held in self.allocation.items()}
        return {pack: quantity for pack, quantity in rest.items() if quantity}


def allocate(stock: Allocation, wanted: Sequence[int], *, packs_per_run_max: int) -> list[Allocation]:
    """Take each item's licenses from the packs in burn-down order; the stock must hold enough for all of them.

    Refuses what one transaction can't hold (a write per item and per pack, and the project's) with the number of
    items, from the first, that it could.
    """
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
    items_max = _startable(allocations, packs_per_run_max)
    if items_max < len(wanted):
        raise StartTooScattered(items_max=items_max)
    return allocations


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


def _startable(allocations: Sequence[Allocation], packs_per_run_max: int) -> int:
    """How many items, from the first, one transaction holds, none of them on more packs than one run may."""
    spread: accumulate[frozenset[str]] = accumulate(
        (frozenset(allocation) for allocation in allocations), frozenset.union
    )
    for number, (allocation, packs) in enumerate(zip(allocations, spread, strict=True)):
        writes = (number + 1) + len(packs) + 1
        if len(allocation) > packs_per_run_max or writes > TRANSACTION_WRITES_MAX:
            return number
    return len(allocations)

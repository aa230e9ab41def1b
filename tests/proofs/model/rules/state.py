"""What there is in the model of Packhouse. Nothing is changed in place: a step gives another state.

Times are whole seconds since `Terms.began`. A caller decides by the clock as it was when the call began, so the time is
the call's own and no part of the state.
"""

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from tests.proofs.model.rules.calls import Allocation, Item, Ref, Settle, Start

DAY, HOUR = 86_400, 3_600


class Shelf[Name, Thing](dict[Name, Thing]):
    """Things by name, in the order they came. Nobody changes it; `put` gives another one."""

    def put(self, things: Mapping[Name, Thing]) -> "Shelf[Name, Thing]":
        return Shelf({**self, **things})

    def __hash__(self) -> int:  # type: ignore[override]  # a dict can't be hashed, for others change theirs
        return hash(frozenset(self.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """A license type; `on_success`: a run spends it, else it is assigned to a user."""

    sku: str
    services: frozenset[str]
    on_success: bool
    months: int
    lease: int
    price: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What is sold and promised, as the catalog tells it; `began` is the instant 0."""

    types: Mapping[str, Type]
    policies: Mapping[str, int]
    began: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    def covering(self, service: str, *, on_success: bool) -> list[Type]:
        """The types that permit a service, cheapest first."""
        found = [one for one in self.types.values() if service in one.services and one.on_success is on_success]
        return sorted(found, key=lambda one: one.price)

    def at(self, now: int) -> datetime:
        return self.began + timedelta(seconds=now)

    def seconds(self, at: datetime) -> int:
        return int((at - self.began).total_seconds())

    def months_later(self, now: int, months: int) -> int:
        """The same day so many months later, or that month's last."""
        at = self.at(now)
        year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
        day = min(at.day, monthrange(year, month + 1)[1])
        return self.seconds(at.replace(year=year, month=month + 1, day=day))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """`due` is when the sweep looks at it next, `reminded` how many days before its end the last reminder was for."""

    name: str
    sku: str
    available: int
    acquired: int
    expires: int
    assigned: int = 0
    expired: int = 0
    due: int | None = None
    reminded: int | None = None

    def usable(self, now: int) -> bool:
        return self.available > 0 and self.expires > now

    def given_back(self, quantity: int, now: int) -> "Pack":
        if self.expires <= now:
            return replace(self, expired=self.expired + quantity)
        return replace(self, available=self.available + quantity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """`request` is all that its start asked for but the time; a licensed run alone has a lease.

    `leased` is the end of the lease as the start told it, `until` its end now, `latest` the last there can be.
    """

    request: Start
    item: Item
    sku: str
    kind: str
    started: int
    root: Ref
    allocation: Allocation = ()
    leased: int | None = None
    until: int | None = None
    latest: int | None = None
    settled: Settle | None = None
    lapsed: int | None = None
    """When the sweep booked that the lease was over."""

    @property
    def licenses(self) -> int:
        return sum(quantity for _, quantity in self.allocation)

    @property
    def succeeded(self) -> bool:
        return self.settled is not None and self.settled.outcome == "succeeded"

    def lease_over(self, now: int) -> bool:
        return self.until is not None and self.settled is None and (self.lapsed is not None or self.until <= now)

    def is_open(self, now: int) -> bool:
        """Whether it can still be settled."""
        return self.settled is None and not self.lease_over(now)

    def state(self, now: int) -> str:
        if self.kind != "licensed":
            return self.kind
        if self.settled:
            return "consumed" if self.succeeded else "released"
        return "lapsed" if self.lease_over(now) else "held"

    def unused(self) -> Allocation:
        """What goes back to its packs when it ends: the soonest expiring were used first."""
        used, rest = (self.settled.used or 0) if self.settled else 0, []
        for name, quantity in self.allocation:
            spent = min(used, quantity)
            used -= spent
            if quantity > spent:
                rest.append((name, quantity - spent))
        return tuple(rest)


@dataclass(frozen=True, slots=True)
class Entitlement:
    """Of which pack's license it is; `spent` are the packs of the user's entitlements that were used, and ended."""

    pack: str
    used: bool = False
    withdrawn: bool = False
    spent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """`settled_at` and `success_at` are what it knows of its runs, which may be behind them.

    `warned` is the last warning: so many days before the end, in the idle period since then.
    """

    name: str
    request: tuple[tuple[str, object], ...] = ()
    most: int = 1
    idle_days: int | None = None
    state: str = "active"
    created: int = 0
    changed: int = 0
    run_at: int = 0
    settled_at: int | None = None
    success_at: int | None = None
    warned: tuple[int, int] | None = None
    due: int | None = None

    @property
    def active_at(self) -> int:
        """When something last happened in it, as far as it knows."""
        return max(self.created, self.changed, self.run_at, self.settled_at or 0)


@dataclass(frozen=True, slots=True)
class Page:
    """A pay page at Stripe; the caller's key for it, and when the charge was made on it."""

    key: str
    ends: int
    closed: bool = False
    paid_at: int | None = None

    def is_open(self, now: int) -> bool:
        return not self.closed and self.paid_at is None and now < self.ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    name: str
    lines: tuple[tuple[str, int], ...]
    expires: int
    pages: tuple[Page, ...]
    status: str = "open"
    packs: tuple[str, ...] = ()
    cancel_key: str | None = None

    @property
    def paid_at(self) -> int | None:
        """When it was paid at Stripe, whoever knows of it."""
        return next((page.paid_at for page in self.pages if page.paid_at is not None), None)

    def shown(self, now: int) -> str:
        """Its status to a reader: once its time is over it is expired, also before a tick."""
        return "expired" if self.status == "open" and self.expires <= now else self.status


@dataclass(frozen=True, slots=True)
class State:
    """One workgroup: its packs, runs, projects and orders by name, its entitlements by user and type."""

    terms: Terms = field(compare=False, repr=False)
    packs: Shelf[str, Pack] = field(default_factory=Shelf)
    runs: Shelf[Ref, Run] = field(default_factory=Shelf)
    entitlements: Shelf[tuple[str, str], Entitlement] = field(default_factory=Shelf)
    projects: Shelf[str, Project] = field(default_factory=Shelf)
    orders: Shelf[str, Order] = field(default_factory=Shelf)

    def with_packs(self, *packs: Pack) -> "State":
        return replace(self, packs=self.packs.put({pack.name: pack for pack in packs})) if packs else self

    def with_runs(self, runs: Mapping[Ref, Run]) -> "State":
        return replace(self, runs=self.runs.put(runs))

    def with_project(self, project: Project) -> "State":
        return replace(self, projects=self.projects.put({project.name: project}))

    def with_order(self, order: Order) -> "State":
        return replace(self, orders=self.orders.put({order.name: order}))

    def entitling(self, user: str, sku: str, entitlement: Entitlement, *packs: Pack) -> "State":
        entitlements = self.entitlements.put({(user, sku): entitlement})
        return replace(self.with_packs(*packs), entitlements=entitlements)

    def usable(self, sku: str, now: int) -> list[Pack]:
        """The packs of a type that licenses can be taken from, in burn-down order."""
        usable = [pack for pack in self.packs.values() if pack.sku == sku and pack.usable(now)]
        return sorted(usable, key=lambda pack: (pack.expires, pack.acquired, pack.name))

    def stock(self, sku: str, now: int) -> int:
        return sum(pack.available for pack in self.usable(sku, now))

    def covering(self, user: str, sku: str, now: int) -> Entitlement | None:
        """The user's entitlement, if it covers then."""
        met = self.entitlements.get((user, sku))
        return met if met and not met.withdrawn and self.packs[met.pack].expires > now else None

    def runs_of(self, project: str) -> dict[Ref, Run]:
        return {ref: run for ref, run in self.runs.items() if run.request.project == project}


type Possible = Iterator[tuple[object, State]]
"""Answers that may be given, each with the state after it.

The first is the one that a caller gets who is alone. Others are for callers who meet.
"""

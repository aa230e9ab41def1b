"""What there is in the sequential model: packs, runs, entitlements, and the projects that were removed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tests.proofs.histories.operations import Allocation, Ref, Settle

LAST_LOOK_AFTER = 300
"""Seconds from a pack's end to the sweep's last look at it."""


@dataclass(frozen=True, slots=True)
class Pack:
    """`quantity` licenses that are there once they were `granted`, at the beginning or by a payment.

    `due` is when the sweep has something to expire in it (None: never again).
    """

    name: str
    expires: int
    quantity: int
    granted: bool = True
    available: int = 0
    assigned: int = 0
    expired: int = 0
    due: int | None = None

    def usable(self, now: int) -> bool:
        return self.granted and self.available > 0 and self.expires > now

    def swept(self, now: int) -> "Pack":
        last_look = self.expires + LAST_LOOK_AFTER
        due = last_look if now < last_look else None
        return replace(self, available=0, expired=self.expired + self.available, due=due)


@dataclass(frozen=True, slots=True)
class Run:
    request: tuple[object, ...]
    """All that its start asked for, but its name and time."""
    allocation: Allocation
    leased: int | None
    """The end of the lease, as the start told it; None: it needs no license, and has none."""
    until: int | None
    """The end of the lease now."""
    latest: int | None
    kind: str = "held"
    root: Ref | None = None
    """Where the chain of its retries begins, if it is one."""
    parent: Ref | None = None
    settled: Settle | None = None
    lapsed: bool = False

    @property
    def licenses(self) -> int:
        return sum(quantity for _, quantity in self.allocation)

    @property
    def used(self) -> int | None:
        if self.settled is None or self.settled.outcome != "succeeded" or self.until is None:
            return None
        return self.settled.used or self.licenses

    def lease_over(self, now: int) -> bool:
        return self.until is not None and self.settled is None and (self.lapsed or self.until <= now)

    def is_open(self, now: int) -> bool:
        return self.settled is None and not self.lease_over(now)

    def unused(self) -> Allocation:
        """What it gives back to its packs: the soonest expiring were used first."""
        used, rest = self.used or 0, []
        for name, quantity in self.allocation:
            spent = min(used, quantity)
            used -= spent
            if quantity > spent:
                rest.append((name, quantity - spent))
        return tuple(rest)


@dataclass(frozen=True, slots=True)
class Entitlement:
    """Of which pack's license it is; `spent` are those of the user's entitlements that were used, and ended."""

    pack: str
    used: bool = False
    withdrawn: bool = False
    spent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """Packs in burn-down order, every run ever started, the user's entitlements.

    `removed` are the removed projects, each with the time from which the sweep stops what is open in it, if it does.
    """

    packs: tuple[Pack, ...]
    runs: tuple[tuple[Ref, Run], ...] = ()
    entitlements: tuple[tuple[str, Entitlement], ...] = ()
    removed: tuple[tuple[str, int | None], ...] = ()

    def pack(self, name: str) -> Pack:
        return next(pack for pack in self.packs if pack.name == name)

    def run(self, ref: Ref) -> Run | None:
        return dict(self.runs).get(ref)

    def entitlement(self, user: str) -> Entitlement | None:
        return dict(self.entitlements).get(user)

    def is_removed(self, project: str) -> bool:
        return project in dict(self.removed)

    def releases(self, project: str, now: int) -> bool:
        due = dict(self.removed).get(project)
        return due is not None and due <= now

    def covering(self, user: str, now: int) -> Entitlement | None:
        """The user's entitlement, if it covers then."""
        met = self.entitlement(user)
        return met if met and not met.withdrawn and self.pack(met.pack).expires > now else None

    def having(self, *packs: Pack, runs: Mapping[Ref, Run] | None = None) -> "State":
        """The state with these packs and runs in the place of those of their names."""
        changed = {pack.name: pack for pack in packs}
        return replace(
            self,
            packs=tuple(changed.get(pack.name, pack) for pack in self.packs),
            runs=tuple(sorted({**dict(self.runs), **(runs or {})}.items(), key=lambda run: run[0])),
        )

    def entitling(self, user: str, entitlement: Entitlement, *packs: Pack) -> "State":
        entitlements = {**dict(self.entitlements), user: entitlement}
        return replace(self.having(*packs), entitlements=tuple(sorted(entitlements.items(), key=lambda one: one[0])))

    def without(self, project: str, due: int | None) -> "State":
        return replace(
            self, removed=tuple(sorted({**dict(self.removed), project: due}.items(), key=lambda one: one[0]))
        )


def stocked(*packs: Pack) -> State:
    """The beginning of a history."""
    by_burn_down = sorted(packs, key=lambda pack: (pack.expires, pack.name))
    return State(
        tuple(replace(pack, available=pack.quantity if pack.granted else 0, due=pack.expires) for pack in by_burn_down)
    )


def given_back(pack: Pack, quantity: int, now: int) -> Pack:
    if pack.expires <= now:
        return replace(pack, expired=pack.expired + quantity)
    return replace(pack, available=pack.available + quantity)

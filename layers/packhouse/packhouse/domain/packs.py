"""Packs: licenses of one type that were acquired together, and where each of them is now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from packhouse.domain import ids, instants
from packhouse.domain.licenses import LicenseType
from packhouse.domain.money import Money

if TYPE_CHECKING:
    from packhouse.domain.orders import OrderLine

EXPIRING_WITHIN = timedelta(days=45)  # as the name in the API says


class PackState(StrEnum):
    """The stored state. *Expired* and *exhausted* follow from the clock and the counters."""

    ACTIVE = "active"
    FROZEN = "frozen"
    REFUND_PENDING = "refund_pending"
    REFUNDED = "refunded"
    REVOKED = "revoked"


class PackStanding(StrEnum):
    """The state that a reader sees: of several that hold, the first in this order."""

    REFUNDED = "refunded"
    REVOKED = "revoked"
    REFUND_PENDING = "refund_pending"
    FROZEN = "frozen"
    EXPIRED = "expired"
    EXHAUSTED = "exhausted"
    ACTIVE = "active"


class SourceKind(StrEnum):
    """Where a pack came from. *Demo* is only in the local stack's seed: nobody paid for it, and it isn't refundable."""

    CARD = "card"
    WIRE = "wire"
    COUPON = "coupon"
    ISSUED = "issued"
    DEMO = "demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a pack came from: a card order by its id, demo data by a label."""

    kind: SourceKind
    label: str | None = None
    order_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """Licenses of one type. `quantity` never changes. A license that no counter counts is in a run."""

    workgroup_id: str
    pack_id: str
    sku: str
    source: Source
    quantity: int
    available: int
    assigned: int = 0
    in_coupons: int = 0
    expired: int = 0
    revoked: int = 0
    state: PackState = PackState.ACTIVE
    unit_price: Money | None = None
    acquired_at: datetime
    expires_at: datetime
    reminded_days: int | None = None  # how many days before the end the latest reminder was due

    @property
    def in_runs(self) -> int:
        """Licenses of held and consumed runs: the remainder."""
        return self.quantity - self.available - self.assigned - self.in_coupons - self.expired - self.revoked

    def standing(self, now: datetime) -> PackStanding:
        if self.state is not PackState.ACTIVE:
            return PackStanding(self.state)
        if self.expires_at <= now:
            return PackStanding.EXPIRED
        return PackStanding.ACTIVE if self.available else PackStanding.EXHAUSTED

    def takeable(self, now: datetime) -> int:
        """How many licenses could be taken now. Only an active pack gives any; after its end it isn't active."""
        return self.available if self.standing(now) is PackStanding.ACTIVE else 0


def acquired(workgroup_id: str, line: "OrderLine", *names: str, source: Source, acquired_at: datetime) -> Pack:
    """The pack of a line, valid for the months of the line. Its id is made of `names`: the order and the line."""
    expires_at = instants.plus_months(acquired_at, line.validity_months)
    return Pack(
        workgroup_id=workgroup_id,
        pack_id=ids.pack_id(line.code, workgroup_id, *names, expires_at=expires_at, acquired_at=acquired_at),
        sku=line.sku,
        source=source,
        quantity=line.quantity,
        available=line.quantity,
        unit_price=line.unit_price,
        acquired_at=acquired_at,
        expires_at=expires_at,
    )


def packs_of(
    wg: str, lines: Sequence["OrderLine"], *, acquisition: str, source: Source, acquired_at: datetime
) -> list[Pack]:
    """A pack per line. The same `acquisition` (an order's id, say) makes the same packs again."""
    return [
        acquired(wg, line, acquisition, str(index), source=source, acquired_at=acquired_at)
        for index, line in enumerate(lines)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The licenses of one type over all packs of a workgroup."""

    license_type: LicenseType
    available: int = 0
    in_runs: int = 0
    in_coupons: int = 0
    expiring: int = 0
    next_expiry: datetime | None = None


def balance(license_type: LicenseType, packs: Sequence[Pack], now: datetime) -> Balance:
    """The sums over the packs of this type. `expiring` counts available licenses that end within 45 days."""
    own = [pack for pack in packs if pack.sku == license_type.sku]
    usable = [pack for pack in own if pack.takeable(now)]
    return Balance(
        license_type=license_type,
        available=sum(pack.available for pack in usable),
        in_runs=sum(pack.in_runs for pack in own),
        in_coupons=sum(pack.in_coupons for pack in own),
        expiring=sum(pack.available for pack in usable if pack.expires_at < now + EXPIRING_WITHIN),
        next_expiry=min((pack.expires_at for pack in usable), default=None),
    )

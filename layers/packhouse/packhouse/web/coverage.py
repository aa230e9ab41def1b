from collections import Counter
from typing import Annotated

from pydantic import Field

from packhouse.domain.coverage import Decision, Decisions, Need
from packhouse.domain.licenses import Catalog, LicenseType
from packhouse.web.entitlements import EntitlementView
from packhouse.web.fields import Amount, Instant, Licenses, Maybe, Name, Request, User, View

NEEDS_MAX = 500


class CoverageItem(Request):
    user: User | None = None
    licenses: Licenses = 1


class AskCoverage(Request):
    service: Name
    items: Annotated[list[CoverageItem], Field(min_length=1, max_length=NEEDS_MAX)]

    def needs(self) -> list[Need]:
        return [Need(user=item.user, licenses=item.licenses, item=number) for number, item in enumerate(self.items)]


class PurchaseLine(View):
    sku: str
    quantity: int


class Purchase(View):
    """The licenses to buy: `POST /orders` takes these lines."""

    lines: list[PurchaseLine]
    total: Amount

    @classmethod
    def of(cls, found: Decisions) -> "Purchase | None":
        if not found.missing:
            return None
        lines = [PurchaseLine(sku=line.sku, quantity=line.quantity) for line in found.purchase.lines]
        return cls(lines=lines, total=Amount.of(found.purchase.total))


class Assignable(View):
    sku: str
    available: int


class CoverageView(View):
    """The decision on one need. `available` counts licenses of the type that is sold for the service."""

    decision: Decision
    sku: str
    needed: int
    available: int
    entitlement: Maybe[EntitlementView] = None
    assignable: Maybe[Assignable] = None
    purchase: Maybe[Purchase] = None

    @classmethod
    def of(cls, found: Decisions, assignable: list[LicenseType], catalog: Catalog, *, now: Instant) -> "CoverageView":
        (decided,) = found.decided
        in_stock = next((each.sku for each in assignable if found.stock[each.sku]), None)
        return cls(
            decision=decided.decision,
            sku=decided.sku,
            needed=decided.needed,
            available=found.available,
            entitlement=EntitlementView.of(decided.entitlement, catalog, now=now) if decided.entitlement else None,
            assignable=Assignable(sku=in_stock, available=found.stock[in_stock]) if in_stock else None,
            purchase=Purchase.of(found),
        )


class CoverageCounts(View):
    """How many items have each decision, and how many licenses are missing in all."""

    decisions: dict[Decision, int]
    missing: int
    purchase: Maybe[Purchase] = None

    @classmethod
    def of(cls, found: Decisions) -> "CoverageCounts":
        counts = Counter(decided.decision for decided in found.decided)
        return cls(
            decisions={decision: counts[decision] for decision in Decision},
            missing=found.missing,
            purchase=Purchase.of(found),
        )

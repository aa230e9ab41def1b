"""Coverage: which license each piece of work may use. The same rule answers before a start, and decides the start."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from packhouse.domain.entitlements import Entitlement
from packhouse.domain.licenses import LINE_MAX, Catalog, LicenseType, Line
from packhouse.domain.money import Money
from packhouse.errors import UserMissing


class Decision(StrEnum):
    """What a run needs before it can start. Assignment: a license is in stock that must be assigned to the user."""

    COVERED = "covered"
    LICENSE_AVAILABLE = "license_available"
    ASSIGNMENT_REQUIRED = "assignment_required"
    PURCHASE_REQUIRED = "purchase_required"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A piece of work: its user, if one is named, and how many licenses it takes if no entitlement covers it.

    `item` is its number among the items of the request; None in a request without items.
    """

    user: str | None
    licenses: int
    item: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The decision on one need. `sku` is the type that covers it, is taken, must be assigned, or must be bought."""

    decision: Decision
    sku: str
    needed: int
    entitlement: Entitlement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """What to buy: lines that an order takes as they are, and their total."""

    lines: Sequence[Line]
    total: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """The decisions on the needs of one service, in the order of the needs, and the stock that they were made on."""

    service: str
    needs: Sequence[Need]
    decided: Sequence[Decided]
    stock: Mapping[str, int]
    sold: LicenseType

    @property
    def startable(self) -> bool:
        """Whether every need could start now."""
        return all(each.decision in {Decision.COVERED, Decision.LICENSE_AVAILABLE} for each in self.decided)

    @property
    def asked(self) -> int:
        """How many licenses the needs take that no entitlement covers."""
        return sum(each.needed for each in self.decided)

    @property
    def available(self) -> int:
        """How many licenses could be taken now of the type that is sold for the service."""
        return self.stock.get(self.sold.sku, 0)

    @property
    def missing(self) -> int:
        """How many licenses to buy, so that every need could start."""
        of_sold = [each for each in self.decided if each.sku == self.sold.sku]
        to_buy = sum(each.needed for each in of_sold if each.decision is Decision.PURCHASE_REQUIRED)
        spoken_for = sum(each.needed for each in of_sold if each.decision in _FROM_STOCK)
        return max(0, to_buy - max(0, self.available - spoken_for))

    @property
    def purchase(self) -> Purchase:
        """The missing licenses. A line has a maximum; where more are missing, it has that maximum."""
        quantity = min(self.missing, LINE_MAX)
        lines = [Line(self.sold.sku, quantity)] if quantity else []
        return Purchase(lines=lines, total=self.sold.unit_price.times(quantity))


_FROM_STOCK = frozenset({Decision.LICENSE_AVAILABLE, Decision.ASSIGNMENT_REQUIRED})


def types_covering(catalog: Catalog, service: str) -> list[LicenseType]:
    """The types that permit the service: the type that its success spends, then those to assign, cheapest first."""
    spent = catalog.spent_by(service)
    return [*([spent] if spent else []), *catalog.assigned_for(service)]


def decide(
    catalog: Catalog,
    service: str,
    needs: Sequence[Need],
    *,
    entitlements: Iterable[Entitlement],
    stock: Mapping[str, int],
) -> Decisions:
    """Decide on each need in its order: licenses that one need takes are gone for the next.

    `entitlements` are those that cover now, `stock` how many licenses could be taken now, by sku. A user needs one
    assignment for any number of needs. `UserMissing` if only assigned types cover the service and a need has no user.
    """
    sold, spent = catalog.sold_for(service), catalog.spent_by(service)
    if spent is None and (unnamed := [need for need in needs if need.user is None]):
        raise UserMissing(service=service, needs=unnamed)
    held = {(each.user, each.sku): each for each in entitlements}
    assignable, left = catalog.assigned_for(service), Counter(stock)
    decisions: list[Decided] = []
    awaiting: dict[str, Decided] = {}  # users who need an assignment: one is enough for all needs of a user
    for need in needs:
        user = need.user
        entitlement = next((held[user, each.sku] for each in assignable if user and (user, each.sku) in held), None)
        if entitlement is not None:
            decided = Decided(decision=Decision.COVERED, sku=entitlement.sku, needed=0, entitlement=entitlement)
        elif spent is not None and left[spent.sku] >= need.licenses:
            decided = Decided(decision=Decision.LICENSE_AVAILABLE, sku=spent.sku, needed=need.licenses)
        elif user is not None and user in awaiting:
            decided = replace(awaiting[user], needed=0)
        elif user is not None and (in_stock := next((each.sku for each in assignable if left[each.sku]), None)):
            decided = awaiting[user] = Decided(decision=Decision.ASSIGNMENT_REQUIRED, sku=in_stock, needed=1)
        else:
            needed = 1 if spent is None else need.licenses
            decided = Decided(decision=Decision.PURCHASE_REQUIRED, sku=sold.sku, needed=needed)
            if user is not None and spent is None:
                awaiting[user] = decided
        if decided.decision in _FROM_STOCK:
            left[decided.sku] -= decided.needed
        decisions.append(decided)
    return Decisions(service=service, needs=needs, decided=decisions, stock=stock, sold=sold)

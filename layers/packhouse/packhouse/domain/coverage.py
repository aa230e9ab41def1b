"""Coverage: what each piece of work may run on. One rule for who asks before a start, and for the start itself."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from packhouse.domain.entitlements import Entitlement
from packhouse.domain.licenses import LINE_MAX, Catalog, LicenseType, Line
from packhouse.domain.money import Money
from packhouse.errors import InvalidRequest


class Decision(StrEnum):
    """What a run needs before it can start. Assignment: a license is in stock that must be assigned to the user."""

    COVERED = "covered"
    LICENSE_AVAILABLE = "license_available"
    ASSIGNMENT_REQUIRED = "assignment_required"
    PURCHASE_REQUIRED = "purchase_required"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A piece of work: whose it is, if that is said, and how many licenses it wants where no entitlement covers it.

    `place` is where the request says it, a JSON pointer.
    """

    user: str | None
    licenses: int
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The decision on one need; `sku` is the type that covers it, is taken, is to be assigned, or bought."""

    decision: Decision
    sku: str
    needed: int
    entitlement: Entitlement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Covering:
    """The decisions on needs of one service, in their order, and what the stock was."""

    service: str
    needs: Sequence[Need]
    decided: Sequence[Decided]
    stock: Mapping[str, int]
    sold: LicenseType

    @property
    def startable(self) -> bool:
        """Whether all of it could be started now."""
        return all(one.decision in {Decision.COVERED, Decision.LICENSE_AVAILABLE} for one in self.decided)

    @property
    def asked(self) -> int:
        """How many licenses all of it takes that no entitlement covers."""
        return sum(one.needed for one in self.decided)

    @property
    def available(self) -> int:
        """What of the type that is sold for the service could be taken now."""
        return self.stock.get(self.sold.sku, 0)

    @property
    def missing(self) -> int:
        """How many licenses to buy, so that all of it could be done."""
        of_sold = [one for one in self.decided if one.sku == self.sold.sku]
        to_buy = sum(one.needed for one in of_sold if one.decision is Decision.PURCHASE_REQUIRED)
        spoken_for = sum(one.needed for one in of_sold if one.decision in _FROM_STOCK)
        return max(0, to_buy - max(0, self.available - spoken_for))

    @property
    def lines(self) -> list[Line]:
        """What to buy, as a cart takes it: of more than a line may have, as many as one may."""
        return [Line(self.sold.sku, min(self.missing, LINE_MAX))] if self.missing else []

    @property
    def cost(self) -> Money:
        return self.sold.unit_price.times(sum(line.quantity for line in self.lines))


_FROM_STOCK = frozenset({Decision.LICENSE_AVAILABLE, Decision.ASSIGNMENT_REQUIRED})


def types_covering(catalog: Catalog, service: str) -> list[LicenseType]:
    """The types that permit the service: what its success spends, then those to assign, cheapest first."""
    spent = catalog.spent_by(service)
    return [*([spent] if spent else []), *catalog.assigned_for(service)]


def decide(
    catalog: Catalog,
    service: str,
    needs: Sequence[Need],
    *,
    entitlements: Iterable[Entitlement],
    stock: Mapping[str, int],
) -> Covering:
    """Decide on each need in its order, what one takes being gone for the next.

    `entitlements` are those that cover now, `stock` what could be taken now by sku. A user takes one assignment,
    however many needs are theirs. A service that only assigned types cover is asked for with a user.
    """
    sold, spent = catalog.sold_for(service), catalog.spent_by(service)
    if spent is None and (unnamed := [need for need in needs if need.user is None]):
        detail = f"{service} needs a license assigned to the user: name the user."
        raise InvalidRequest(errors=[{"pointer": f"{need.place}/user", "detail": detail} for need in unnamed])
    held = {(one.user, one.sku): one for one in entitlements}
    assignable, left = catalog.assigned_for(service), Counter(stock)
    decided: list[Decided] = []
    awaiting: dict[str, Decided] = {}  # who needs an assignment: one is enough for all of a user's needs
    for need in needs:
        user = need.user
        entitlement = next((held[user, kind.sku] for kind in assignable if user and (user, kind.sku) in held), None)
        if entitlement is not None:
            one = Decided(decision=Decision.COVERED, sku=entitlement.sku, needed=0, entitlement=entitlement)
        elif spent is not None and left[spent.sku] >= need.licenses:
            one = Decided(decision=Decision.LICENSE_AVAILABLE, sku=spent.sku, needed=need.licenses)
        elif user is not None and user in awaiting:
            one = replace(awaiting[user], needed=0)
        elif user is not None and (kind := next((kind for kind in assignable if left[kind.sku]), None)):
            one = awaiting[user] = Decided(decision=Decision.ASSIGNMENT_REQUIRED, sku=kind.sku, needed=1)
        else:
            needed = 1 if spent is None else need.licenses
            one = Decided(decision=Decision.PURCHASE_REQUIRED, sku=sold.sku, needed=needed)
            if user is not None and spent is None:
                awaiting[user] = one
        if one.decision in _FROM_STOCK:
            left[one.sku] -= one.needed
        decided.append(one)
    return Covering(service=service, needs=needs, decided=decided, stock=stock, sold=sold)

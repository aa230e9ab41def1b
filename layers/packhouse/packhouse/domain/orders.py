"""Orders: a purchase by card, from the day it is placed to its packs, which exist once it was paid."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from packhouse.domain.licenses import Catalog, LicenseType, Line, Price
from packhouse.domain.money import Money
from packhouse.errors import CardMaximumExceeded, PriceChanged

CARD_MAXIMUM = Money(99_999_999)  # Stripe's own, in cents
CHECKOUTS_MAX = 20  # pay pages of one order, one after another


class OrderStatus(StrEnum):
    """Open until paid, cancelled or expired. An expired order still becomes paid if a payment was under way."""

    OPEN = "open"
    PAID = "paid"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Method(StrEnum):
    CARD = "card"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    name: str
    line1: str
    city: str
    postal_code: str
    country: str
    company: str | None = None
    tax_id: str | None = None
    line2: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """A quantity of one license type, with the type's terms on the day of the order: it may leave the catalog later."""

    sku: str
    code: str
    name: str
    validity_months: int
    quantity: int
    unit_price: Money

    @classmethod
    def of(cls, license_type: LicenseType, quantity: int) -> "OrderLine":
        """So many licenses of a type, on today's terms."""
        return cls(
            sku=license_type.sku,
            code=license_type.code,
            name=license_type.name,
            validity_months=license_type.validity_months,
            quantity=quantity,
            unit_price=license_type.unit_price,
        )

    @property
    def amount(self) -> Money:
        return self.unit_price.times(self.quantity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A pay page of an order. Its number is its name at Stripe, so that asking for it twice opens it once."""

    number: int
    key: str  # the caller's name for it
    expires_at: datetime
    session_id: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money that Stripe received for an order; `charged_at` is the charge's own time."""

    payment_id: str
    charge_id: str
    amount: Money
    charged_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    at: datetime
    status: OrderStatus
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A purchase. Of all its pay pages only the newest may be open."""

    workgroup_id: str
    order_id: str
    method: Method
    lines: tuple[OrderLine, ...]
    billing_address: Address
    shipping_address: Address
    email: str
    reference: str | None
    created_at: datetime
    created_by: str
    expires_at: datetime
    request_hash: str
    checkout: Checkout
    placed_url: str | None = None
    earlier_keys: tuple[str, ...] = ()
    cancel_key: str | None = None
    status: OrderStatus = OrderStatus.OPEN
    history: tuple[Event, ...] = ()
    payment: Payment | None = None
    packs: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()

    @property
    def total(self) -> Money:
        return Money(sum(line.amount.amount for line in self.lines))

    def is_paid_by(self, payment: Payment) -> bool:
        return self.payment is not None and self.payment.payment_id == payment.payment_id

    def is_over(self, now: datetime) -> bool:
        """Whether the order is still open though its time is over."""
        return self.status is OrderStatus.OPEN and self.expires_at <= now

    def as_read(self, now: datetime) -> "Order":
        """The order as readers see it: expired once its time is over, even before a tick has ended it."""
        return replace(self, status=OrderStatus.EXPIRED) if self.is_over(now) else self

    def as_placed(self) -> "Order":
        """The order as in the answer to its placing: only what never changes."""
        return replace(
            self,
            status=OrderStatus.OPEN,
            history=self.history[:1],
            payment=None,
            packs=(),
            checkout=replace(self.checkout, url=self.placed_url),
        )


def priced(catalog: Catalog, lines: Sequence[Line], *, expected: Money | None) -> tuple[OrderLine, ...]:
    """The lines at today's prices. Refused if their total isn't the expected one, or is more than a card takes."""
    found = tuple(OrderLine.of(catalog.of(line.sku), line.quantity) for line in lines)
    total = Money(sum(line.amount.amount for line in found))
    if expected is not None and expected != total:
        raise PriceChanged(lines=[Price(line.sku, line.unit_price) for line in found])
    if total.amount > CARD_MAXIMUM.amount:
        raise CardMaximumExceeded(maximum=CARD_MAXIMUM)
    return found


def checkout_ends(now: datetime, order_expires_at: datetime, *, minutes_min: int) -> datetime:
    """When a pay page that is opened now closes: just before the order ends, but no sooner than Stripe allows.

    An order lives 24 hours, and Stripe keeps a page open for less than that.
    """
    return max(order_expires_at - timedelta(minutes=1), now + timedelta(minutes=minutes_min))

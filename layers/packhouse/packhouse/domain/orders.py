"""Orders: a purchase by card, from its placing to the packs that exist once it was paid."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from packhouse.domain.licenses import Catalog, Line, Price
from packhouse.domain.money import Money
from packhouse.errors import CardMaximumExceeded, PriceChanged

CARD_MAXIMUM = Money(99_999_999)  # Stripe's own, in cents
CHECKOUTS_MAX = 20  # pay pages of one order, one after another


class OrderStatus(StrEnum):
    """Open until paid, cancelled or expired; a payment that was under way makes an expired one paid after all."""

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
    """A quantity of one license type, at the price of the day it was ordered."""

    sku: str
    name: str
    quantity: int
    unit_price: Money

    @property
    def amount(self) -> Money:
        return self.unit_price.times(self.quantity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A pay page of an order: its number names it to Stripe, so that asking for it twice opens it once."""

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

    def is_over(self, now: datetime) -> bool:
        """Whether its time is over, though nothing may have ended it yet."""
        return self.status is OrderStatus.OPEN and self.expires_at <= now

    def as_read(self, now: datetime) -> "Order":
        """The order as a reader is told of it: once its time is over it is expired, also before a tick has ended it."""
        return replace(self, status=OrderStatus.EXPIRED) if self.is_over(now) else self

    def as_placed(self) -> "Order":
        """The order as the answer to its placing told it: only what never changes."""
        return replace(
            self,
            status=OrderStatus.OPEN,
            history=self.history[:1],
            payment=None,
            packs=(),
            checkout=replace(self.checkout, url=self.placed_url),
        )


def priced(catalog: Catalog, lines: Sequence[Line], *, expected: Money | None) -> tuple[OrderLine, ...]:
    """The lines at today's prices; refused where their total isn't the one expected, or more than a card takes."""
    found = tuple(
        OrderLine(
            sku=line.sku,
            name=catalog.of(line.sku).name,
            quantity=line.quantity,
            unit_price=catalog.of(line.sku).unit_price,
        )
        for line in lines
    )
    total = Money(sum(line.amount.amount for line in found))
    if expected is not None and expected != total:
        raise PriceChanged(lines=[Price(line.sku, line.unit_price) for line in found])
    if total.amount > CARD_MAXIMUM.amount:
        raise CardMaximumExceeded(maximum=CARD_MAXIMUM)
    return found


def checkout_ends(now: datetime, order_expires_at: datetime, *, minutes_min: int) -> datetime:
    """When a pay page opened now closes: just before the order ends, but not sooner than Stripe lets it.

    Stripe wants a page to close in less than the 24 hours that an order lives.
    """
    return max(order_expires_at - timedelta(minutes=1), now + timedelta(minutes=minutes_min))

"""Payments, in our words: the calls that Packhouse makes to a payment provider, and their answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from packhouse.domain.money import Money
from packhouse.domain.orders import Order, Payment


class SessionStatus(StrEnum):
    """Open: can be paid. Complete: was submitted. Expired: can't be paid any more."""

    OPEN = "open"
    COMPLETE = "complete"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderName:
    """The order that an object at the provider belongs to, by the object's metadata."""

    workgroup_id: str
    order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A pay page as the provider knows it. `payment` is set once money was received through it."""

    session_id: str
    url: str | None
    status: SessionStatus
    livemode: bool
    amount: Money
    order: OrderName | None
    payment: Payment | None
    payment_order: OrderName | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """An event at the provider: the provider's word for its type, and the id of the object that changed."""

    event_id: str
    event_type: str
    object_id: str
    created_at: datetime


class TooManyNotices(Exception):
    """The time has more events than the provider lists at once."""


class Payments(Protocol):
    """A payment provider.

    Every call raises `PaymentProviderUnavailable` if the answer isn't known, and `PaymentRejected` if the answer is no.
    """

    @property
    def livemode(self) -> bool:
        """Whether real money moves."""

    def open_checkout(self, order: Order) -> Session:
        """The pay page of the order's newest checkout. Asking again gives the same page."""

    def read_checkout(self, session_id: str) -> Session:
        """The pay page as it is now."""

    def close_checkout(self, session_id: str) -> Session:
        """The pay page after it was closed, so that nobody can pay there any more. Somebody may have paid before."""

    def notices(self, since: datetime, until: datetime) -> Sequence[Notice]:
        """The events from `since` (included) to `until` (not), oldest first, or `TooManyNotices`."""

    def refund(self, charge_id: str, amount: Money, *, refund_id: str) -> str:
        """Send `amount` back; the provider's id of the refund. The same `refund_id` is never paid out twice."""

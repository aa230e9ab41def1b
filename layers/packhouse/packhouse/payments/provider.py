"""Payments, in our words: what Packhouse asks of a payment provider, and what it is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from packhouse.domain.money import Money
from packhouse.domain.orders import Order, Payment
from packhouse.errors import PaymentProviderUnavailable


class SessionStatus(StrEnum):
    """Open: can be paid. Complete: was submitted. Expired: can't be paid any more."""

    OPEN = "open"
    COMPLETE = "complete"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderName:
    """Which order an object at the provider belongs to, as its metadata says."""

    workgroup_id: str
    order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A pay page as the provider knows it. `payment` is there once money was received through it."""

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
    """That something happened at the provider: its kind, and the id of what it happened to."""

    event_id: str
    kind: str
    object_id: str
    created_at: datetime


class PaymentRejected(PaymentProviderUnavailable):
    """The provider says that what was asked can't be, and will say so again."""

    sentence = "The payment provider doesn't take this as it is."


class TooManyNotices(Exception):  # noqa: N818  # the reconciler answers it by asking for less
    """More happened in that time than is listed at once."""


class Payments(Protocol):
    """A payment provider.

    Every verb raises `PaymentProviderUnavailable` where the answer isn't known, and `PaymentRejected` where it is no.
    """

    @property
    def livemode(self) -> bool:
        """Whether real money moves."""

    def open_checkout(self, order: Order) -> Session:
        """The pay page of the order's newest checkout; asked for again, the same one."""

    def read_checkout(self, session_id: str) -> Session:
        """A pay page as it is now."""

    def close_checkout(self, session_id: str) -> Session:
        """Make sure that nobody can pay there any more; what it answers may be that somebody has."""

    def notices(self, since: datetime, until: datetime) -> Sequence[Notice]:
        """What happened from `since` (included) to `until` (not), oldest first, else `TooManyNotices`."""

    def refund(self, charge_id: str, amount: Money, *, refund_id: str) -> str:
        """Send `amount` back, and the provider's id of that. The same `refund_id` is never paid out twice."""

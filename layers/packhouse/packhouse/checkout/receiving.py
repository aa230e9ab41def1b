"""Money that arrives becomes packs, once, however often we learn of it. Money that an order can't take goes back."""

from dataclasses import dataclass
from enum import StrEnum, auto

from aws_lambda_powertools import Logger

from packhouse.domain.ids import Prefix, named
from packhouse.domain.orders import Order, OrderStatus, Payment
from packhouse.domain.packs import Source, SourceKind, packs_of
from packhouse.payments.provider import Payments, Session
from packhouse.policies import Policies
from packhouse.store import orders, packs, parking
from packhouse.store.patience import until_settled
from packhouse.store.table import StampedTable

QUEUE = "payments"
ODD = "odd payment"  # the template's alarm waits for these log lines

logger = Logger()


class Receipt(StrEnum):
    """The result for a session's money."""

    NOTHING = auto()  # there is none yet
    GRANTED = auto()  # it paid the order, now or before
    RETURNED = auto()  # it came too late, and was sent back
    PARKED = auto()  # it isn't what was ordered, and an operator decides


@dataclass(frozen=True, slots=True)
class Collaborators:
    """The collaborators of each step of a purchase: the caller's table, the payment provider, the policies."""

    table: StampedTable
    payments: Payments
    policies: Policies


def receive(using: Collaborators, session_id: str) -> Receipt:
    """Bring the order up to date with its Stripe session. Idempotent."""
    return receive_session(using, using.payments.read_checkout(session_id))


def receive_session(using: Collaborators, session: Session) -> Receipt:
    """Find the order of a session, compare the two, and pay the order or return the money."""
    if session.payment is None:
        return Receipt.NOTHING
    order = _find_order(using, session)
    if order is None:
        return _park(using, session, "no order of ours")
    if not _is_as_ordered(using, session, session.payment, order):
        return _park(using, session, "not what was ordered")
    return _pay_or_return(using, order, session.payment)


def _find_order(using: Collaborators, session: Session) -> Order | None:
    """The order that both the session and its payment name; None if they differ or there is no such order."""
    if session.order is None or session.payment_order != session.order:
        return None
    return orders.find(using.table, session.order.workgroup_id, session.order.order_id)


def _is_as_ordered(using: Collaborators, session: Session, payment: Payment, order: Order) -> bool:
    """Whether the mode, the page's amount and the received amount are the order's."""
    return (
        session.livemode == using.payments.livemode and session.amount == order.total and payment.amount == order.total
    )


def _park(using: Collaborators, session: Session, why: str) -> Receipt:
    """Keep the session for an operator, and call one the first time."""
    if parking.park(using.table, QUEUE, session.session_id, why):
        logger.warning(ODD, receipt=Receipt.PARKED, session_id=session.session_id, why=why)
    return Receipt.PARKED


def _pay_or_return(using: Collaborators, order: Order, payment: Payment) -> Receipt:
    """Pay an order that can be paid; to any other order's customer, return the money."""

    def attempt(order: Order) -> Receipt:
        if order.is_paid_by(payment):
            return Receipt.GRANTED
        if order.status not in {OrderStatus.OPEN, OrderStatus.EXPIRED}:
            return _return(using, order, payment)
        return _pay(using, order, payment)

    return until_settled(lambda: orders.read(using.table, order.workgroup_id, order.order_id), attempt, first=order)


def _pay(using: Collaborators, order: Order, payment: Payment) -> Receipt:
    """Make the order paid, and grant a pack for each of its lines."""
    granted = packs_of(
        order.workgroup_id,
        order.lines,
        acquisition=order.order_id,
        source=Source(kind=SourceKind.CARD, order_id=order.order_id),
        acquired_at=payment.charged_at,
    )
    paid = orders.paid(using.table, order, payment, [pack.pack_id for pack in granted])
    packs.grant(using.table, granted, paid, reminder_days=using.policies.pack_reminder_days)
    return Receipt.GRANTED


def _return(using: Collaborators, order: Order, payment: Payment) -> Receipt:
    """Send back the money of an order that is cancelled or was paid by another payment."""
    if payment.payment_id not in order.returned:
        refund_id = named(Prefix.REFUND, order.workgroup_id, order.order_id, payment.payment_id)
        using.payments.refund(payment.charge_id, payment.amount, refund_id=refund_id)
        logger.warning(ODD, receipt=Receipt.RETURNED, order_id=order.order_id)  # rather twice than never
        orders.remember_return(using.table, order, payment.payment_id)
    return Receipt.RETURNED

"""Money that arrives becomes packs, once, whoever brings the news. Money that an order can't take goes back."""

from dataclasses import dataclass, replace
from enum import StrEnum, auto

from aws_lambda_powertools import Logger

from packhouse.catalog import catalog
from packhouse.domain.ids import Kind, named
from packhouse.domain.licenses import Line
from packhouse.domain.orders import Order, OrderStatus, Payment
from packhouse.domain.packs import Source, SourceKind, packs_of
from packhouse.errors import TryAgain
from packhouse.payments.provider import Payments, Session
from packhouse.policies import Policies
from packhouse.store import orders, parking
from packhouse.store import packs as stored
from packhouse.store.patience import WriteRefused
from packhouse.store.table import StampedTable

QUEUE = "payments"
ODD = "odd payment"  # the template's alarm waits for log lines that say so
STEPS_MAX = 4  # tries of a step whose order moves under it

logger = Logger()


class Receipt(StrEnum):
    """What became of a session that was looked at."""

    NOTHING = auto()  # not paid, or not by now
    GRANTED = auto()  # the order was paid by it, now or before
    RETURNED = auto()  # the money came too late, and was sent back
    PARKED = auto()  # it isn't what was ordered, and an operator decides


@dataclass(frozen=True, slots=True)
class Collaborators:
    """What each step of a purchase works with: the table in the caller's name, the payment provider, the policies."""

    table: StampedTable
    payments: Payments
    policies: Policies


def receive(using: Collaborators, session_id: str) -> Receipt:
    """Look at a session at Stripe, and do what it says; as often as one likes, with one effect."""
    return receive_session(using, using.payments.read_checkout(session_id))


def receive_session(using: Collaborators, session: Session) -> Receipt:
    if session.payment is None:
        return Receipt.NOTHING
    order = _ordered(using, session)
    if order is None or not _as_ordered(using, session, order):
        why = "no order of ours" if order is None else "not what was ordered"
        if parking.park(using.table, QUEUE, session.session_id, why):
            logger.warning(ODD, receipt=Receipt.PARKED, session_id=session.session_id, why=why)
        return Receipt.PARKED
    return _apply(using, order, session.payment)


def _apply(using: Collaborators, order: Order, payment: Payment) -> Receipt:
    """Order paid and packs there, in one transaction; or the money back, if it is for an order that can't take it."""
    for _ in range(STEPS_MAX):
        if order.payment is not None and order.payment.payment_id == payment.payment_id:
            return Receipt.GRANTED
        if order.status not in {OrderStatus.OPEN, OrderStatus.EXPIRED}:
            return _return(using, order, payment)
        lines = [Line(line.sku, line.quantity) for line in order.lines]
        packs = [
            replace(pack, unit_price=line.unit_price)  # what was paid, also if the catalog has changed since
            for line, pack in zip(
                order.lines,
                packs_of(
                    catalog(),
                    order.workgroup_id,
                    lines,
                    acquisition=order.order_id,
                    source=Source(kind=SourceKind.CARD, order_id=order.order_id),
                    acquired_at=payment.charged_at,
                ),
                strict=True,
            )
        ]
        paid = orders.paid(using.table, order, payment, [pack.pack_id for pack in packs])
        try:
            using.table.write(
                paid,
                *(stored.granted(using.table, one, reminder_days=using.policies.pack_reminder_days) for one in packs),
            )
        except WriteRefused:
            order = orders.read(using.table, order.workgroup_id, order.order_id)
        else:
            return Receipt.GRANTED
    raise TryAgain


def _return(using: Collaborators, order: Order, payment: Payment) -> Receipt:
    """Send back money that came for an order that is cancelled, or was paid by other money."""
    if payment.payment_id not in order.returned:
        refund_id = named(Kind.REFUND, order.workgroup_id, order.order_id, payment.payment_id)
        using.payments.refund(payment.charge_id, payment.amount, refund_id=refund_id)
        logger.warning(ODD, receipt=Receipt.RETURNED, order_id=order.order_id)  # rather twice than never
        orders.returned(using.table, order, payment.payment_id)
    return Receipt.RETURNED


def _ordered(using: Collaborators, session: Session) -> Order | None:
    """The order that the session and its payment both name; None where they don't, or it isn't there."""
    if session.order is None or session.payment_order != session.order:
        return None
    return orders.find(using.table, session.order.workgroup_id, session.order.order_id)


def _as_ordered(using: Collaborators, session: Session, order: Order) -> bool:
    payment = session.payment
    return (
        session.livemode == using.payments.livemode
        and session.amount == order.total
        and payment is not None
        and payment.amount == order.total
    )

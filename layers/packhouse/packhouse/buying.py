"""Orders by card: the row first, then Stripe's page; what was paid becomes packs, once, whoever brings the news."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum, auto

from aws_lambda_powertools import Logger

from packhouse import granting
from packhouse.catalog import catalog
from packhouse.domain.ids import Kind, named
from packhouse.domain.licenses import Line
from packhouse.domain.orders import CHECKOUTS_MAX, Checkout, Order, OrderStatus, Payment, checkout_ends
from packhouse.domain.packs import Source, SourceKind
from packhouse.errors import CheckoutSuperseded, IdempotencyKeyReused, OrderNotOpen, Refusal, TooManyAttempts, TryAgain
from packhouse.payments import OrderName, PaymentRejected, Payments, Session
from packhouse.policies import Policies
from packhouse.store import orders, parking
from packhouse.store.orders import OrderMoved
from packhouse.store.table import StampedTable, WriteRefused

QUEUE = "payments"
ODD = "odd payment"  # the template's alarm waits for log lines that say so
SLACK = timedelta(seconds=30)  # between our clock and Stripe's
STEPS_MAX = 4  # tries of a step whose order moves under it

logger = Logger()


class Receipt(StrEnum):
    """What became of a session that was looked at."""

    NOTHING = auto()  # not paid, or not by now
    GRANTED = auto()  # the order was paid by it, now or before
    RETURNED = auto()  # the money came too late, and was sent back
    PARKED = auto()  # it isn't what was ordered, and an operator decides


@dataclass(frozen=True, slots=True)
class Desk:
    """What every step of a purchase needs: the table in somebody's name, the provider, the policies."""

    table: StampedTable
    payments: Payments
    policies: Policies


def place(desk: Desk, named_as: OrderName, request_hash: str, price: Callable[[], Order]) -> tuple[Order, bool]:
    """The order as it was placed, with its pay page; True where an earlier request of this name had placed it.

    The row comes first: if the process dies, or Stripe doesn't answer, the same request finds it and goes on. An order
    that is there outranks whatever `price` refuses by today's catalog.
    """
    try:
        order, replayed = orders.place(desk.table, price())
    except Refusal as refusal:
        earlier = orders.find(desk.table, named_as.workgroup_id, named_as.order_id)
        if earlier is None:
            raise
        if earlier.request_hash != request_hash:
            raise IdempotencyKeyReused from refusal
        order, replayed = earlier, True
    if order.status is OrderStatus.OPEN and order.checkout.session_id is None and _payable(desk, order):
        order = _open(desk, order)
    return order.as_placed(), replayed


def renew(desk: Desk, wg: str, order_id: str, *, key: str) -> tuple[Order, bool]:
    """The order with a fresh pay page, and whether this key had opened it before. The older page is closed first."""
    now = desk.table.stamp.at
    order = orders.read(desk.table, wg, order_id)
    if key in order.earlier_keys:
        raise CheckoutSuperseded
    replayed, can_be_paid = order.checkout.key == key, order.as_read(now).status is OrderStatus.OPEN
    if replayed and not can_be_paid:
        return order.as_read(now), True
    if can_be_paid and not replayed and len(order.earlier_keys) >= CHECKOUTS_MAX:
        seconds = int((order.expires_at - now).total_seconds())  # then it is over
        raise TooManyAttempts(maximum=CHECKOUTS_MAX, retry_after_seconds=seconds)
    if not replayed:
        order = _settled_down(desk, order)
    if (status := order.as_read(now).status) is not OrderStatus.OPEN:
        raise OrderNotOpen(order_status=status)
    if not replayed or (order.checkout.session_id is None and not _payable(desk, order)):
        order = _renewed(desk, order, key)
    return (order if order.checkout.session_id else _open(desk, order)), replayed


def cancel(desk: Desk, wg: str, order_id: str, *, key: str) -> tuple[Order, bool]:
    """The order, cancelled; and whether this key had cancelled it before. Nobody can pay it any more."""

    def cancelled(order: Order) -> Order:
        if order.is_over(desk.table.stamp.at):
            raise OrderNotOpen(order_status=OrderStatus.EXPIRED)
        return orders.cancelled(desk.table, order, cancel_key=key)

    order = orders.read(desk.table, wg, order_id)
    if order.cancel_key == key:
        return order, True
    try:
        return _end(desk, order, cancelled), False
    except OrderNotOpen:  # maybe by this very request: resent, or sent twice at once
        met = orders.read(desk.table, wg, order_id)
        if met.cancel_key != key:
            raise
        return met, True


def expire(desk: Desk, order: Order) -> Order:
    """An order whose time is over, expired; or paid, if somebody paid in its last moments."""
    try:
        return _end(desk, order, lambda open_order: orders.expired(desk.table, open_order))
    except OrderNotOpen:
        return orders.read(desk.table, order.workgroup_id, order.order_id)


def receive(desk: Desk, session_id: str) -> Receipt:
    """Look at a session at Stripe, and do what it says; as often as one likes, with one effect."""
    return _receive(desk, desk.payments.read_checkout(session_id))


def _receive(desk: Desk, session: Session) -> Receipt:
    if session.payment is None:
        return Receipt.NOTHING
    order = _ordered(desk, session)
    if order is None or not _as_ordered(desk, session, order):
        why = "no order of ours" if order is None else "not what was ordered"
        if parking.park(desk.table, QUEUE, session.session_id, why):
            logger.warning(ODD, receipt=Receipt.PARKED, session_id=session.session_id, why=why)
        return Receipt.PARKED
    return _apply(desk, order, session.payment)


def _apply(desk: Desk, order: Order, payment: Payment) -> Receipt:
    """Order paid and packs there, in one transaction; or the money back, if it is for an order that can't take it."""
    for _ in range(STEPS_MAX):
        if order.payment is not None and order.payment.payment_id == payment.payment_id:
            return Receipt.GRANTED
        if order.status not in {OrderStatus.OPEN, OrderStatus.EXPIRED}:
            return _return(desk, order, payment)
        lines = [Line(line.sku, line.quantity) for line in order.lines]
        packs = [
            replace(pack, unit_price=line.unit_price)  # what was paid, also if the catalog has changed since
            for line, pack in zip(
                order.lines,
                granting.packs_of(
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
        paid = orders.paid(desk.table, order, payment, [pack.pack_id for pack in packs])
        try:
            desk.table.write(paid, *granting.grant(desk.table, packs, desk.policies))
        except WriteRefused:
            order = orders.read(desk.table, order.workgroup_id, order.order_id)
        else:
            return Receipt.GRANTED
    raise TryAgain


def _return(desk: Desk, order: Order, payment: Payment) -> Receipt:
    """Send back money that came for an order that is cancelled, or was paid by other money."""
    if payment.payment_id not in order.returned:
        refund_id = named(Kind.REFUND, order.workgroup_id, order.order_id, payment.payment_id)
        desk.payments.refund(payment.charge_id, payment.amount, refund_id=refund_id)
        logger.warning(ODD, receipt=Receipt.RETURNED, order_id=order.order_id)  # rather twice than never
        orders.returned(desk.table, order, payment.payment_id)
    return Receipt.RETURNED


def _ordered(desk: Desk, session: Session) -> Order | None:
    """The order that the session and its payment both name; None where they don't, or it isn't there."""
    if session.order is None or session.payment_order != session.order:
        return None
    return orders.find(desk.table, session.order.workgroup_id, session.order.order_id)


def _as_ordered(desk: Desk, session: Session, order: Order) -> bool:
    payment = session.payment
    return (
        session.livemode == desk.payments.livemode
        and session.amount == order.total
        and payment is not None
        and payment.amount == order.total
    )


def _end(desk: Desk, order: Order, end: Callable[[Order], Order]) -> Order:
    """End an open order after every page of it is closed; what turns out to be paid is paid, and can't be ended."""
    for _ in range(STEPS_MAX):
        if order.status is not OrderStatus.OPEN:
            raise OrderNotOpen(order_status=order.status)
        order = _settled_down(desk, order)
        if order.status is not OrderStatus.OPEN:
            raise OrderNotOpen(order_status=order.status)
        try:
            return end(order)
        except OrderMoved as moved:
            order = moved.met
    raise TryAgain


def _settled_down(desk: Desk, order: Order) -> Order:
    """The order with all its pages closed. A page that was asked for and never remembered is asked for again first."""
    if order.status is not OrderStatus.OPEN:
        return order
    if order.checkout.session_id is None and _payable(desk, order):
        try:
            order = _open(desk, order)
        except PaymentRejected:
            return order  # Stripe never opened it, and never will
    session_id = order.checkout.session_id
    if session_id is not None and _receive(desk, desk.payments.close_checkout(session_id)) is not Receipt.NOTHING:
        return orders.read(desk.table, order.workgroup_id, order.order_id)
    return order


def _renewed(desk: Desk, order: Order, key: str) -> Order:
    """The order with another checkout as its newest; one that moved meanwhile is told as it is."""
    ends = checkout_ends(desk.table.stamp.at, order.expires_at, minutes_min=desk.policies.checkout_minutes_min)
    checkout = Checkout(number=order.checkout.number + 1, key=key, expires_at=ends)
    try:
        return orders.renewed(desk.table, order, checkout)
    except OrderMoved as moved:
        if moved.met.status is not OrderStatus.OPEN:
            raise OrderNotOpen(order_status=moved.met.status) from moved
        if moved.met.checkout.key == key:
            return moved.met
        raise CheckoutSuperseded from moved


def _open(desk: Desk, order: Order) -> Order:
    """The order with its newest pay page, opened once and remembered."""
    session = desk.payments.open_checkout(order)
    try:
        return orders.opened(desk.table, order, session_id=session.session_id, url=session.url)
    except OrderMoved as moved:
        if moved.met.checkout.session_id == session.session_id:
            return moved.met
        _receive(desk, desk.payments.close_checkout(session.session_id))
        if moved.met.status is not OrderStatus.OPEN:
            raise OrderNotOpen(order_status=moved.met.status) from moved
        raise CheckoutSuperseded from moved


def _payable(desk: Desk, order: Order) -> bool:
    """Whether a page could still be opened for the newest checkout: Stripe keeps one open half an hour at the least."""
    least = timedelta(minutes=desk.policies.checkout_minutes_min) - SLACK
    return order.checkout.expires_at - desk.table.stamp.at >= least

"""Orders by card: the row first, then Stripe's page; what was paid becomes packs, once, whoever brings the news."""

from collections.abc import Callable
from datetime import timedelta

from packhouse.checkout import receiving
from packhouse.checkout.receiving import Collaborators, Receipt
from packhouse.domain.orders import CHECKOUTS_MAX, Checkout, Order, OrderStatus, checkout_ends
from packhouse.errors import CheckoutSuperseded, IdempotencyKeyReused, OrderNotOpen, Refusal, TooManyAttempts, TryAgain
from packhouse.payments.provider import OrderName, PaymentRejected
from packhouse.store import orders
from packhouse.store.orders import OrderMoved

SLACK = timedelta(seconds=30)  # between our clock and Stripe's


def place(
    using: Collaborators, named_as: OrderName, request_hash: str, price: Callable[[], Order]
) -> tuple[Order, bool]:
    """The order as it was placed, with its pay page; True where an earlier request of this name had placed it.

    The row comes first: if the process dies, or Stripe doesn't answer, the same request finds it and goes on. An order
    that is there outranks whatever `price` refuses by today's catalog.
    """
    try:
        order, replayed = orders.place(using.table, price())
    except Refusal as refusal:
        earlier = orders.find(using.table, named_as.workgroup_id, named_as.order_id)
        if earlier is None:
            raise
        if earlier.request_hash != request_hash:
            raise IdempotencyKeyReused from refusal
        order, replayed = earlier, True
    if order.status is OrderStatus.OPEN and order.checkout.session_id is None and _payable(using, order):
        order = _open(using, order)
    return order.as_placed(), replayed


def renew(using: Collaborators, wg: str, order_id: str, *, key: str) -> tuple[Order, bool]:
    """The order with a fresh pay page, and whether this key had opened it before. The older page is closed first."""
    now = using.table.stamp.at
    order = orders.read(using.table, wg, order_id)
    if key in order.earlier_keys:
        raise CheckoutSuperseded
    replayed, can_be_paid = order.checkout.key == key, order.as_read(now).status is OrderStatus.OPEN
    if replayed and not can_be_paid:
        return order.as_read(now), True
    if can_be_paid and not replayed and len(order.earlier_keys) >= CHECKOUTS_MAX:
        seconds = int((order.expires_at - now).total_seconds())  # then it is over
        raise TooManyAttempts(maximum=CHECKOUTS_MAX, retry_after_seconds=seconds)
    if not replayed:
        order = _settled_down(using, order)
    if (status := order.as_read(now).status) is not OrderStatus.OPEN:
        raise OrderNotOpen(order_status=status)
    if not replayed or (order.checkout.session_id is None and not _payable(using, order)):
        order = _renewed(using, order, key)
    return (order if order.checkout.session_id else _open(using, order)), replayed


def cancel(using: Collaborators, wg: str, order_id: str, *, key: str) -> tuple[Order, bool]:
    """The order, cancelled; and whether this key had cancelled it before. Nobody can pay it any more."""

    def cancelled(order: Order) -> Order:
        if order.is_over(using.table.stamp.at):
            raise OrderNotOpen(order_status=OrderStatus.EXPIRED)
        return orders.cancelled(using.table, order, cancel_key=key)

    order = orders.read(using.table, wg, order_id)
    if order.cancel_key == key:
        return order, True
    try:
        return _end(using, order, cancelled), False
    except OrderNotOpen:  # maybe by this very request: resent, or sent twice at once
        met = orders.read(using.table, wg, order_id)
        if met.cancel_key != key:
            raise
        return met, True


def expire(using: Collaborators, order: Order) -> Order:
    """An order whose time is over, expired; or paid, if somebody paid in its last moments."""
    try:
        return _end(using, order, lambda open_order: orders.expired(using.table, open_order))
    except OrderNotOpen:
        return orders.read(using.table, order.workgroup_id, order.order_id)


def _end(using: Collaborators, order: Order, end: Callable[[Order], Order]) -> Order:
    """End an open order after every page of it is closed; what turns out to be paid is paid, and can't be ended."""
    for _ in range(receiving.STEPS_MAX):
        if order.status is not OrderStatus.OPEN:
            raise OrderNotOpen(order_status=order.status)
        order = _settled_down(using, order)
        if order.status is not OrderStatus.OPEN:
            raise OrderNotOpen(order_status=order.status)
        try:
            return end(order)
        except OrderMoved as moved:
            order = moved.met
    raise TryAgain


def _settled_down(using: Collaborators, order: Order) -> Order:
    """The order with all its pages closed. A page that was asked for and never remembered is asked for again first."""
    if order.status is not OrderStatus.OPEN:
        return order
    if order.checkout.session_id is None and _payable(using, order):
        try:
            order = _open(using, order)
        except PaymentRejected:
            return order  # Stripe never opened it, and never will
    session_id = order.checkout.session_id
    if (
        session_id is not None
        and receiving.receive_session(using, using.payments.close_checkout(session_id)) is not Receipt.NOTHING
    ):
        return orders.read(using.table, order.workgroup_id, order.order_id)
    return order


def _renewed(using: Collaborators, order: Order, key: str) -> Order:
    """The order with another checkout as its newest; one that moved meanwhile is told as it is."""
    ends = checkout_ends(using.table.stamp.at, order.expires_at, minutes_min=using.policies.checkout_minutes_min)
    checkout = Checkout(number=order.checkout.number + 1, key=key, expires_at=ends)
    try:
        return orders.renewed(using.table, order, checkout)
    except OrderMoved as moved:
        if moved.met.status is not OrderStatus.OPEN:
            raise OrderNotOpen(order_status=moved.met.status) from moved
        if moved.met.checkout.key == key:
            return moved.met
        raise CheckoutSuperseded from moved


def _open(using: Collaborators, order: Order) -> Order:
    """The order with its newest pay page, opened once and remembered."""
    session = using.payments.open_checkout(order)
    try:
        return orders.opened(using.table, order, session_id=session.session_id, url=session.url)
    except OrderMoved as moved:
        if moved.met.checkout.session_id == session.session_id:
            return moved.met
        receiving.receive_session(using, using.payments.close_checkout(session.session_id))
        if moved.met.status is not OrderStatus.OPEN:
            raise OrderNotOpen(order_status=moved.met.status) from moved
        raise CheckoutSuperseded from moved


def _payable(using: Collaborators, order: Order) -> bool:
    """Whether a page could still be opened for the newest checkout: Stripe keeps one open half an hour at the least."""
    least = timedelta(minutes=using.policies.checkout_minutes_min) - SLACK
    return order.checkout.expires_at - using.table.stamp.at >= least

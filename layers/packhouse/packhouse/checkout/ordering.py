"""Orders by card: placed, renewed with a fresh pay page, cancelled, expired. First the order's row, then its page."""

from collections.abc import Callable
from datetime import timedelta

from packhouse.checkout import receiving
from packhouse.checkout.receiving import Collaborators, Receipt
from packhouse.domain.orders import CHECKOUTS_MAX, Checkout, Order, OrderStatus, checkout_ends
from packhouse.errors import (
    CheckoutSuperseded,
    OrderNotOpen,
    PaymentRejected,
    Refusal,
    TooManyAttempts,
)
from packhouse.payments.provider import OrderName
from packhouse.store import named, orders
from packhouse.store.patience import Moved, until_settled

SLACK = timedelta(seconds=30)  # between our clock and Stripe's


def place(
    using: Collaborators, named_as: OrderName, request_hash: str, price: Callable[[], Order]
) -> tuple[Order, bool]:
    """The order as it was placed, with its pay page; True if an earlier request of this name had placed it.

    The row comes first: if the process dies, or Stripe doesn't answer, the same request finds the row and goes on. If
    Stripe rejects the page, the same request is rejected again, and the order stays open until it is cancelled or
    expires.
    """
    order, replayed = _placed(using, named_as, request_hash, price)
    if order.status is OrderStatus.OPEN and order.checkout.session_id is None and _payable(using, order):
        order = _open_page(using, order)
    return order.as_placed(), replayed


def renew(using: Collaborators, wg: str, order_id: str, *, key: str) -> tuple[Order, bool]:
    """The order with a fresh pay page; True if this key had opened the page before. The older page is closed first."""
    order = orders.read(using.table, wg, order_id)
    if key in order.earlier_keys:
        raise CheckoutSuperseded
    if order.checkout.key == key:
        return _renewed_before(using, order), True
    return _renewed_now(using, order, key), False


def cancel(using: Collaborators, wg: str, order_id: str, *, key: str) -> tuple[Order, bool]:
    """The cancelled order, which nobody can pay any more; True if this key had cancelled it before."""

    def cancel_open(order: Order) -> Order:
        if order.is_over(using.table.stamp.at):
            raise OrderNotOpen(order_status=OrderStatus.EXPIRED)
        return orders.cancel(using.table, order, cancel_key=key)

    order = orders.read(using.table, wg, order_id)
    if order.cancel_key == key:
        return order, True
    try:
        return _end(using, order, cancel_open), False
    except OrderNotOpen:  # maybe by this very request, which was sent again or twice at once
        met = orders.read(using.table, wg, order_id)
        if met.cancel_key != key:
            raise
        return met, True


def expire(using: Collaborators, order: Order) -> Order:
    """An order whose time is over, expired; or paid, if somebody paid in its last moments."""
    try:
        return _end(using, order, lambda open_order: orders.expire(using.table, open_order))
    except OrderNotOpen:
        return _read_again(using, order)


def _placed(
    using: Collaborators, named_as: OrderName, request_hash: str, price: Callable[[], Order]
) -> tuple[Order, bool]:
    """The order's row, new or from an earlier request. An earlier row outranks a refusal by today's catalog."""
    try:
        return orders.place(using.table, price())
    except Refusal:
        earlier = orders.find(using.table, named_as.workgroup_id, named_as.order_id)
        if earlier is None:
            raise
        named.require_same(request_hash, earlier.request_hash)
        return earlier, True


def _renewed_before(using: Collaborators, order: Order) -> Order:
    """The order for the key of its newest checkout. If the page couldn't be opened the first time, it is opened now."""
    seen = order.as_read(using.table.stamp.at)
    if seen.status is not OrderStatus.OPEN or seen.checkout.session_id is not None:
        return seen
    if _payable(using, order):
        return _open_page(using, order)
    return _open_next(using, order, order.checkout.key)


def _renewed_now(using: Collaborators, order: Order, key: str) -> Order:
    """The order with its older page closed and a fresh one open."""
    now = using.table.stamp.at
    if order.as_read(now).status is OrderStatus.OPEN and len(order.earlier_keys) >= CHECKOUTS_MAX:
        seconds_left = int((order.expires_at - now).total_seconds())
        raise TooManyAttempts(maximum=CHECKOUTS_MAX, retry_after_seconds=seconds_left)
    order = _close_page(using, order)
    if (status := order.as_read(now).status) is not OrderStatus.OPEN:
        raise OrderNotOpen(order_status=status)
    return _open_next(using, order, key)


def _open_next(using: Collaborators, order: Order, key: str) -> Order:
    """The order with a new checkout under this key, and its page open."""
    order = _renew_checkout(using, order, key)
    return order if order.checkout.session_id else _open_page(using, order)


def _renew_checkout(using: Collaborators, order: Order, key: str) -> Order:
    """The order with a new checkout under this key, perhaps written by the same request, sent twice at once."""
    ends = checkout_ends(using.table.stamp.at, order.expires_at, minutes_min=using.policies.checkout_minutes_min)
    checkout = Checkout(number=order.checkout.number + 1, key=key, expires_at=ends)
    try:
        return orders.renew(using.table, order, checkout)
    except Moved as moved:
        met = _read_again(using, order)
        if met.status is not OrderStatus.OPEN:
            raise OrderNotOpen(order_status=met.status) from moved
        if met.checkout.key == key:
            return met
        raise CheckoutSuperseded from moved


def _open_page(using: Collaborators, order: Order) -> Order:
    """The order with the page of its newest checkout, opened once and remembered."""
    session = using.payments.open_checkout(order)
    try:
        return orders.remember_session(using.table, order, session_id=session.session_id, url=session.url)
    except Moved as moved:
        met = _read_again(using, order)
        if met.checkout.session_id == session.session_id:
            return met
        receiving.receive_session(using, using.payments.close_checkout(session.session_id))
        if met.status is not OrderStatus.OPEN:
            raise OrderNotOpen(order_status=met.status) from moved
        raise CheckoutSuperseded from moved


def _end(using: Collaborators, order: Order, end: Callable[[Order], Order]) -> Order:
    """Close an open order's page, then end the order. If somebody had paid by then, it is paid and can't be ended."""

    def attempt(order: Order) -> Order:
        closed = _close_page(using, order)
        if closed.status is not OrderStatus.OPEN:
            raise OrderNotOpen(order_status=closed.status)
        return end(closed)

    return until_settled(lambda: _read_again(using, order), attempt, first=order)


def _close_page(using: Collaborators, order: Order) -> Order:
    """The order after its page is closed: as it was, or paid, if somebody had paid by then."""
    if order.status is not OrderStatus.OPEN:
        return order
    order = _with_page(using, order)
    if order.checkout.session_id is None:
        return order
    closed = using.payments.close_checkout(order.checkout.session_id)
    if receiving.receive_session(using, closed) is Receipt.NOTHING:
        return order
    return _read_again(using, order)


def _with_page(using: Collaborators, order: Order) -> Order:
    """The order with its page. A page that was asked for and never remembered is asked for again: Stripe has one."""
    if order.checkout.session_id is not None or not _payable(using, order):
        return order
    try:
        return _open_page(using, order)
    except PaymentRejected:  # Stripe never opened this page, and never will
        return order


def _read_again(using: Collaborators, order: Order) -> Order:
    return orders.read(using.table, order.workgroup_id, order.order_id)


def _payable(using: Collaborators, order: Order) -> bool:
    """Whether a page can still be opened for the newest checkout: Stripe wants it to be open for half an hour."""
    least = timedelta(minutes=using.policies.checkout_minutes_min) - SLACK
    return order.checkout.expires_at - using.table.stamp.at >= least

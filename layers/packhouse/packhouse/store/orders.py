"""Orders as items: each step of a purchase is one conditional write on the order's item."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from packhouse.domain import ids, instants
from packhouse.domain.money import Money
from packhouse.domain.orders import Address, Checkout, Event, Method, Order, OrderLine, OrderStatus, Payment
from packhouse.errors import NotFound
from packhouse.store import keys, named, wire
from packhouse.store.patience import Moved, WriteRefused
from packhouse.store.table import StampedTable, Table, Write, appended, if_absent
from packhouse.store.wire import Item


def place(table: StampedTable, order: Order) -> tuple[Order, bool]:
    """The order of this name, placed now; or (True) placed by an earlier request with the same contents."""
    owned = keys.owned_order(order.workgroup_id, order.order_id, table.stamp.changed_at)
    earlier = named.create(table, {**_item(order), **owned})
    return (order, False) if earlier is None else (of_item(earlier), True)


def read(table: Table, wg: str, order_id: str) -> Order:
    order = find(table, wg, order_id)
    if order is None:
        raise NotFound
    return order


def find(table: Table, wg: str, order_id: str) -> Order | None:
    """The order, if there is one. The ids may come from outside, so they may be anything."""
    if not (ids.is_id(ids.Prefix.WORKGROUP, wg) and ids.is_id(ids.Prefix.ORDER, order_id)):
        return None
    item = table.read(keys.order(wg, order_id))
    return of_item(item) if item else None


def remember_session(table: StampedTable, order: Order, *, session_id: str, url: str | None) -> Order:
    """Remember the session of the order's newest checkout. `Moved` as `_step`."""
    checkout = {**_checkout(order.checkout), "session_id": session_id, "url": url}
    first = {"placed_url": if_absent(url)} if url else {}
    return _step(table, order, {"checkout": wire.present(checkout), **first})


def renew(table: StampedTable, order: Order, checkout: Checkout) -> Order:
    """Make `checkout` the newest, after the page before it was closed, and remember its key. `Moved` as `_step`."""
    earlier_keys = [*order.earlier_keys, *({order.checkout.key} - {checkout.key})]
    return _step(table, order, {"checkout": wire.present(_checkout(checkout)), "earlier_keys": earlier_keys})


def cancel(table: StampedTable, order: Order, *, cancel_key: str) -> Order:
    """`Moved` as `_step`."""
    return _end(table, order, OrderStatus.CANCELLED, {"cancel_key": cancel_key})


def expire(table: StampedTable, order: Order) -> Order:
    """`Moved` as `_step`."""
    return _end(table, order, OrderStatus.EXPIRED, {})


def paid(table: StampedTable, order: Order, payment: Payment, pack_ids: Sequence[str]) -> Write:
    """The write that makes an open or expired order paid."""
    return table.update(
        keys.order(order.workgroup_id, order.order_id),
        sets={
            "status": OrderStatus.PAID,
            "payment": _payment(payment),
            "packs": list(pack_ids),
            "history": appended(_event(table, OrderStatus.PAID)),
        },
        removes=keys.QUEUED,
        only_if="#status IN (:open, :expired)",
        open=OrderStatus.OPEN,
        expired=OrderStatus.EXPIRED,
    )


def remember_return(table: StampedTable, order: Order, payment_id: str) -> None:
    """Remember once that a payment was sent back."""
    update = table.update(
        keys.order(order.workgroup_id, order.order_id),
        sets={"returned": appended(payment_id)},
        only_if="attribute_exists(PK) AND NOT contains(returned, :payment)",
        payment=payment_id,
    )
    with suppress(WriteRefused):  # it was remembered before
        table.write(update)


def of_item(item: Item) -> Order:
    return Order(
        workgroup_id=keys.workgroup_of(item),
        order_id=keys.subject(item),
        method=Method(item["method"]),
        lines=tuple(OrderLine(**{**line, "unit_price": Money(line["unit_price"])}) for line in item["lines"]),
        billing_address=Address(**item["billing_address"]),
        shipping_address=Address(**item["shipping_address"]),
        email=item["email"],
        reference=item.get("reference"),
        created_at=instants.parse(item["created_at"]),
        created_by=item["created_by"],
        expires_at=instants.parse(item["expires_at"]),
        request_hash=item["request_hash"],
        checkout=Checkout(
            **{**item["checkout"], "expires_at": instants.parse(item["checkout"]["expires_at"])},
        ),
        placed_url=item.get("placed_url"),
        earlier_keys=tuple(item["earlier_keys"]),
        cancel_key=item.get("cancel_key"),
        status=OrderStatus(item["status"]),
        history=tuple(
            Event(at=instants.parse(event["at"]), status=OrderStatus(event["status"]), by=event["by"])
            for event in item["history"]
        ),
        payment=_payment_of(item["payment"]) if "payment" in item else None,
        packs=tuple(item.get("packs", ())),
        returned=tuple(item.get("returned", ())),
    )


def _step(table: StampedTable, order: Order, sets: Mapping[str, object], *, removes: Sequence[str] = ()) -> Order:
    """The order after this change. `Moved` if it isn't open any more, or has another newest checkout."""
    update = table.update(
        keys.order(order.workgroup_id, order.order_id),
        sets=sets,
        removes=removes,
        only_if="#status = :open AND checkout.#number = :number",
        open=OrderStatus.OPEN,
        number=order.checkout.number,
    )
    try:
        return of_item(table.change(update))
    except WriteRefused as refused:
        raise Moved from refused


def _end(table: StampedTable, order: Order, status: OrderStatus, sets: Mapping[str, object]) -> Order:
    ended = {"status": status, "history": appended(_event(table, status)), **sets}
    return _step(table, order, ended, removes=keys.QUEUED)


def _item(order: Order) -> Item:
    return {
        **keys.order(order.workgroup_id, order.order_id),
        **keys.due_order(order.expires_at),
        "method": order.method,
        "lines": [{**asdict(line), "unit_price": line.unit_price.amount} for line in order.lines],
        "billing_address": _address(order.billing_address),
        "shipping_address": _address(order.shipping_address),
        "email": order.email,
        "reference": order.reference,
        "created_at": order.created_at,
        "created_by": order.created_by,
        "expires_at": order.expires_at,
        "request_hash": order.request_hash,
        "checkout": wire.present(_checkout(order.checkout)),
        "earlier_keys": list(order.earlier_keys),
        "status": order.status,
        "history": [{"at": instants.text(event.at), "status": event.status, "by": event.by} for event in order.history],
    }


def _address(address: Address) -> dict[str, object]:
    return wire.present(asdict(address))


def _checkout(checkout: Checkout) -> dict[str, Any]:
    return {**asdict(checkout), "expires_at": instants.text(checkout.expires_at)}


def _payment(payment: Payment) -> dict[str, Any]:
    return {**asdict(payment), "amount": payment.amount.amount, "charged_at": instants.text(payment.charged_at)}


def _payment_of(stored: dict[str, Any]) -> Payment:
    return Payment(**{**stored, "amount": Money(stored["amount"]), "charged_at": instants.parse(stored["charged_at"])})


def _event(table: StampedTable, status: OrderStatus) -> dict[str, str]:
    return {"at": instants.text(table.stamp.at), "status": status, "by": table.stamp.principal}

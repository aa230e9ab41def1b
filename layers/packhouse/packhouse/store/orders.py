"""Orders as items: each step of a purchase is one conditional write on the order's item."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from packhouse.domain import ids, instants
from packhouse.domain.money import Money
from packhouse.domain.orders import Address, Checkout, Event, Method, Order, OrderLine, OrderStatus, Payment
from packhouse.errors import IdempotencyKeyReused, NotFound
from packhouse.store import keys
from packhouse.store.patience import WriteRefused
from packhouse.store.table import StampedTable, Table, Write
from packhouse.store.wire import Item

_NEWEST = "#status = :open AND checkout.#number = :number"


class OrderMoved(Exception):  # noqa: N818  # an outcome that the use cases answer
    """The order isn't as it was when the step began. `met` is the order as it is now."""

    def __init__(self, met: Order) -> None:
        super().__init__(met.order_id)
        self.met = met


def place(table: StampedTable, order: Order) -> tuple[Order, bool]:
    """The order of this name, placed now; or (True) placed by an earlier request with the same contents."""
    try:
        owned = keys.owned_order(order.workgroup_id, order.order_id, table.stamp.changed_at)
        table.write(table.put({**_item(order), **owned}, only_if="attribute_not_exists(PK)"))
    except WriteRefused as refused:
        (met,) = refused.met
        if met is None or met["request_hash"] != order.request_hash:
            raise IdempotencyKeyReused from refused
        return of_item(met), not table.stamp.is_on(met)
    return order, False


def read(table: Table, wg: str, order_id: str) -> Order:
    order = find(table, wg, order_id)
    if order is None:
        raise NotFound
    return order


def find(table: Table, wg: str, order_id: str) -> Order | None:
    """The order, if there is one. The ids may come from outside, so they may be anything."""
    if not (ids.is_id(ids.Kind.WORKGROUP, wg) and ids.is_id(ids.Kind.ORDER, order_id)):
        return None
    item = table.read(keys.order(wg, order_id))
    return of_item(item) if item else None


def remember_session(table: StampedTable, order: Order, *, session_id: str, url: str | None) -> Order:
    """Remember the session of the order's newest checkout."""
    checkout = {**_checkout(order.checkout), "session_id": session_id, "url": url}
    first = ", placed_url = if_not_exists(placed_url, :url)" if url else ""
    return _step(
        table,
        order,
        f"SET checkout = :checkout{first}",
        checkout={name: value for name, value in checkout.items() if value is not None},
        **({"url": url} if url else {}),
    )


def renew(table: StampedTable, order: Order, checkout: Checkout) -> Order:
    """Make `checkout` the newest. The page of the one before it is closed; its key is remembered."""
    return _step(
        table,
        order,
        "SET checkout = :checkout, earlier_keys = :earlier_keys",
        checkout={name: value for name, value in _checkout(checkout).items() if value is not None},
        earlier_keys=[*order.earlier_keys, *({order.checkout.key} - {checkout.key})],
    )


def cancel(table: StampedTable, order: Order, *, cancel_key: str) -> Order:
    return _end(table, order, OrderStatus.CANCELLED, ", cancel_key = :cancel_key", cancel_key=cancel_key)


def expire(table: StampedTable, order: Order) -> Order:
    return _end(table, order, OrderStatus.EXPIRED, "")


def paid(table: StampedTable, order: Order, payment: Payment, pack_ids: Sequence[str]) -> Write:
    """The write that makes an open or expired order paid."""
    return table.update(
        keys.order(order.workgroup_id, order.order_id),
        "SET #status = :paid, payment = :payment, packs = :packs, history = list_append(history, :event) "
        "REMOVE due, due_at",
        only_if="#status IN (:open, :expired)",
        paid=OrderStatus.PAID,
        open=OrderStatus.OPEN,
        expired=OrderStatus.EXPIRED,
        payment=_payment(payment),
        packs=list(pack_ids),
        event=[_event(table, OrderStatus.PAID)],
    )


def remember_return(table: StampedTable, order: Order, payment_id: str) -> None:
    """Remember that a payment was sent back; once."""
    try:
        table.write(
            table.update(
                keys.order(order.workgroup_id, order.order_id),
                "SET returned = list_append(if_not_exists(returned, :none), :payments)",
                only_if="attribute_exists(PK) AND NOT contains(returned, :payment)",
                none=[],
                payments=[payment_id],
                payment=payment_id,
            )
        )
    except WriteRefused:
        return  # it was remembered before


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
            Event(at=instants.parse(one["at"]), status=OrderStatus(one["status"]), by=one["by"])
            for one in item["history"]
        ),
        payment=_payment_of(item["payment"]) if "payment" in item else None,
        packs=tuple(item.get("packs", ())),
        returned=tuple(item.get("returned", ())),
    )


def _step(table: StampedTable, order: Order, expression: str, **values: object) -> Order:
    """The order after this change, if it is open and its newest checkout is the one in `order`; else `OrderMoved`."""
    update = table.update(
        keys.order(order.workgroup_id, order.order_id),
        expression,
        only_if=_NEWEST,
        open=OrderStatus.OPEN,
        number=order.checkout.number,
        **values,
    )
    try:
        return of_item(table.change(update))
    except WriteRefused as refused:
        (met,) = refused.met
        if met is None:
            raise NotFound from refused
        raise OrderMoved(of_item(met)) from refused


def _end(table: StampedTable, order: Order, status: OrderStatus, also: str, **values: object) -> Order:
    return _step(
        table,
        order,
        f"SET #status = :status, history = list_append(history, :event){also} REMOVE due, due_at",
        status=status,
        event=[_event(table, status)],
        **values,
    )


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
        "checkout": {name: value for name, value in _checkout(order.checkout).items() if value is not None},
        "earlier_keys": list(order.earlier_keys),
        "status": order.status,
        "history": [{"at": instants.text(one.at), "status": one.status, "by": one.by} for one in order.history],
    }


def _address(address: Address) -> dict[str, str]:
    return {name: value for name, value in asdict(address).items() if value is not None}


def _checkout(checkout: Checkout) -> dict[str, Any]:
    return {**asdict(checkout), "expires_at": instants.text(checkout.expires_at)}


def _payment(payment: Payment) -> dict[str, Any]:
    return {**asdict(payment), "amount": payment.amount.amount, "charged_at": instants.text(payment.charged_at)}


def _payment_of(stored: dict[str, Any]) -> Payment:
    return Payment(**{**stored, "amount": Money(stored["amount"]), "charged_at": instants.parse(stored["charged_at"])})


def _event(table: StampedTable, status: OrderStatus) -> dict[str, str]:
    return {"at": instants.text(table.stamp.at), "status": status, "by": table.stamp.principal}

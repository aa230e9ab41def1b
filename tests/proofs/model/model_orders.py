"""What the model answers of orders, and what it knows of the bank: pay pages, and which of them were paid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.proofs.model.model import ABSENT, Expected, Named, Packhouse, Refused, optional, told

CARD_MAXIMUM = 99_999_999
PAGES_MAX = 20
LOOKED_BACK = timedelta(hours=1)


@dataclass(kw_only=True)
class Page:
    """A pay page at Stripe, by its address."""

    url: str
    order_id: str
    key: str
    """The caller's name for it; the first one of an order has none."""
    ends_at: datetime
    closed: bool = False
    paid_at: datetime | None = None

    def open(self, now: datetime) -> bool:
        return not self.closed and self.paid_at is None and now < self.ends_at


@dataclass(kw_only=True)
class Order:
    order_id: str
    said: Mapping[str, Any]
    created_at: datetime
    expires_at: datetime
    history: list[dict[str, str]]
    pages: list[Page]
    status: str = "open"
    paid_at: datetime | None = None
    packs: list[str] = field(default_factory=list)
    """Learned from what is told after it was paid; the model knows only how many there must be."""
    cancel_key: str | None = None

    @property
    def page(self) -> Page:
        return self.pages[-1]


@dataclass(kw_only=True)
class Till:
    """All that the model knows of orders; `mark` is how far the reconciler has gone through Stripe's events."""

    house: Packhouse
    mark: datetime
    orders: dict[str, Order] = field(default_factory=dict)

    @property
    def pages(self) -> list[Page]:
        """Every page there ever was, the newest last."""
        return [page for order in self.orders.values() for page in order.pages]


def total(house: Packhouse, lines: Sequence[Mapping[str, Any]]) -> int:
    return sum(house.catalog[line["sku"]]["unit_price"]["amount"] * line["quantity"] for line in lines)


# --- placing ---


def place(till: Till, key: str, body: Mapping[str, Any], *, by: str, told_id: str, told_url: str) -> Expected:
    house, lines = till.house, body["lines"]
    if earlier := house.earlier("orders", key, body):
        return Expected(201, view(till, till.orders[earlier[0]], as_placed=True), replayed=True)
    for line in lines:
        if line["sku"] not in house.catalog:
            raise Refused("unknown-sku", sku=line["sku"])
    amount = total(house, lines)
    if body.get("expected_total", {"amount": amount})["amount"] != amount:
        prices = [{"sku": line["sku"], "unit_price": house.catalog[line["sku"]]["unit_price"]} for line in lines]
        raise Refused("price-changed", lines=prices)
    if amount > CARD_MAXIMUM:
        raise Refused("card-maximum-exceeded", maximum={"amount": CARD_MAXIMUM, "currency": "usd"})
    expires_at = house.now + timedelta(hours=house.policies["card_order_hours"])
    order = Order(
        order_id=told_id,
        said=body,
        created_at=house.now,
        expires_at=expires_at,
        history=[_event(house, "open", by)],
        pages=[_page(till, told_id, expires_at, url=told_url, key="")],
    )
    till.orders[told_id] = order
    house.names["orders", key] = Named(body=body, ids=[told_id])
    return Expected(201, view(till, order))


def _page(till: Till, order_id: str, order_ends: datetime, *, url: str, key: str) -> Page:
    """It closes a minute before its order, but Stripe keeps none open for less than half an hour."""
    shortest = timedelta(minutes=till.house.policies["checkout_minutes_min"])
    ends_at = max(order_ends - timedelta(minutes=1), till.house.now + shortest)
    return Page(url=url, order_id=order_id, key=key, ends_at=ends_at)


# --- what becomes of an order ---


def look_at(till: Till, page: Page, *, by: str) -> None:
    """Somebody looks at a page at Stripe: if it was paid, so is the order."""
    order = till.orders[page.order_id]
    if page.paid_at is None or order.status == "paid":
        return
    assert order.status in {"open", "expired"}, "a cancelled order was paid"
    order.status, order.paid_at = "paid", page.paid_at
    order.history.append(_event(till.house, "paid", by))


def untold(till: Till) -> list[Order]:
    """Paid orders of which the ids of the packs aren't known yet."""
    return [order for order in till.orders.values() if order.status == "paid" and not order.packs]


def learn(till: Till, order: Order, pack_ids: Sequence[str]) -> None:
    """The packs of a paid order: one for each line, valid from the time of the charge."""
    assert order.paid_at is not None
    assert len(set(pack_ids)) == len(order.said["lines"]), "not one pack for each line"
    order.packs = list(pack_ids)
    for line, pack_id in zip(order.said["lines"], pack_ids, strict=True):
        assert pack_id not in till.house.packs
        source = {"kind": "card", "order_id": order.order_id}
        till.house.grant(line["sku"], line["quantity"], pack_id, acquired_at=order.paid_at, source=source)


def cancel(till: Till, order_id: str, key: str, *, by: str) -> Expected:
    order = _found(till, order_id)
    if order.cancel_key == key:
        return Expected(200, view(till, order), replayed=True)
    _close(till, order, by=by)
    if _shown(till, order) != "open":
        raise Refused("order-not-open", order_status=_shown(till, order))
    order.status, order.cancel_key = "cancelled", key
    order.history.append(_event(till.house, "cancelled", by))
    return Expected(200, view(till, order))


def renew(till: Till, order_id: str, key: str, *, by: str, told_url: str) -> Expected:
    order = _found(till, order_id)
    if key in {page.key for page in order.pages[:-1]}:
        raise Refused("checkout-superseded")
    if order.page.key == key:
        return Expected(200, view(till, order), replayed=True)
    assert len(order.pages) < PAGES_MAX
    _close(till, order, by=by)
    if _shown(till, order) != "open":
        raise Refused("order-not-open", order_status=_shown(till, order))
    order.pages.append(_page(till, order_id, order.expires_at, url=told_url, key=key))
    return Expected(200, view(till, order))


def expire(till: Till, *, by: str) -> int:
    """The tick that ends what is over; how many orders it looked at."""
    due = [order for order in till.orders.values() if order.status == "open" and order.expires_at <= till.house.now]
    for order in due:
        _close(till, order, by=by)
        if order.status == "open":
            order.status = "expired"
            order.history.append(_event(till.house, "expired", by))
    return len(due)


def reconcile(till: Till, *, by: str) -> None:
    """The tick that looks at every page that was paid since shortly before the last one."""
    for page in till.pages:
        if page.paid_at and till.mark - LOOKED_BACK <= page.paid_at < till.house.now:
            look_at(till, page, by=by)
    till.mark = max(till.mark, till.house.now)


def _close(till: Till, order: Order, *, by: str) -> None:
    """Before an open order is ended or gets another page, its page is closed; who has paid it by then, has paid."""
    if order.status == "open":
        look_at(till, order.page, by=by)
        order.page.closed = True


def _found(till: Till, order_id: str) -> Order:
    if order_id not in till.orders:
        raise Refused("not-found")
    return till.orders[order_id]


def _event(house: Packhouse, status: str, by: str) -> dict[str, str]:
    return {"at": told(house.now), "status": status, "by": by}


# --- what is shown ---


def read(till: Till, order_id: str) -> Expected:
    return Expected(200, view(till, _found(till, order_id)))


def listed(till: Till, *, statuses: frozenset[str] = frozenset()) -> list[object]:
    """Every order that a list with these filters shows, newest first."""
    newest = sorted(till.orders.values(), key=lambda order: (order.created_at, order.order_id), reverse=True)
    return [view(till, order) for order in newest if not statuses or _shown(till, order) in statuses]


def _shown(till: Till, order: Order) -> str:
    """Its status to a reader: once its time is over it is expired, whether a tick has come by or not."""
    return "expired" if order.status == "open" and order.expires_at <= till.house.now else order.status


def view(till: Till, order: Order, *, as_placed: bool = False) -> dict[str, object]:
    """The packs of a paid order are compared once they are known."""
    paid = order.status == "paid" and not as_placed
    page = order.pages[0] if as_placed else order.page
    lines = []
    for number, line in enumerate(order.said["lines"]):
        license_type = till.house.catalog[line["sku"]]
        amount = license_type["unit_price"]["amount"] * line["quantity"]
        packs = {} if paid and not order.packs else {"pack_id": order.packs[number] if paid else ABSENT}
        lines.append(
            {
                **line,
                "name": license_type["name"],
                "unit_price": license_type["unit_price"],
                "amount": {"amount": amount, "currency": "usd"},
                **packs,
            }
        )
    return {
        "order_id": order.order_id,
        "status": "open" if as_placed else _shown(till, order),
        "method": "card",
        "created_at": told(order.created_at),
        "paid_at": told(order.paid_at) if paid and order.paid_at else ABSENT,
        "expires_at": told(order.expires_at),
        "lines": lines,
        "total": {"amount": total(till.house, order.said["lines"]), "currency": "usd"},
        "refunded": {"amount": 0, "currency": "usd"},
        "billing_address": order.said["billing_address"],
        "shipping_address": order.said["billing_address"],
        "email": order.said["email"],
        "reference": optional(order.said.get("reference")),
        "checkout_url": page.url if as_placed or _shown(till, order) == "open" else ABSENT,
        **({} if paid and not order.packs else {"packs": order.packs if paid else []}),
        "history": order.history[:1] if as_placed else order.history,
    }

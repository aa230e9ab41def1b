"""Money that arrives is held against its order, each fact by itself; and what was paid is what the packs bear."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import pytest

from packhouse.catalog import catalog
from packhouse.checkout import receiving
from packhouse.checkout.receiving import Receipt
from packhouse.domain import instants
from packhouse.domain.ids import Prefix, named
from packhouse.domain.money import Money
from packhouse.domain.orders import Checkout, OrderLine
from packhouse.payments.provider import OrderName, Session
from packhouse.payments.stripe import StripePayments, account
from packhouse.store import keys, orders
from tests.harness.fake_stripe import API_KEY
from tests.harness.shop import TOTAL, Shop, buying_with
from tests.harness.world import NORTHWIND

OTHER_ORDER = OrderName(workgroup_id=NORTHWIND, order_id=named(Prefix.ORDER, NORTHWIND, "other"))


@dataclass(frozen=True)
class Damage:
    """What is otherwise about a session, and about the payment in it, than it should be."""

    session: dict[str, Any]
    payment: dict[str, Any]


class Damaged(StripePayments):
    """Stripe, with one fact of a session damaged."""

    def __init__(self, shop: Shop, damage: Damage) -> None:
        super().__init__(account(API_KEY, api_url=shop.stripe.url), return_url="https://desk.example/", seconds=14)
        self._damage = damage

    def read_checkout(self, session_id: str) -> Session:
        session = super().read_checkout(session_id)
        assert session.payment is not None
        return replace(session, **{"payment": replace(session.payment, **self._damage.payment), **self._damage.session})


def received(shop: Shop, damage: Damage) -> Receipt:
    using = replace(buying_with(shop.world.stamped()), payments=Damaged(shop, damage))
    return receiving.receive(using, shop.sessions("complete")[0])


def test_money_that_is_what_was_ordered_is_taken(shop: Shop) -> None:
    shop.pay(shop.ordered()["checkout_url"])

    assert received(shop, Damage({}, {})) is Receipt.GRANTED

    assert shop.stock() == {"mailbox-migration": 3, "document-migration": 1}


@pytest.mark.parametrize(
    "damage",
    [
        Damage({"livemode": True}, {}),
        Damage({"amount": Money(TOTAL - 1)}, {}),
        Damage({"amount": Money(TOTAL + 1)}, {}),
        Damage({"amount": Money(TOTAL, "eur")}, {}),
        Damage({}, {"amount": Money(TOTAL - 1)}),
        Damage({}, {"amount": Money(TOTAL + 1)}),
        Damage({}, {"amount": Money(TOTAL, "eur")}),
        Damage({"order": OTHER_ORDER}, {}),
        Damage({"order": None}, {}),
        Damage({"payment_order": OTHER_ORDER}, {}),
        Damage({"payment_order": None}, {}),
    ],
    ids=str,
)
def test_money_of_which_one_fact_is_not_as_ordered_is_parked_and_grants_nothing(shop: Shop, damage: Damage) -> None:
    order = shop.ordered()
    shop.pay(order["checkout_url"])

    assert received(shop, damage) is Receipt.PARKED

    assert shop.order(order["order_id"])["status"] == "open"
    assert shop.stock() == {}
    assert [item["object_id"] for item in shop.world.items() if keys.entity(item) == "PARKED"] == shop.sessions(
        "complete"
    )


def test_each_payment_that_came_too_late_is_sent_back_under_a_name_of_its_own(shop: Shop) -> None:
    """Two pages of one order were paid, and it was cancelled meanwhile."""
    order = shop.ordered()
    shop.pay(order["checkout_url"])
    with_a_second_page(shop, order["order_id"])
    fresh = shop.world.call("POST", f"orders/{order['order_id']}/checkout", "ada", key="two")
    shop.pay(fresh.body["checkout_url"])
    table = shop.world.stamped()
    orders.cancel(table, orders.read(table, NORTHWIND, order["order_id"]), cancel_key="stop")

    for _ in range(2):
        shop.receive_all()

    assert [refund["amount"] for refund in shop.refunds()] == [TOTAL, TOTAL]
    assert len({refund["metadata"]["refund_id"] for refund in shop.refunds()}) == 2
    assert len({refund["charge"] for refund in shop.refunds()}) == 2
    assert len(orders.read(table, NORTHWIND, order["order_id"]).returned) == 2


def with_a_second_page(shop: Shop, order_id: str) -> None:
    """Make another checkout the newest without a look at the first one, as if that had been paid the instant after."""
    table = shop.world.stamped()
    order = orders.read(table, NORTHWIND, order_id)
    orders.renew(table, order, Checkout(number=2, key="two", expires_at=order.checkout.expires_at))


def test_a_pack_bears_the_price_that_was_paid_for_it(shop: Shop) -> None:
    """The catalog may have another one by now."""
    order = shop.ordered()
    lines = [
        asdict(OrderLine.of(catalog().of(sku), quantity)) | {"unit_price": unit_price}
        for sku, quantity, unit_price in (("mailbox-migration", 3, 1100), ("document-migration", 1, 2800))
    ]
    assert sum(line["quantity"] * line["unit_price"] for line in lines) == TOTAL
    shop.damage(order["order_id"], lines=lines)
    shop.pay(order["checkout_url"])

    shop.receive_all()

    packs = [item for item in shop.world.items() if keys.entity(item) == "PACK"]
    assert {item["sku"]: item["unit_price"] for item in packs} == {
        "mailbox-migration": 1100,
        "document-migration": 2800,
    }


def test_a_pack_counts_its_months_from_the_charge_and_not_from_the_news_of_it(shop: Shop) -> None:
    order = shop.ordered()
    shop.pay(order["checkout_url"])
    charged_at = charge_of(shop)
    shop.advance(hours=50)

    shop.receive_all()

    for pack_id in shop.order(order["order_id"])["packs"]:
        pack = shop.world.call("GET", f"packs/{pack_id}", "ada").body
        assert pack["acquired_at"] == instants.text(charged_at)
        assert pack["expires_at"] == instants.text(instants.plus_months(charged_at, 12))


def charge_of(shop: Shop) -> datetime:
    """When the one charge there is was made."""
    payments = buying_with(shop.world.stamped()).payments
    payment = payments.read_checkout(shop.sessions("complete")[0]).payment
    assert payment is not None
    return payment.charged_at


@pytest.mark.parametrize("then", ["cancel", "checkout"])
def test_a_page_that_was_asked_for_and_never_remembered_is_closed_all_the_same(shop: Shop, then: str) -> None:
    """The answer that told of it was lost; only who asks again under its name learns of it."""
    shop.stripe.faults({"answers": [{"match": "POST /v1/checkout/sessions", "kind": "lost", "times": 2}]})
    assert shop.place().status == 502
    shop.stripe.faults({})
    (order,) = shop.world.call("GET", "orders", "ada").body["items"]
    (page,) = shop.sessions("open")

    answer = shop.world.call("POST", f"orders/{order['order_id']}/{then}", "ada", key="another")

    assert answer.status == 200
    assert shop.sessions("expired") == [page]
    assert len(shop.sessions("open")) == (0 if then == "cancel" else 1)

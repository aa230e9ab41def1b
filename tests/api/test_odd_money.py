"""Money that came too late, or isn't what was ordered."""

from contextlib import suppress

import pytest

from packhouse import runtime
from packhouse.checkout import receiving
from packhouse.errors import PaymentProviderUnavailable
from packhouse.payments.stripe import StripePayments, account
from packhouse.store import keys, orders
from tests.harness.fake_stripe import API_KEY
from tests.harness.shop import TOTAL, Shop
from tests.harness.world import NORTHWIND

CHEAPER = [
    {"sku": "mailbox-migration", "code": "MB", "name": "x", "validity_months": 12, "quantity": 1, "unit_price": 1}
]


def test_money_for_a_cancelled_order_is_sent_back_once(shop: Shop) -> None:
    order = shop.ordered()
    session = shop.sessions("open")[0]
    shop.pay(order["checkout_url"])
    cancel(shop, order["order_id"])

    for _ in range(3):
        shop.receive_all()
    shop.advance(minutes=20)
    shop.reconcile()

    assert [refund["amount"] for refund in shop.refunds()] == [TOTAL]
    assert shop.order(order["order_id"])["status"] == "cancelled"
    assert shop.stock() == {}
    assert session in shop.sessions("complete")


@pytest.mark.parametrize("forgotten", [False, True])
def test_a_refund_whose_answer_was_lost_is_never_sent_twice(shop: Shop, forgotten: bool) -> None:
    order = shop.ordered()
    shop.pay(order["checkout_url"])
    cancel(shop, order["order_id"])
    shop.stripe.faults({"answers": [{"match": "POST /v1/refunds", "kind": "lost", "times": 2}]})
    for event in shop.events():
        with suppress(PaymentProviderUnavailable):
            shop.receive(event)
    shop.stripe.faults({})
    if forgotten:
        shop.advance(hours=25)

    shop.receive_all()

    assert len(shop.refunds()) == 1


def test_what_is_not_what_was_ordered_is_parked_and_grants_nothing(shop: Shop) -> None:
    order = shop.ordered()
    shop.pay(order["checkout_url"])
    shop.damage(order["order_id"], lines=CHEAPER)

    shop.receive_all()
    shop.receive_all()

    assert shop.order(order["order_id"])["status"] == "open"
    assert shop.stock() == {}
    parked = [item for item in shop.world.items() if keys.entity(item) == "PARKED"]
    assert [item["why"] for item in parked] == ["not what was ordered"]


def test_what_is_parked_calls_an_operator_once_however_often_it_is_told(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    order = shop.ordered()
    shop.pay(order["checkout_url"])
    shop.damage(order["order_id"], lines=CHEAPER)

    for _ in range(3):
        shop.receive_all()
        shop.advance(minutes=15)
        shop.reconcile()

    assert caplog.messages.count(receiving.ODD) == 1


def test_what_is_parked_calls_an_operator_also_if_the_tables_answer_was_lost(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    order = shop.ordered()
    shop.pay(order["checkout_url"])
    shop.damage(order["order_id"], lines=CHEAPER)
    lost = [True]

    def resend(**_: object) -> int | None:
        return 0 if lost and lost.pop() else None

    events = runtime.dynamodb().meta.events
    events.register_first("needs-retry.dynamodb.PutItem", resend)  # type: ignore[arg-type]  # it does take an answer

    shop.receive_all()

    assert lost == []
    assert receiving.ODD in caplog.messages


def cancel(shop: Shop, order_id: str) -> None:
    """Cancel an order without a look at Stripe, as if its page had been paid the instant after."""
    table = shop.world.stamped()
    orders.cancel(table, orders.read(table, NORTHWIND, order_id), cancel_key="stop")


def test_no_call_to_stripe_is_begun_once_the_time_for_it_is_over(shop: Shop) -> None:
    url = shop.ordered()["checkout_url"]
    asked_before = len(shop.stripe.requests())
    late = StripePayments(account(API_KEY, api_url=shop.stripe.url), return_url="https://desk.example/", seconds=-1)

    with pytest.raises(PaymentProviderUnavailable):
        late.read_checkout(url.rpartition("/")[2])

    assert len(shop.stripe.requests()) == asked_before

"""Orders whose pay page Stripe definitely refuses: that is an answer of its own, and the order ends all the same."""

from datetime import timedelta

import pytest

from packhouse.store import keys
from tests.harness.shop import Shop
from tests.harness.sweeping import NOTHING
from tests.harness.world import NORTHWIND


def test_an_order_that_stripe_rejects_keeps_no_other_waiting(shop: Shop) -> None:
    strange, plain = shop.ordered(key="strange"), shop.ordered(key="plain")
    where = keys.order(NORTHWIND, strange["order_id"])
    shop.world.edit(where, **{"checkout.session_id": "cs_test_none"})
    shop.advance(hours=25)

    ticks = []
    for minutes in (1, 5, 15, 60, 60):
        ticks.append(shop.expire()["ORDER"])
        shop.advance(minutes=minutes)

    assert shop.order(plain["order_id"])["status"] == "expired"
    assert [(tick["done"], tick["parked"]) for tick in ticks] == [(1, 0), (0, 0), (0, 0), (0, 0), (0, 1)]
    item = shop.world.item(where) or {}
    assert (item["status"], item["due"]) == ("open", "PARKED#ORDER")
    assert shop.expire() == {"ORDER": NOTHING}


def rejecting(shop: Shop) -> None:
    """Have Stripe reject every page of orders placed now: by its clock they would close too soon."""
    shop.stripe.clock.move(shop.world.clock.now + timedelta(days=1))


def pages_asked_for(shop: Shop) -> int:
    return sum((one["method"], one["path"]) == ("POST", "/v1/checkout/sessions") for one in shop.stripe.requests())


def test_a_page_that_stripe_rejects_is_no_silence_and_rejected_again(shop: Shop) -> None:
    rejecting(shop)

    first, again = shop.place(), shop.place()

    assert (first.status, first.slug) == (again.status, again.slug) == (422, "payment-rejected")
    (order,) = shop.world.call("GET", "orders", "ada").body["items"]
    assert order["status"] == "open"
    assert "checkout_url" not in order
    renewed = shop.world.call("POST", f"orders/{order['order_id']}/checkout", "ada", key="fresh")
    assert (renewed.status, renewed.slug) == (422, "payment-rejected")


@pytest.mark.parametrize("end", ["cancelled", "expired"])
def test_an_order_whose_page_stripe_rejected_ends_and_is_asked_for_no_more(shop: Shop, end: str) -> None:
    rejecting(shop)
    assert shop.place().status == 422
    (order,) = shop.world.call("GET", "orders", "ada").body["items"]

    if end == "cancelled":
        answer = shop.world.call("POST", f"orders/{order['order_id']}/cancel", "ada", key="stop")
        assert (answer.status, answer.body["status"]) == (200, "cancelled")
    shop.advance(hours=1)  # then the order is over by both clocks
    asked = pages_asked_for(shop)
    swept = shop.expire()

    assert swept == {"ORDER": {**NOTHING, "done": int(end == "expired")}}
    assert shop.order(order["order_id"])["status"] == end
    assert shop.expire() == {"ORDER": NOTHING}
    assert pages_asked_for(shop) == asked

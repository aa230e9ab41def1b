"""What the reconciler and the expiry do with more than a tick can, and with what makes no sense."""

import pytest

from packhouse.checkout import receiving
from packhouse.store import keys
from packhouse.sweep import engine
from tests.harness.gateway import Context
from tests.harness.shop import Shop
from tests.harness.sweeping import NOTHING
from tests.harness.world import NORTHWIND


class Hurried(Context):
    """A context in which the time is over after so many looks at the clock."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self._looks = looks

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]  # as in `Context`
        self._looks -= 1
        return 300_000 if self._looks >= 0 else 0


def bought(shop: Shop, *keys: str) -> list[str]:
    """Orders, each paid without Packhouse hearing of it."""
    orders = [shop.ordered(key=key) for key in keys]
    for order in orders:
        shop.advance(seconds=2)
        shop.pay(order["checkout_url"])
    shop.advance(minutes=20)
    return [order["order_id"] for order in orders]


def statuses(shop: Shop, order_ids: list[str]) -> list[str]:
    return [shop.order(order_id)["status"] for order_id in order_ids]


def test_a_round_that_is_longer_than_a_tick_is_gone_on_with(shop: Shop) -> None:
    shop.reconcile()
    order_ids = bought(shop, "1", "2", "3", "4", "5")
    paid = []

    for _ in range(5):
        shop.reconcile(Hurried(looks=4))
        paid.append(statuses(shop, order_ids).count("paid"))

    assert paid[0] < len(order_ids)
    assert paid[-1] == len(order_ids)


def test_what_a_hurried_tick_could_not_know_is_looked_at_again(shop: Shop) -> None:
    shop.reconcile()
    order_ids = bought(shop, "1", "2", "3")
    shop.stripe.faults({"answers": [{"match": "GET /v1/checkout/sessions/{id}", "kind": "500", "times": 2}]})
    shop.reconcile(Hurried(looks=2))
    shop.stripe.faults({})
    assert statuses(shop, order_ids).count("paid") == 0

    shop.reconcile()
    shop.reconcile()

    assert statuses(shop, order_ids) == ["paid", "paid", "paid"]


def test_an_order_that_makes_no_sense_keeps_no_other_payment_waiting(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    odd, good = bought(shop, "odd", "good")
    shop.damage(odd, status="melted")

    shop.reconcile()

    assert shop.order(good)["status"] == "paid"
    assert receiving.ODD in caplog.messages
    shop.damage(odd, status="open")
    shop.reconcile()
    assert shop.order(odd)["status"] == "paid"


def test_an_order_that_makes_no_sense_keeps_no_other_from_expiring(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    odd, good = (shop.ordered(key=key)["order_id"] for key in ("odd", "good"))
    shop.damage(odd, status="melted")
    shop.advance(hours=25)

    ticks = []
    for minutes in (1, 5, 15, 60, 60):
        ticks.append(shop.expire()["ORDER"])
        shop.advance(minutes=minutes)

    assert shop.order(good)["status"] == "expired"
    assert [(tick["done"], tick["postponed"], tick["parked"]) for tick in ticks] == [
        (1, 1, 0),
        *[(0, 1, 0)] * 3,
        (0, 0, 1),
    ]
    item = shop.world.item(keys.order(NORTHWIND, odd)) or {}
    assert (item["due"], item["parked_from"]) == ("PARKED#ORDER", "ORDER")
    assert caplog.messages.count(engine.PARKED) == 1


def test_as_many_orders_expire_in_a_tick_as_its_time_allows(shop: Shop) -> None:
    order_ids = [shop.ordered(key=f"{number}")["order_id"] for number in range(12)]
    shop.advance(hours=25)

    swept = shop.expire()

    assert swept == {"ORDER": {**NOTHING, "done": 12}}
    assert statuses(shop, order_ids) == ["expired"] * 12


def test_an_outage_of_stripe_parks_no_order_and_says_how_late_the_oldest_is(shop: Shop) -> None:
    """Nor does a tick ask for each order in vain."""
    order_ids = [shop.ordered(key=f"{number}")["order_id"] for number in range(7)]
    shop.advance(hours=24)
    shop.stripe.faults({"answers": [{"match": "POST /v1/checkout/sessions/{id}/expire", "kind": "429", "times": 100}]})

    ticks = []
    for _ in range(6):
        shop.advance(hours=1)
        ticks.append(shop.expire()["ORDER"])
    shop.stripe.faults({})
    shop.advance(minutes=5)

    assert [(tick["done"], tick["postponed"], tick["parked"]) for tick in ticks] == [(0, engine.BUSY_MAX, 0)] * 6
    assert [tick["late_seconds"] // 3600 for tick in ticks] == [1, 2, 3, 4, 5, 6]
    assert shop.expire()["ORDER"] == {**NOTHING, "done": 7}
    assert statuses(shop, order_ids) == ["expired"] * 7


def test_what_could_not_be_known_for_a_day_calls_an_operator(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    bought(shop, "1")
    shop.stripe.faults({"answers": [{"match": "GET /v1/checkout/sessions/{id}", "kind": "500", "times": 100}]})
    shop.reconcile()
    assert receiving.ODD not in caplog.messages

    shop.advance(hours=25)
    shop.reconcile()

    shop.stripe.faults({})
    assert receiving.ODD in caplog.messages

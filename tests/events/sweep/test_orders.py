"""What the reconciler and the expiry do with more than a tick can, and with what makes no sense."""

import pytest

from packhouse.checkout import receiving
from tests.harness.gateway import Context
from tests.harness.shop import Shop


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

    first, second = shop.expire(), shop.expire()

    assert shop.order(good)["status"] == "expired"
    assert caplog.messages.count(receiving.ODD) == 1
    assert (first["orders"], second["orders"]) == (2, 0)


def test_what_could_not_be_known_for_a_day_calls_an_operator(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    bought(shop, "1")
    shop.stripe.faults({"answers": [{"match": "GET /v1/checkout/sessions/{id}", "kind": "500", "times": 100}]})
    shop.reconcile()
    assert receiving.ODD not in caplog.messages

    shop.advance(hours=25)
    shop.reconcile()

    shop.stripe.faults({})
    assert receiving.ODD in caplog.messages

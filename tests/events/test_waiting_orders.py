"""Orders whose time is over and that can't be ended yet: Stripe's silence is no failed try, its rejection is one."""

from typing import Any

from packhouse.domain import instants
from packhouse.store import keys
from packhouse.sweep.engine import BUSY_PAUSE, PAUSES, TRIES_MAX
from tests.harness.shop import Shop
from tests.harness.sweeping import NOTHING
from tests.harness.world import NORTHWIND

SESSIONS = "POST /v1/checkout/sessions/{id}/expire"


def overdue(shop: Shop) -> str:
    """The id of an open order whose time is over."""
    order_id: str = shop.ordered()["order_id"]
    shop.advance(hours=25)
    return order_id


def fails(shop: Shop, order_id: str) -> dict[str, Any]:
    """The order's item after a tick that couldn't end it."""
    swept = shop.expire()["ORDER"]
    assert (swept["done"], swept["postponed"] + swept["parked"]) == (0, 1)
    item = shop.world.item(keys.order(NORTHWIND, order_id))
    assert item is not None
    assert item["status"] == "open"
    return item


def due_later(shop: Shop, item: dict[str, Any]) -> float:
    """How many seconds from now the item is due."""
    return (instants.parse(item["due_at"]) - shop.world.clock.now.replace(microsecond=0)).total_seconds()


def silent(shop: Shop) -> None:
    shop.stripe.faults({"answers": [{"match": SESSIONS, "kind": "500", "times": 999}]})


def test_an_order_for_which_stripe_is_too_busy_waits_a_minute_each_time_and_is_never_parked(shop: Shop) -> None:
    order_id = overdue(shop)
    silent(shop)

    for _ in range(TRIES_MAX + 1):
        item = fails(shop, order_id)
        assert (item["due"], item["tries"], due_later(shop, item)) == ("ORDER", 0, BUSY_PAUSE.total_seconds())
        shop.advance(seconds=BUSY_PAUSE.total_seconds())

    shop.stripe.faults({})
    assert shop.expire() == {"ORDER": {**NOTHING, "done": 1}}
    assert shop.order(order_id)["status"] == "expired"


def test_an_order_that_stripe_rejects_waits_longer_each_time_and_is_then_parked(shop: Shop) -> None:
    """Stripe says the same each time; an alarm calls an operator."""
    order_id = overdue(shop)
    shop.damage(order_id, **{"checkout.session_id": "cs_test_unknown"})

    for tries, pause in enumerate(PAUSES, 1):
        item = fails(shop, order_id)
        assert (item["due"], item["tries"], due_later(shop, item)) == ("ORDER", tries, pause.total_seconds())
        shop.advance(seconds=pause.total_seconds())

    item = fails(shop, order_id)
    assert (item["due"], item["parked_from"], item["tries"]) == ("PARKED#ORDER", "ORDER", TRIES_MAX)


def test_silence_between_two_rejections_is_no_try(shop: Shop) -> None:
    order_id = overdue(shop)
    shop.damage(order_id, **{"checkout.session_id": "cs_test_unknown"})
    assert fails(shop, order_id)["tries"] == 1
    shop.advance(minutes=1)
    silent(shop)
    assert fails(shop, order_id)["tries"] == 1
    shop.stripe.faults({})
    shop.advance(minutes=1)

    assert fails(shop, order_id)["tries"] == 2

"""Orders whose time is over and that can't be ended yet: what Stripe rejects waits longer than what it was away for."""

from datetime import datetime, timedelta

from packhouse.domain import instants
from packhouse.store import keys
from tests.harness.shop import Shop
from tests.harness.world import NORTHWIND

SESSIONS = "POST /v1/checkout/sessions/{id}/expire"


def due_at(shop: Shop, order_id: str) -> datetime:
    item = shop.world.item(keys.order(NORTHWIND, order_id))
    assert item is not None
    assert item["status"] == "open"
    return instants.parse(item["due_at"])


def test_an_order_that_stripe_is_too_busy_for_is_looked_at_again_within_the_hour(shop: Shop) -> None:
    order = shop.ordered()
    shop.advance(hours=25)
    shop.stripe.faults({"answers": [{"match": SESSIONS, "kind": "500", "times": 99}]})
    now = shop.world.clock.now.replace(microsecond=0)

    shop.expire()

    assert now < due_at(shop, order["order_id"]) <= now + timedelta(hours=1)
    shop.stripe.faults({})
    shop.world.clock.now = due_at(shop, order["order_id"])
    shop.expire()
    assert shop.order(order["order_id"])["status"] == "expired"


def test_an_order_that_stripe_rejects_is_left_alone_for_hours(shop: Shop) -> None:
    """It says the same each time; an alarm calls somebody who looks."""
    order = shop.ordered()
    table, where = shop.world.stamped(), keys.order(NORTHWIND, order["order_id"])
    unknown = "SET checkout.session_id = :unknown"
    table.write(table.update(where, unknown, only_if="attribute_exists(PK)", unknown="cs_test_unknown"))
    shop.advance(hours=25)
    now = shop.world.clock.now.replace(microsecond=0)

    shop.expire()

    assert due_at(shop, order["order_id"]) >= now + timedelta(hours=6)

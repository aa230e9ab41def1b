"""Orders whose time is over: they read so at once, and end once a tick has looked for a last payment."""

import pytest

from tests.harness.shop import Shop
from tests.harness.sweeping import NOTHING


def test_an_order_expires_after_a_day_and_its_page_with_it(shop: Shop) -> None:
    order = shop.ordered()
    shop.advance(hours=24, seconds=1)

    assert shop.expire() == {"ORDER": {**NOTHING, "done": 1}}

    assert shop.order(order["order_id"])["status"] == "expired"
    assert shop.sessions("open") == []
    assert shop.expire() == {"ORDER": NOTHING}


def test_an_order_reads_as_expired_from_the_second_its_time_is_over(shop: Shop) -> None:
    order = shop.ordered()
    path = f"orders/{order['order_id']}"

    shop.advance(hours=23, minutes=59, seconds=59)
    before = shop.order(order["order_id"])
    shop.advance(seconds=1)
    after = shop.order(order["order_id"])

    assert (before["status"], after["status"]) == ("open", "expired")
    assert "checkout_url" in before
    assert "checkout_url" not in after
    listed = {
        status: shop.world.call("GET", f"orders?status={status}", "ada").body["items"] for status in ("open", "expired")
    }
    assert {status: len(found) for status, found in listed.items()} == {"open": 0, "expired": 1}
    for refused in ("cancel", "checkout"):
        answer = shop.world.call("POST", f"{path}/{refused}", "ada", key="late")
        assert (answer.slug, answer.body["order_status"]) == ("order-not-open", "expired")
    assert shop.ordered() == order  # as it was placed


def test_a_fresh_page_is_answered_again_whatever_became_of_the_order_and_whoever_knows(shop: Shop) -> None:
    order = shop.ordered()
    path = f"orders/{order['order_id']}/checkout"
    shop.world.call("POST", path, "ada", key="fresh")
    shop.advance(hours=25)

    before = shop.world.call("POST", path, "ada", key="fresh")
    shop.expire()
    after = shop.world.call("POST", path, "ada", key="fresh")

    for answer in (before, after):
        assert (answer.status, answer.body["status"]) == (200, "expired")
        assert answer.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize("end", ["paid", "expired"])
def test_an_order_that_is_over_says_so_however_often_it_was_tried(shop: Shop, end: str) -> None:
    order = shop.ordered()
    path = f"orders/{order['order_id']}/checkout"
    for number in range(20):
        order = shop.world.call("POST", path, "ada", key=f"fresh-{number}").body
    if end == "paid":
        shop.pay(order["checkout_url"])
        shop.receive_all()
    else:
        shop.advance(hours=25)

    answer = shop.world.call("POST", path, "ada", key="late")

    assert (answer.status, answer.slug, answer.body["order_status"]) == (409, "order-not-open", end)


def test_every_change_of_an_order_is_told_in_somebodys_name(shop: Shop) -> None:
    order = shop.ordered()
    path = f"orders/{order['order_id']}"
    fresh = shop.world.call("POST", f"{path}/checkout", "max", key="fresh")
    shop.world.call("POST", f"{path}/cancel", "ada", key="stop")
    late = shop.ordered(key="late")
    shop.advance(hours=25)
    shop.expire()
    shop.world.pump()

    assert fresh.status == 200
    told = [entry for entry in shop.world.entries() if entry.kind.startswith("order.")]
    assert sorted((entry.kind, entry.actor) for entry in told) == [
        ("order.cancelled", "ada"),
        ("order.expired", "packhouse:expire"),
        ("order.placed", "ada"),
        ("order.placed", "ada"),
    ]
    assert {entry.item for entry in told} == {order["order_id"], late["order_id"]}


def test_who_paid_in_the_last_moment_has_paid(shop: Shop) -> None:
    order = shop.ordered()
    shop.pay(order["checkout_url"])
    shop.advance(hours=25)

    shop.expire()

    assert shop.order(order["order_id"])["status"] == "paid"


def test_a_fresh_page_is_not_had_after_the_orders_time(shop: Shop) -> None:
    order = shop.ordered()
    shop.advance(hours=24)

    answer = shop.world.call("POST", f"orders/{order['order_id']}/checkout", "ada", key="late")

    assert (answer.slug, answer.body["order_status"]) == ("order-not-open", "expired")

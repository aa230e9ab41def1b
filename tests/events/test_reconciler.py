"""The reconciler's mark: what can't be looked at now keeps it back, and what is listed late is found all the same."""

from datetime import datetime, timedelta

import pytest

from packhouse.domain.access import Stamp
from packhouse.store import marks
from tests.harness.shop import Shop
from tests.harness.world import START

SESSIONS = "GET /v1/checkout/sessions/{id}"


def go_to(shop: Shop, instant: datetime) -> None:
    """Set the one clock of both, backward, too."""
    shop.world.clock.now = instant
    shop.stripe.set_clock(instant)


def away(shop: Shop, *, looks: int) -> None:
    """Let Stripe not answer so many looks at a session; each of them is tried twice."""
    shop.stripe.faults({"answers": [{"match": SESSIONS, "kind": "500", "times": 2 * looks}]})


def test_the_oldest_of_what_could_not_be_looked_at_is_looked_at_again(shop: Shop) -> None:
    """Although something newer couldn't be, either; they lie farther apart than rounds overlap."""
    orders = []
    for hours in (0, 3):
        go_to(shop, START + timedelta(hours=hours))
        orders.append(shop.ordered(key=f"order-{hours}"))
        shop.pay(orders[-1]["checkout_url"])
    go_to(shop, START + timedelta(hours=5))
    away(shop, looks=2)
    shop.reconcile()
    shop.stripe.faults({})
    assert {shop.order(order["order_id"])["status"] for order in orders} == {"open"}

    shop.reconcile()

    assert [shop.order(order["order_id"])["status"] for order in orders] == ["paid"] * 2


def test_an_event_that_is_listed_later_than_it_is_dated_is_found(shop: Shop) -> None:
    """Each round begins an hour before the one before it ended."""
    order = shop.ordered()
    go_to(shop, START + timedelta(hours=2))
    shop.reconcile()
    go_to(shop, START + timedelta(hours=1, minutes=5))
    shop.pay(order["checkout_url"])

    go_to(shop, START + timedelta(hours=2, minutes=15))
    shop.reconcile()

    assert shop.order(order["order_id"])["status"] == "paid"


@pytest.mark.parametrize(("until", "mark"), [(-1, 0), (0, 0), (1, 1)])
def test_the_mark_moves_on_and_never_back(shop: Shop, until: int, mark: int) -> None:
    table = shop.world.stamped()
    marks.move(table, START)

    marks.move(table, START + timedelta(hours=until))

    assert marks.read(table) == (START + timedelta(hours=mark), None)


def test_a_round_that_is_not_over_remembers_how_far_it_has_come(shop: Shop) -> None:
    table = shop.world.table.stamped(Stamp(principal="tests", request_id="tests", changed_at=START))
    assert marks.read(table) is None
    begun = START - timedelta(hours=5)

    marks.move(table, START, begun=begun)
    between = marks.read(table)
    marks.move(table, START)

    assert between == (START, begun)
    assert marks.read(table) == (START, None)

import itertools
from typing import Any

import pytest
import stripe

from packhouse.catalog import checked
from packhouse.checkout import ordering
from packhouse.domain import ids, instants
from packhouse.domain.money import Money
from packhouse.store import keys, orders, packs
from packhouse.web.orders import PlaceOrder
from tests.harness.shop import ADDRESS, ORDER, TOTAL, Shop, buying_with
from tests.harness.world import CONTOSO, NORTHWIND


def test_an_order_is_placed_and_has_a_pay_page(shop: Shop) -> None:
    order = shop.ordered(reference="PO 7")

    assert order["status"] == "open"
    assert order["total"] == {"amount": TOTAL, "currency": "usd"}
    assert order["shipping_address"] == order["billing_address"] == ADDRESS
    assert order["packs"] == []
    assert order["checkout_url"].startswith(shop.stripe.url)
    assert shop.order(order["order_id"]) == order
    (session,) = shop.stripe.client().v1.checkout.sessions.list().data
    assert session.amount_total == TOTAL
    assert session.metadata is not None
    assert session.metadata["order_id"] == order["order_id"]


def test_paid_is_granted_once_whatever_is_told_how_often(shop: Shop) -> None:
    order = shop.ordered()
    shop.pay(order["checkout_url"])

    for _ in range(3):
        shop.receive_all()
    shop.reconcile()

    paid = shop.order(order["order_id"])
    assert paid["status"] == "paid"
    assert "checkout_url" not in paid
    assert shop.stock() == {"mailbox-migration": 3, "document-migration": 1}
    assert [line["pack_id"] for line in paid["lines"]] == paid["packs"]
    pack = shop.world.call("GET", f"packs/{paid['packs'][0]}", "ada").body
    assert pack["source"] == {"kind": "card", "order_id": order["order_id"]}
    assert pack["acquired_at"] == paid["paid_at"]


def test_every_order_of_events_with_any_one_lost_ends_the_same(shop: Shop) -> None:
    """An order's events in every order, each three times; each of them lost altogether; then the reconciler."""
    told = ("checkout.session.completed", "checkout.session.expired")
    histories = {*itertools.permutations([*told] * 3), *((kind,) * 3 for kind in told)}
    ordered = []
    for number, history in enumerate(sorted(histories)):
        order_id = shop.ordered(key=f"order-{number}")["order_id"]
        fresh = shop.world.call("POST", f"orders/{order_id}/checkout", "ada", key="fresh")
        shop.pay(fresh.body["checkout_url"])
        own = {event["type"]: event for event in shop.events(newest=10) if names(event) == order_id}
        for kind in history:
            shop.receive(own[kind])
        ordered.append(order_id)

    shop.advance(minutes=20)
    shop.reconcile()

    assert len(ordered) == 20 + 2
    assert {shop.order(order_id)["status"] for order_id in ordered} == {"paid"}
    assert shop.stock() == {"mailbox-migration": 3 * len(ordered), "document-migration": len(ordered)}
    assert shop.refunds() == []
    assert len(shop.sessions("complete")) == len(ordered)


def names(event: dict[str, Any]) -> str | None:
    """The order that an event's object names."""
    found: str | None = event["data"]["object"].get("metadata", {}).get("order_id")
    return found


def test_an_order_whose_webhooks_were_all_lost_is_found_by_the_reconciler(shop: Shop) -> None:
    order = shop.ordered()
    shop.pay(order["checkout_url"])

    shop.advance(minutes=20)
    shop.reconcile()

    assert shop.order(order["order_id"])["status"] == "paid"


def test_a_decline_keeps_the_order_open(shop: Shop) -> None:
    order = shop.ordered()

    shop.pay(order["checkout_url"], "4000000000000002")
    shop.receive_all()

    assert shop.order(order["order_id"])["status"] == "open"
    shop.pay(order["checkout_url"])
    shop.receive_all()
    assert shop.order(order["order_id"])["status"] == "paid"


def test_the_same_key_and_body_is_the_same_order(shop: Shop) -> None:
    first = shop.ordered()

    again = shop.place()

    assert (again.status, again.body) == (201, first)
    assert again.headers["idempotent-replayed"] == "true"
    assert shop.place(reference="another").slug == "idempotency-key-reused"
    assert shop.place(lines=[{"sku": "gardening", "quantity": 1}]).slug == "idempotency-key-reused"
    assert len(shop.sessions("open")) == 1


@pytest.mark.parametrize("kind", ["500", "429"])
def test_when_stripe_does_not_answer_the_same_key_finishes_the_order(shop: Shop, kind: str) -> None:
    shop.stripe.faults({"answers": [{"match": "POST /v1/checkout/sessions", "kind": kind, "times": 2}]})

    first = shop.place()
    shop.stripe.faults({})
    again = shop.place()

    assert (first.status, first.slug) == (502, "payment-provider-unavailable")
    assert again.status == 201
    assert again.body["checkout_url"]
    assert len(shop.world.call("GET", "orders", "ada").body["items"]) == 1
    assert len(shop.sessions("open")) == 1


def test_an_answer_lost_on_the_way_never_opens_two_sessions(shop: Shop) -> None:
    shop.stripe.faults({"answers": [{"match": "POST /v1/checkout/sessions", "kind": "lost", "times": 2}]})

    first = shop.place()
    shop.stripe.faults({})
    again = shop.place()

    assert (first.status, again.status) == (502, 201)
    assert len(shop.sessions("open")) == 1


def test_a_fresh_pay_page_closes_the_older_one(shop: Shop) -> None:
    order = shop.ordered()
    path = f"orders/{order['order_id']}/checkout"

    fresh = shop.world.call("POST", path, "ada", key="two")
    again = shop.world.call("POST", path, "ada", key="two")
    newer = shop.world.call("POST", path, "ada", key="three")
    older = shop.world.call("POST", path, "ada", key="two")

    assert fresh.status == again.status == newer.status == 200
    assert fresh.body["checkout_url"] == again.body["checkout_url"] != order["checkout_url"]
    assert again.headers["idempotent-replayed"] == "true"
    assert (older.status, older.slug) == (409, "checkout-superseded")
    assert len(shop.sessions("open")) == 1
    assert shop.place().body == order  # as it was placed


def test_a_cancelled_order_cannot_be_paid_any_more(shop: Shop) -> None:
    order = shop.ordered()
    path = f"orders/{order['order_id']}/cancel"

    cancelled = shop.world.call("POST", path, "ada", json={}, key="stop")
    again = shop.world.call("POST", path, "ada", key="stop")
    other = shop.world.call("POST", path, "ada", key="other")

    assert cancelled.body["status"] == again.body["status"] == "cancelled"
    assert again.headers["idempotent-replayed"] == "true"
    assert (other.slug, other.body["order_status"]) == ("order-not-open", "cancelled")
    assert shop.sessions("open") == []
    assert shop.world.call("POST", f"orders/{order['order_id']}/checkout", "ada", key="x").slug == "order-not-open"


def test_an_order_that_was_paid_cannot_be_cancelled_and_is_granted_then(shop: Shop) -> None:
    order = shop.ordered()
    shop.pay(order["checkout_url"])  # and no webhook came

    answer = shop.world.call("POST", f"orders/{order['order_id']}/cancel", "ada", key="stop")

    assert (answer.status, answer.slug, answer.body["order_status"]) == (409, "order-not-open", "paid")
    assert shop.stock() == {"mailbox-migration": 3, "document-migration": 1}


@pytest.mark.parametrize(
    ("changes", "slug"),
    [
        ({"lines": []}, "invalid-request"),
        ({"lines": [{"sku": "gardening", "quantity": 1}]}, "unknown-sku"),
        ({"lines": [{"sku": "mailbox-migration", "quantity": 0}]}, "invalid-request"),
        ({"lines": [{"sku": "mailbox-migration", "quantity": 1}] * 2}, "invalid-request"),
        ({"lines": [{"sku": "public-folder-migration", "quantity": 10_000}]}, "card-maximum-exceeded"),
        ({"expected_total": {"amount": 1, "currency": "usd"}}, "price-changed"),
        ({"billing_address": {**ADDRESS, "postal_code": "x"}}, "invalid-request"),
        ({"billing_address": {**ADDRESS, "country": "XX"}}, "invalid-request"),
        ({"billing_address": {"name": "Ada"}}, "invalid-request"),
        ({"email": "nobody"}, "invalid-request"),
        ({"method": "cash"}, "invalid-request"),
        ({"surprise": 1}, "invalid-request"),
    ],
)
def test_what_cannot_be_ordered_is_refused_and_nothing_is_opened(
    shop: Shop, changes: dict[str, Any], slug: str
) -> None:
    assert shop.place(**changes).slug == slug
    assert shop.world.call("GET", "orders", "ada").body["items"] == []
    assert shop.sessions("open") == []


def test_the_expected_total_may_be_told(shop: Shop) -> None:
    assert shop.place(expected_total={"amount": TOTAL, "currency": "usd"}).status == 201


def test_orders_are_of_administrators_and_managers(shop: Shop) -> None:
    order = shop.ordered()

    assert shop.place(who="max", key="max").status == 201
    assert shop.place(who="amy", key="amy").status == 403
    assert shop.place(who="worker", key="worker").status == 403
    assert shop.world.call("GET", f"orders/{order['order_id']}", "otto").status == 200
    assert shop.world.call("GET", f"/v1/workgroups/{CONTOSO}/orders/{order['order_id']}", "cora").slug == "not-found"


def test_orders_are_listed_newest_first_and_by_what_they_are(shop: Shop) -> None:
    first = shop.ordered(key="first")
    shop.advance(days=1)
    second = shop.ordered(key="second")

    def listed(query: str) -> list[str]:
        return [one["order_id"] for one in shop.world.call("GET", f"orders?{query}", "ada").body["items"]]

    today = f"{shop.world.clock.now:%Y-%m-%d}"
    assert listed("") == [second["order_id"], first["order_id"]]
    assert listed(f"from={today}") == [second["order_id"]]
    assert listed("status=open,expired&method=card") == [second["order_id"], first["order_id"]]
    assert listed("status=open,paid") == [second["order_id"]]
    assert listed("status=cancelled") == []
    assert listed(f"from={today}&to=2026-01-01") == []
    cursor = shop.world.call("GET", "orders?limit=1", "ada").body["next_cursor"]
    assert shop.world.call("GET", f"orders?to=2026-01-01&cursor={cursor}", "ada").slug == "invalid-request"


def test_a_fresh_page_may_be_had_twenty_times(shop: Shop) -> None:
    order = shop.ordered()
    path = f"orders/{order['order_id']}/checkout"
    for number in range(20):
        assert shop.world.call("POST", path, "ada", key=f"fresh-{number}").status == 200

    answer = shop.world.call("POST", path, "ada", key="fresh-20")

    assert (answer.status, answer.slug, answer.body["maximum"]) == (429, "too-many-attempts", 20)
    assert answer.headers["retry-after"] == "86400"  # then the order is over, and another can be placed
    assert shop.world.call("POST", path, "ada", key="fresh-19").status == 200


def test_a_key_that_opened_a_page_is_answered_also_when_the_order_was_paid(shop: Shop) -> None:
    path = f"orders/{shop.ordered()['order_id']}/checkout"
    fresh = shop.world.call("POST", path, "ada", key="fresh")
    shop.pay(fresh.body["checkout_url"])
    shop.receive_all()

    again = shop.world.call("POST", path, "ada", key="fresh")

    assert (again.status, again.body["status"], again.headers["idempotent-replayed"]) == (200, "paid", "true")
    assert shop.world.call("POST", path, "ada", key="other").slug == "order-not-open"


def test_a_page_where_a_payment_is_under_way_is_not_closed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    order = shop.ordered()

    def refuse(*_: object) -> None:
        raise stripe.InvalidRequestError("a payment is under way", None)  # type: ignore[no-untyped-call]  # its own

    with monkeypatch.context() as under_way:
        under_way.setattr("stripe.checkout._session_service.SessionService.expire", refuse)
        answer = shop.world.call("POST", f"orders/{order['order_id']}/cancel", "ada", key="stop")

    assert (answer.status, answer.slug) == (502, "payment-provider-unavailable")
    assert shop.order(order["order_id"])["status"] == "open"
    assert (
        shop.world.call("POST", f"orders/{order['order_id']}/cancel", "ada", key="stop").body["status"] == "cancelled"
    )


def test_a_page_that_could_not_be_opened_in_time_is_opened_anew_under_its_key(shop: Shop) -> None:
    path = f"orders/{shop.ordered()['order_id']}/checkout"
    shop.advance(hours=23, minutes=55)
    shop.stripe.faults({"answers": [{"match": "POST /v1/checkout/sessions", "kind": "500", "times": 2}]})
    assert shop.world.call("POST", path, "ada", key="late").status == 502
    shop.stripe.faults({})
    shop.advance(minutes=3)

    again = shop.world.call("POST", path, "ada", key="late")

    assert again.status == 200
    assert again.body["checkout_url"]
    assert len(shop.sessions("open")) == 1


def test_a_cancel_that_is_sent_twice_at_once_is_answered_as_done(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    order = shop.ordered()
    end = orders.cancel

    def resent(table: Any, met: Any, *, cancel_key: str) -> Any:
        end(table, met, cancel_key=cancel_key)
        return end(table, met, cancel_key=cancel_key)

    monkeypatch.setattr(orders, "cancel", resent)  # botocore, when the first answer was lost
    answer = shop.world.call("POST", f"orders/{order['order_id']}/cancel", "ada", key="stop")

    assert (answer.status, answer.body["status"]) == (200, "cancelled")


def test_stripe_being_away_for_one_session_keeps_no_other_from_being_found(shop: Shop) -> None:
    first, second = shop.ordered(key="first"), shop.ordered(key="second")
    for order in (first, second):
        shop.pay(order["checkout_url"])
    shop.advance(minutes=20)
    shop.stripe.faults({"answers": [{"match": "GET /v1/checkout/sessions/{id}", "kind": "500", "times": 2}]})

    shop.reconcile()

    shop.stripe.faults({})
    assert [shop.order(order["order_id"])["status"] for order in (first, second)].count("paid") == 1
    shop.reconcile()
    assert [shop.order(order["order_id"])["status"] for order in (first, second)] == ["paid", "paid"]


def test_a_type_may_leave_the_catalog_while_an_order_is_open(shop: Shop) -> None:
    """What the packs need stands on the order: the catalog of the day of payment isn't asked."""
    sold = {"sku": "gardening", "code": "GD", "name": "Gardening", "unit_price": 700, "validity_months": 5}
    used = {"consumption": "on_success", "services": ["weeding"], "lease_seconds_default": 900}
    wanted = PlaceOrder(**{**ORDER, "lines": [{"sku": "gardening", "quantity": 4}]})
    using = buying_with(shop.world.stamped())
    name, by = wanted.named_as(NORTHWIND, "one"), using.table.stamp
    order = wanted.order(name, checked([sold | used]), using.policies, by=by)
    placed, _ = ordering.place(using, name, wanted.request_hash(), lambda: order)

    shop.pay(str(placed.checkout.url))
    shop.receive_all()

    paid = shop.order(name.order_id)
    assert (paid["status"], paid["lines"][0]["name"]) == ("paid", "Gardening")
    pack = packs.of_item(shop.world.item(keys.pack(NORTHWIND, paid["packs"][0])) or {})
    assert (pack.sku, pack.quantity, pack.unit_price) == ("gardening", 4, Money(700))
    assert pack.expires_at == instants.plus_months(pack.acquired_at, 5)
    assert pack.pack_id == ids.pack_id(
        "GD", NORTHWIND, name.order_id, "0", expires_at=pack.expires_at, acquired_at=pack.acquired_at
    )

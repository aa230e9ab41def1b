"""Orders by card, and the money that comes for them."""

import json
from datetime import timedelta
from typing import Any

import boto3

from packhouse.settings import stripe_queue
from packhouse.store import marks, orders
from tests.harness.shop import ORDER, Shop
from tests.harness.world import NORTHWIND
from tests.proofs.crash.registry import Delivery, registered
from tests.proofs.crash.sources import Tick, Webhook, message, request

ORDERS = "/v1/workgroups/{wg}/orders"


@registered("GET /v1/catalog")
def read_catalog(shop: Shop) -> Delivery:
    return Delivery(source=request(shop.world, "GET", "/v1/catalog", None))


@registered("GET /v1/openapi.json")
def read_openapi(shop: Shop) -> Delivery:
    return Delivery(source=request(shop.world, "GET", "/v1/openapi.json", None))


@registered(f"POST {ORDERS}")
def place_order(shop: Shop) -> Delivery:
    return Delivery(
        source=request(shop.world, "POST", "orders", "ada", json=ORDER, key="one"),
        rival=lambda: shop.place(key="other"),
    )


@registered(f"GET {ORDERS}")
def list_orders(shop: Shop) -> Delivery:
    shop.ordered()
    return Delivery(source=request(shop.world, "GET", "orders?from=2026-01-01", "ada"))


@registered(f"GET {ORDERS}")
def list_orders_as_operator(shop: Shop) -> Delivery:
    shop.ordered()
    return Delivery(source=request(shop.world, "GET", "orders", "otto"))


@registered(f"GET {ORDERS}/{{order_id}}")
def read_order(shop: Shop) -> Delivery:
    return Delivery(source=request(shop.world, "GET", f"orders/{shop.ordered()['order_id']}", "ada"))


@registered(f"POST {ORDERS}/{{order_id}}/checkout")
def renew_checkout(shop: Shop) -> Delivery:
    """While the customer pays on the older page."""
    order = shop.ordered()
    return Delivery(
        source=request(shop.world, "POST", f"orders/{order['order_id']}/checkout", "ada", key="two"),
        rival=lambda: pay(shop, order),
    )


@registered(f"POST {ORDERS}/{{order_id}}/cancel")
def cancel_order(shop: Shop) -> Delivery:
    order = shop.ordered()
    return Delivery(
        source=request(shop.world, "POST", f"orders/{order['order_id']}/cancel", "ada", key="stop"),
        rival=lambda: pay(shop, order),
    )


@registered("POST /v1/webhooks/stripe")
def queue_an_event(shop: Shop) -> Delivery:
    pay(shop, shop.ordered())
    event = paid(shop)

    def queued(_: object) -> None:
        found = boto3.client("sqs").receive_message(QueueUrl=stripe_queue(), MaxNumberOfMessages=10)["Messages"]
        assert {one["Body"] for one in found} == {json.dumps(told(event))}

    return Delivery(source=Webhook(shop, event), promise=queued)


@registered("PaymentEventsFunction Queue")
def grant_what_was_paid(shop: Shop) -> Delivery:
    """While the customer would rather not have ordered."""
    order = shop.ordered()
    pay(shop, order)
    path = f"orders/{order['order_id']}/cancel"
    return Delivery(
        source=message("PaymentEventsFunction", json.dumps(told(paid(shop)))),
        rival=lambda: shop.world.call("POST", path, "ada", key="stop"),
    )


@registered("PaymentEventsFunction Queue", a_day_later=True)
def send_late_money_back(shop: Shop) -> Delivery:
    event = late(shop)
    return Delivery(source=message("PaymentEventsFunction", json.dumps(told(event))), rival=shop.reconcile)


@registered("ReconcileFunction Tick")
def find_what_was_paid(shop: Shop) -> Delivery:
    """In the second of the hours that it goes through."""
    order = shop.ordered()
    pay(shop, order)
    gone_through(shop)
    shop.advance(minutes=30)

    def is_paid(_: object) -> None:
        assert shop.order(order["order_id"])["status"] == "paid"

    tick = Tick("ReconcileFunction", timedelta(minutes=15))
    return Delivery(source=tick, rival=shop.receive_all, promise=is_paid, settles=False)


@registered("ReconcileFunction Tick", a_day_later=True)
def find_late_money(shop: Shop) -> Delivery:
    late(shop)
    shop.advance(minutes=5)
    gone_through(shop)

    def is_sent_back(_: object) -> None:
        assert len(shop.refunds()) == 1

    tick = Tick("ReconcileFunction", timedelta(minutes=15))
    return Delivery(source=tick, rival=shop.receive_all, promise=is_sent_back, settles=False)


@registered("ExpireOrdersFunction Tick")
def expire_orders(shop: Shop) -> Delivery:
    """One that nobody paid, and one that was paid in its last moment."""
    shop.ordered(key="unpaid")
    order = shop.ordered(key="paid")
    shop.advance(hours=23, minutes=58)
    pay(shop, order)
    shop.advance(minutes=3)
    return Delivery(source=Tick("ExpireOrdersFunction", timedelta(minutes=5)), rival=shop.receive_all)


def pay(shop: Shop, order: dict[str, Any]) -> None:
    """Fill in the page, if it is still open."""
    shop.stripe.pay(order["checkout_url"])


def paid(shop: Shop) -> dict[str, Any]:
    """What Stripe tells of a payment."""
    (event,) = (event for event in shop.events() if event["type"] == "checkout.session.completed")
    return event


def late(shop: Shop) -> dict[str, Any]:
    """What Stripe tells of a payment for an order that was cancelled in the same instant."""
    order = shop.ordered()
    pay(shop, order)
    table = shop.world.stamped()
    orders.cancel(table, orders.read(table, NORTHWIND, order["order_id"]), cancel_key="stop")
    return paid(shop)


def told(event: dict[str, Any]) -> dict[str, str]:
    """What the webhook says of an event to the worker."""
    return {"event_id": event["id"], "kind": event["type"], "object_id": event["data"]["object"]["id"]}


def gone_through(shop: Shop) -> None:
    """The reconciler was here a moment ago, but goes over the hour before that once more."""
    marks.move(shop.world.stamped(), shop.world.clock.now)

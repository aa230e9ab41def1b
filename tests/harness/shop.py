"""A world that sells: Packhouse on moto, and a fake Stripe beside it, on one clock."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from stripe import WebhookSignature

from packhouse.checkout.receiving import Collaborators
from packhouse.payments import client
from packhouse.settings import settings
from packhouse.store import keys
from packhouse.store.table import StampedTable
from tests.harness.fake_stripe import SECRET, FakeStripe
from tests.harness.gateway import Answer, context, handler_of
from tests.harness.world import NORTHWIND, World

ADDRESS = {
    "name": "Ada Lovelace",
    "company": "Northwind",
    "line1": "1 Main Street",
    "city": "New York",
    "state": "NY",
    "postal_code": "10001",
    "country": "US",
}
ORDER: dict[str, Any] = {
    "lines": [{"sku": "mailbox-migration", "quantity": 3}, {"sku": "document-migration", "quantity": 1}],
    "method": "card",
    "billing_address": ADDRESS,
    "email": "ada@northwind.example",
}
TOTAL = 3 * 1200 + 2500


@dataclass
class Shop:
    world: World
    stripe: FakeStripe

    def place(self, *, key: str = "one", who: str = "ada", **changes: object) -> Answer:
        return self.world.call("POST", "orders", who, json={**ORDER, **changes}, key=key)

    def ordered(self, *, key: str = "one", **changes: object) -> dict[str, Any]:
        answer = self.place(key=key, who="ada", **changes)
        assert answer.status == 201, answer
        body: dict[str, Any] = answer.body
        return body

    def order(self, order_id: str) -> dict[str, Any]:
        body: dict[str, Any] = self.world.call("GET", f"orders/{order_id}", "ada").body
        return body

    def pay(self, url: str, card: str = "4242424242424242") -> None:
        assert self.stripe.pay(url, card).status == 303

    def events(self, *, newest: int = 100) -> list[dict[str, Any]]:
        """What happened at Stripe at last, oldest first."""
        return [event.to_dict() for event in self.stripe.client().v1.events.list({"limit": newest}).data][::-1]

    def deliver(self, event: dict[str, Any], *, seconds_from_now: int = 0) -> Answer:
        """An event as Stripe's webhook sends it, signed then."""
        body = json.dumps(event)
        then = int(self.world.clock.now.timestamp()) + seconds_from_now
        signature = WebhookSignature._compute_signature(f"{then}.{body}", SECRET)  # noqa: SLF001  # what Stripe does
        headers = {"stripe-signature": f"t={then},v1={signature}"}
        return self.world.call("POST", "/v1/webhooks/stripe", None, body=body, headers=headers)

    def work(self, message: dict[str, str]) -> None:
        """The worker, given a message of the queue."""
        record = {"messageId": "message", "body": json.dumps(message)}
        handler_of("PaymentEventsFunction")({"Records": [record]}, context())

    def receive(self, event: dict[str, Any]) -> None:
        """What the worker does once the webhook has queued the event."""
        if event["type"].startswith("checkout.session."):
            object_id = event["data"]["object"]["id"]
            self.work({"event_id": event["id"], "kind": event["type"], "object_id": object_id})

    def receive_all(self) -> None:
        for event in self.events():
            self.receive(event)

    def reconcile(self, within: LambdaContext | None = None) -> Any:
        return handler_of("ReconcileFunction")({"job": "reconcile-payments"}, within or context())

    def expire(self) -> Any:
        return handler_of("ExpireOrdersFunction")({"job": "expire-orders"}, context())

    def advance(self, **duration: float) -> None:
        """Move the one clock of both."""
        self.world.clock.now = self.stripe.clock.now() + timedelta(**duration)
        self.stripe.clock.move(self.world.clock.now)

    def stock(self) -> dict[str, int]:
        lines = self.world.call("GET", "balance", "ada").body["license_types"]
        return {line["sku"]: line["available"] for line in lines if line["available"]}

    def sessions(self, status: str) -> list[str]:
        listed = self.stripe.client().v1.checkout.sessions.list({"limit": 100}).data
        return [session.id for session in listed if session.status == status]

    def damage(self, order_id: str, **attributes: object) -> None:
        """Change an order as only a hand can."""
        self.world.edit(keys.order(NORTHWIND, order_id), **attributes)
        self.world.sound = False

    def refunds(self) -> list[dict[str, Any]]:
        return [refund.to_dict() for refund in self.stripe.client().v1.refunds.list({"limit": 100}).data]


def buying_with(table: StampedTable) -> Collaborators:
    return Collaborators(table=table, payments=client.payments(), policies=settings().policies)

"""Stripe's webhook: what is signed goes into the queue, by its ids alone, and is answered at once."""

import json

from packhouse import runtime, selling, signatures
from packhouse.errors import SignatureInvalid, TryAgain
from packhouse.payments.stripe import EVENT_KINDS
from packhouse.web.api import create_api, raw_body
from packhouse.web.fields import View
from packhouse.web.identity import Door

api = create_api()
handler = api.resolve


class Received(View):
    received: bool


@api.serves("POST /v1/webhooks/stripe", may=Door.ANYONE, refuses=(SignatureInvalid, TryAgain))
def receive() -> Received:
    body = raw_body(api.current_event.raw_event)
    header = api.current_event.headers.get("stripe-signature", "")
    signatures.check(body, header, selling.webhook_secrets(), now=runtime.now())
    event = json.loads(body)
    if event.get("type") in EVENT_KINDS:
        message = {"event_id": event["id"], "kind": event["type"], "object_id": event["data"]["object"]["id"]}
        selling.enqueue(message)
    return Received(received=True)

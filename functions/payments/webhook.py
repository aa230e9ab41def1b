"""Stripe's webhook: what is signed goes into the queue, by its ids alone, and is answered at once."""

import json

from packhouse import runtime
from packhouse.errors import SignatureInvalid, TryAgain
from packhouse.payments import client, signatures
from packhouse.payments.stripe import EVENT_KINDS
from packhouse.web import problems
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
    signatures.check(body, header, client.webhook_secrets(), now=runtime.now())
    match json.loads(body or b"null"):
        case {"type": str(kind)} if kind not in EVENT_KINDS:
            pass  # Stripe sends more kinds than are of use here.
        case {"type": str(kind), "id": str(event_id), "data": {"object": {"id": str(object_id)}}}:
            message = {"event_id": event_id, "kind": kind, "object_id": object_id}
            client.enqueue(message)
        case _:
            raise problems.invalid("It isn't an event of Stripe.")
    return Received(received=True)

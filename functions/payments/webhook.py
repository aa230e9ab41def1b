"""Stripe's webhook: a signed event's type and ids go into the queue, and Stripe is answered at once."""

import json

from packhouse import runtime
from packhouse.errors import SignatureInvalid, TryAgain
from packhouse.payments import client, signatures
from packhouse.payments.stripe import EVENT_TYPES
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
        case {"type": str(event_type)} if event_type not in EVENT_TYPES:
            pass  # Stripe may send more types than Packhouse uses.
        case {"type": str(event_type), "id": str(event_id), "data": {"object": {"id": str(object_id)}}}:
            client.enqueue({"event_id": event_id, "kind": event_type, "object_id": object_id})
        case _:
            raise problems.invalid("It isn't an event of Stripe.")
    return Received(received=True)

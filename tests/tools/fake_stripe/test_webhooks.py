import re
from pathlib import Path

import pytest
import stripe

from tests.harness.fake_stripe import (
    PREVIOUS_SECRET,
    SECRET,
    FakeStripe,
    Receiver,
    free_port,
    wait_for,
)
from tests.tools.fake_stripe import emitted
from tests.tools.fake_stripe.building import charge_of, opened, paid

OF_A_PAYMENT = [
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.succeeded",
    "checkout.session.completed",
]
DAY = 86_400


def test_what_happens_is_told_in_order(telling: FakeStripe, receiver: Receiver) -> None:
    paid(telling)

    counts = telling.webhooks()

    assert receiver.types == OF_A_PAYMENT
    assert (counts["delivered"], counts["pending"], counts["failed"], counts["lost"]) == (4, 0, 0, 0)


def test_what_is_told_is_what_the_api_answers(telling: FakeStripe, receiver: Receiver) -> None:
    client = telling.client()
    client.v1.refunds.create({"charge": charge_of(paid(telling)).id})
    telling.webhooks()

    problems = [problem for each in receiver.received for problem in emitted.problems(each.event)]
    listed = {event.id: event.data.object["id"] for event in client.v1.events.list({"limit": 100}).data}

    assert problems == []
    assert {each.event["id"]: each.event["data"]["object"]["id"] for each in receiver.received} == listed


@pytest.mark.parametrize("secret", [SECRET, PREVIOUS_SECRET])
def test_while_the_secret_is_rotated_both_verify(telling: FakeStripe, receiver: Receiver, secret: str) -> None:
    session = paid(telling)
    telling.webhooks()

    events = [stripe.Webhook.construct_event(each.payload, each.signature, secret) for each in receiver.received]

    assert events[-1].type == "checkout.session.completed"
    assert events[-1].data.object["id"] == session.id


def test_another_secret_or_another_payload_does_not_verify(telling: FakeStripe, receiver: Receiver) -> None:
    paid(telling)
    telling.webhooks()
    told = receiver.received[0]

    for payload, secret in ((told.payload, "whsec_other"), (told.payload + b" ", SECRET)):
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(payload, told.signature, secret)


def test_after_the_rotation_one_secret_signs(tmp_path: Path, receiver: Receiver) -> None:
    fake = FakeStripe(tmp_path, webhook_urls=(receiver.url,), arguments=("--webhook-secret-previous", ""))
    paid(fake)
    fake.webhooks()
    fake.stop()

    told = receiver.received[0]

    assert told.signature.count("v1=") == 1
    stripe.Webhook.construct_event(told.payload, told.signature, SECRET)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(told.payload, told.signature, PREVIOUS_SECRET)


def test_the_signature_carries_the_time_of_the_stack(telling: FakeStripe, receiver: Receiver) -> None:
    telling.move(days=10)
    paid(telling)
    telling.webhooks()

    told = receiver.received[0]

    assert abs(told.signed_at - telling.now()) <= 15
    assert stripe.WebhookSignature.verify_header(told.payload.decode(), told.signature, SECRET, tolerance=None)
    assert re.fullmatch(r"t=\d+,v1=[0-9a-f]{64},v1=[0-9a-f]{64}", told.signature)


@pytest.mark.parametrize("status", [302, 400, 500])
def test_what_is_not_taken_is_told_again(telling: FakeStripe, receiver: Receiver, status: int) -> None:
    receiver.answers = [status]
    client = telling.client()
    client.v1.checkout.sessions.expire(opened(telling).id)
    wait_for(lambda: telling.webhooks(wait_seconds=0)["items"][0]["last"] == f"answered {status}")
    (untaken,) = client.v1.events.list({"delivery_success": False}).data

    telling.move(seconds=1)
    telling.webhooks()

    first, second = receiver.received
    assert first.payload == second.payload
    assert second.signed_at > first.signed_at
    assert untaken.id == first.event["id"]
    assert client.v1.events.retrieve(untaken.id).pending_webhooks == 0


def test_an_endpoint_that_is_not_there_yet_is_told_later(tmp_path: Path) -> None:
    port = free_port()
    fake = FakeStripe(tmp_path, webhook_urls=(f"http://127.0.0.1:{port}/v1/webhooks/stripe",))
    paid(fake)
    wait_for(lambda: all(each["attempts"] for each in fake.webhooks(wait_seconds=0)["items"]))

    with Receiver(port) as receiver:
        fake.move(minutes=1)
        fake.webhooks()

    fake.stop()
    assert sorted(receiver.types) == sorted(OF_A_PAYMENT)


def test_after_three_days_it_is_given_up(telling: FakeStripe, receiver: Receiver) -> None:
    receiver.answers = [500] * 100
    telling.client().v1.checkout.sessions.expire(opened(telling).id)
    wait_for(lambda: telling.webhooks(wait_seconds=0)["items"][0]["last"] == "answered 500")

    telling.move(days=3)
    counts = telling.webhooks()

    (event,) = telling.client().v1.events.list().data
    assert (counts["failed"], counts["items"][0]["last"]) == (1, "answered 500")
    assert receiver.received[-1].signed_at - receiver.received[0].signed_at >= 3 * DAY
    assert event.pending_webhooks == 1


def test_an_endpoint_gets_the_types_it_wants(tmp_path: Path, receiver: Receiver) -> None:
    wanted = ("--webhook-event", "charge.succeeded", "--webhook-event", "checkout.session.completed")
    fake = FakeStripe(tmp_path, webhook_urls=(receiver.url,), arguments=wanted)
    paid(fake)

    counts = fake.webhooks()

    fake.stop()
    assert receiver.types == ["charge.succeeded", "checkout.session.completed"]
    assert counts["delivered"] == 2


def test_every_endpoint_is_told(tmp_path: Path, receiver: Receiver) -> None:
    with Receiver() as other:
        fake = FakeStripe(tmp_path, webhook_urls=(receiver.url, other.url))
        paid(fake)
        fake.webhooks()
        fake.stop()

    assert receiver.ids == other.ids
    assert other.types == OF_A_PAYMENT


def test_an_event_can_be_told_again_on_purpose(telling: FakeStripe, receiver: Receiver) -> None:
    telling.faults({"webhooks": {"drop": 1}})
    client = telling.client()
    client.v1.checkout.sessions.expire(opened(telling).id)
    telling.webhooks()
    (event,) = client.v1.events.list().data

    answer = telling.request("POST", f"/_fake/events/{event.id}/resend")
    telling.webhooks()

    assert (answer.status, answer.json) == (200, {"resent": 1})
    assert receiver.ids == [event.id]
    assert (event.pending_webhooks, client.v1.events.retrieve(event.id).pending_webhooks) == (1, 0)
    assert telling.request("POST", "/_fake/events/evt_none/resend").status == 404

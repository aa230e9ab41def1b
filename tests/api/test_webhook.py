from typing import Any

import boto3
import pytest
from stripe import WebhookSignature

from packhouse.settings import stripe_queue
from tests.harness.fake_stripe import SECRET
from tests.harness.shop import ORDER, Shop


@pytest.mark.parametrize("header", ["t=" + "9" * 400 + ",v1=aa", "t=1,v1=éé", "é", "t=,v1=", "v1=aa"])
def test_an_odd_signature_is_no_signature(shop: Shop, header: str) -> None:
    for sent in (header, header.replace("t=1,", f"t={int(shop.world.clock.now.timestamp())},")):
        headers = {"stripe-signature": sent}
        answer = shop.world.call("POST", "/v1/webhooks/stripe", None, json={}, headers=headers)
        assert answer.slug == "signature-invalid"


def test_a_stale_signature_is_refused_whatever_other_time_stands_beside_it(shop: Shop) -> None:
    now = int(shop.world.clock.now.timestamp())
    stale = now - 86_400
    signature = WebhookSignature._compute_signature(f"{stale}.{{}}", SECRET)  # noqa: SLF001  # what Stripe does
    headers = {"stripe-signature": f"t={stale},v1={signature},t={now}"}

    answer = shop.world.call("POST", "/v1/webhooks/stripe", None, body="{}", headers=headers)

    assert (answer.status, answer.slug) == (400, "signature-invalid")


@pytest.mark.parametrize("spoil", ["none", "wrong", "stale", "early", "other body"])
def test_only_what_stripe_signed_lately_is_taken(shop: Shop, spoil: str) -> None:
    shop.pay(shop.ordered()["checkout_url"])
    event = shop.events()[-1]
    assert shop.deliver(event).status == 200
    real = shop.world.clock.now
    if spoil in {"stale", "early"}:
        answer = shop.deliver(event, seconds_from_now=301 if spoil == "early" else -301)
    else:
        headers = {"none": {}, "wrong": {"stripe-signature": f"t={int(real.timestamp())},v1=00"}}.get(spoil, {})
        answer = shop.world.call("POST", "/v1/webhooks/stripe", None, json=ORDER, headers=headers)

    assert (answer.status, answer.slug) == (400, "signature-invalid")


@pytest.mark.parametrize(
    "changes",
    [{"id": None}, {"id": 7}, {"data": None}, {"data": {"object": {}}}, {"data": {"object": {"id": ["cs"]}}}],
)
def test_a_signed_event_without_its_ids_is_refused(shop: Shop, changes: dict[str, Any]) -> None:
    event = {"id": "evt_1", "type": "checkout.session.completed", "data": {"object": {"id": "cs_1"}}}

    answer = shop.deliver({**event, **changes})

    assert (answer.status, answer.slug) == (422, "invalid-request")
    assert queued() == 0


@pytest.mark.parametrize("body", ["", "{}", "[]", '"x"'])
def test_a_signed_body_that_is_no_event_is_refused(shop: Shop, body: str) -> None:
    now = int(shop.world.clock.now.timestamp())
    signature = WebhookSignature._compute_signature(f"{now}.{body}", SECRET)  # noqa: SLF001  # what Stripe does
    headers = {"stripe-signature": f"t={now},v1={signature}"}

    answer = shop.world.call("POST", "/v1/webhooks/stripe", None, body=body, headers=headers)

    assert (answer.status, answer.slug) == (422, "invalid-request")
    assert queued() == 0


def test_an_event_of_a_kind_that_means_nothing_here_is_taken_whatever_it_holds(shop: Shop) -> None:
    assert shop.deliver({"id": "evt_1", "type": "balance.available", "data": {"object": {}}}).status == 200
    assert queued() == 0


def queued() -> int:
    queue = boto3.client("sqs").get_queue_attributes(
        QueueUrl=stripe_queue(), AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(queue["Attributes"]["ApproximateNumberOfMessages"])

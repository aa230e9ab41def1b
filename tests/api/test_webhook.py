import pytest
from stripe import WebhookSignature

from tests.fake_stripe.running import SECRET
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

"""The secrets that sign Stripe's webhooks: a changed one is used soon, the one before it as long as it stands there."""

import json
import os
import time
from datetime import datetime, timedelta, tzinfo
from typing import Self

import boto3
import pytest
from aws_lambda_powertools.utilities.parameters import base
from stripe import WebhookSignature

from packhouse.payments import client
from tests.harness.fake_stripe import API_KEY, PREVIOUS_SECRET, SECRET
from tests.harness.gateway import Answer
from tests.harness.shop import Shop

ROTATED = "whsec_rotated"
MONOTONIC = time.monotonic


def signed_with(shop: Shop, secret: str) -> Answer:
    """What the webhook answers to an event that is signed with this secret."""
    body = json.dumps({"id": "evt_1", "type": "balance.available", "data": {"object": {}}})
    now = int(shop.world.clock.now.timestamp())
    signature = WebhookSignature._compute_signature(f"{now}.{body}", secret)  # noqa: SLF001  # what Stripe does
    headers = {"stripe-signature": f"t={now},v1={signature}"}
    return shop.world.call("POST", "/v1/webhooks/stripe", None, body=body, headers=headers)


def put(*secrets: str) -> None:
    """Change the secret, as an operator does."""
    secret = json.dumps({"api_key": API_KEY, "webhook_secrets": list(secrets)})
    boto3.client("secretsmanager").put_secret_value(SecretId=os.environ["STRIPE_SECRET"], SecretString=secret)


def has_lived(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the process be so old: its own clocks, not Packhouse's, say how long a secret has been known."""

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + timedelta(seconds=seconds)

    monkeypatch.setattr(time, "monotonic", lambda: MONOTONIC() + seconds)
    monkeypatch.setattr(base, "datetime", Later)


@pytest.mark.parametrize("secret", [SECRET, PREVIOUS_SECRET])
def test_the_current_and_the_previous_secret_both_sign(shop: Shop, secret: str) -> None:
    assert signed_with(shop, secret).status == 200


@pytest.mark.parametrize("secret", ["", "whsec_other", SECRET[:-1], f"{SECRET}x"])
def test_no_other_secret_signs(shop: Shop, secret: str) -> None:
    assert signed_with(shop, secret).slug == "signature-invalid"


def test_a_rotated_secret_is_used_within_five_minutes_and_the_dropped_one_no_more(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert signed_with(shop, SECRET).status == 200
    put(ROTATED, SECRET)
    has_lived(monkeypatch, client.SECRET_SECONDS_MAX + 1)
    assert [signed_with(shop, secret).status for secret in (ROTATED, SECRET, PREVIOUS_SECRET)] == [200, 200, 400]

    put(ROTATED)
    has_lived(monkeypatch, 2 * client.SECRET_SECONDS_MAX + 2)

    assert [signed_with(shop, secret).status for secret in (ROTATED, SECRET)] == [200, 400]
    assert client.SECRET_SECONDS_MAX == 300


def test_a_secret_is_not_read_for_each_request(shop: Shop) -> None:
    assert signed_with(shop, SECRET).status == 200
    put(ROTATED)

    assert signed_with(shop, SECRET).status == 200

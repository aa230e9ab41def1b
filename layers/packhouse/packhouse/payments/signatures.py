"""Stripe's signature on a webhook, checked on the raw bytes and on both sides of its time."""

from datetime import datetime

import stripe

from packhouse.errors import SignatureInvalid

TOLERANCE_SECONDS = 300


def check(body: bytes, header: str, secrets: list[str], *, now: datetime) -> None:
    """`SignatureInvalid`, unless one of the secrets signed it and its time is not far from ours, before or after."""
    if not header.isascii():
        raise SignatureInvalid
    try:
        payload = body.decode()
        # Exactly one: of several, Stripe's own check would take another than the one that is looked at here.
        (signed_at,) = [int(part.removeprefix("t=")) for part in header.split(",") if part.startswith("t=")]
    except ValueError as error:
        raise SignatureInvalid from error
    if abs(int(now.timestamp()) - signed_at) > TOLERANCE_SECONDS:
        raise SignatureInvalid
    if not any(_signed(payload, header, secret) for secret in secrets):
        raise SignatureInvalid


def _signed(payload: str, header: str, secret: str) -> bool:
    try:
        return bool(stripe.WebhookSignature.verify_header(payload, header, secret, tolerance=None))
    except stripe.SignatureVerificationError:
        return False

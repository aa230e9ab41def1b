"""Stripe's signature on a webhook: checked on the raw bytes, and its time against ours."""

from datetime import datetime

import stripe

from packhouse.errors import SignatureInvalid

TOLERANCE_SECONDS = 300


def check(body: bytes, header: str, secrets: list[str], *, now: datetime) -> None:
    """Raise `SignatureInvalid` unless one of the secrets signed the body, at most `TOLERANCE_SECONDS` from now."""
    if not header.isascii():
        raise SignatureInvalid
    try:
        payload = body.decode()
        # Exactly one: of several, Stripe's own check might use another one than this code.
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

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import stripe

from tests.harness.fake_stripe import FakeStripe, Receiver


@pytest.fixture
def fake(stripe_process: FakeStripe) -> FakeStripe:
    """The shared fake Stripe: empty, at the real time, and without an endpoint for its webhooks."""
    stripe_process.set_clock(datetime.now(UTC))
    stripe_process.reset()
    return stripe_process


@pytest.fixture
def client(fake: FakeStripe) -> stripe.StripeClient:
    return fake.client()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def telling(tmp_path: Path, receiver: Receiver) -> Iterator[FakeStripe]:
    """A fake Stripe of the test's own, whose webhooks the receiver gets."""
    fake = FakeStripe(tmp_path / "state", webhook_urls=(receiver.url,))
    yield fake
    fake.stop()

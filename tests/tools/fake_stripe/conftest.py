from collections.abc import Iterator
from pathlib import Path

import pytest
import stripe

from tests.harness.fake_stripe import FakeStripe, Receiver


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeStripe]:
    fake = FakeStripe(tmp_path_factory.mktemp("stripe") / "state")
    yield fake
    fake.stop()


@pytest.fixture
def fake(running: FakeStripe) -> FakeStripe:
    """A fake Stripe that has nothing yet; nobody is told of its events."""
    running.reset()
    return running


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

"""The fixtures of the worlds that tests live in: the clock, the environment, Packhouse on moto and on ministack."""

import json
import os
import uuid
from collections.abc import Iterator

import boto3
import pytest

from packhouse import runtime
from tests.harness import beginning, people
from tests.harness.environment import variables
from tests.harness.fake_stripe import API_KEY, PREVIOUS_SECRET, SECRET, FakeStripe
from tests.harness.memory import forget
from tests.harness.people import KeySet
from tests.harness.shop import Shop
from tests.harness.world import START, Clock, World


@pytest.fixture(scope="session")
def key_set() -> Iterator[KeySet]:
    with people.serving_keys() as served:
        yield served


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(runtime, "clock", clock)
    return clock


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, key_set: KeySet) -> Iterator[None]:
    """A function's environment; the caches of another test are empty."""
    credentials = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "SSL_CERT_FILE": os.devnull,  # nobody is reached by TLS here, and Debian's file of authorities is a long one
    }
    for name, value in {**credentials, **variables(keys_url=key_set.url)}.items():
        monkeypatch.setenv(name, value)
    forget()
    yield
    forget()


@pytest.fixture
def world(environment: None, clock: Clock) -> Iterator[World]:
    """Packhouse on moto, which is right in one thread; most tests have no more."""
    del environment
    with beginning.on_moto(clock) as world:
        yield from living(world)


@pytest.fixture
def shop(world: World, stripe_process: FakeStripe, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A world that sells, with an empty Stripe. At the end, every request to Stripe has kept its contract."""
    stripe_process.set_clock(START)
    stripe_process.reset()
    monkeypatch.setenv("STRIPE_URL", stripe_process.url)
    secret = json.dumps({"api_key": API_KEY, "webhook_secrets": [SECRET, PREVIOUS_SECRET]})
    boto3.client("secretsmanager").create_secret(Name=os.environ["STRIPE_SECRET"], SecretString=secret)
    queue = boto3.client("sqs").create_queue(QueueName="stripe-events")["QueueUrl"]
    monkeypatch.setenv("STRIPE_QUEUE", queue)
    forget()
    yield Shop(world, stripe_process)
    refused = [asked["problem"] for asked in stripe_process.requests() if asked["verdict"] == "refused"]
    assert refused == []


@pytest.fixture
def world_on_engine(environment: None, clock: Clock, engine: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world on ministack; its tables, bus and secret have names of their own."""
    del environment
    monkeypatch.setenv("AWS_ENDPOINT_URL", engine)
    for name in ("TABLE", "JOURNAL", "BUS", "STRIPE_SECRET"):
        monkeypatch.setenv(name, f"{name.lower()}-{uuid.uuid4()}")
    forget()
    yield from living(beginning.made(clock))


def living(world: World) -> Iterator[World]:
    """At the end every invariant holds, unless the test says that it broke one."""
    yield world
    if world.sound:
        world.check()

import gc
import json
import os
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

from dev.config import Config
from dev.ministack.process import Aws
from packhouse import runtime
from tests.harness import beginning, people, quick_aws, template
from tests.harness.environment import variables
from tests.harness.fake_stripe import API_KEY, PREVIOUS_SECRET, SECRET, FakeStripe
from tests.harness.local_stack import LocalStack, free_port
from tests.harness.memory import forget
from tests.harness.people import KeySet
from tests.harness.shop import Shop
from tests.harness.world import START, Clock, World

NO_CHROMIUM = "neither `chromium-headless-shell` nor `chromium` is on the PATH"
SHARING = {
    "tests/console/": "stack",
    "tests/proofs/fuzz/": "stack",
    "tests/tools/stack/test_ready.py": "stack",
    "tests/tools/stack/test_refused_start.py::test_a_state_in_use_is_named": "stack",
    "tests/tools/stack/test_restart.py::test_two_stacks_run_side_by_side": "stack",
    "tests/tools/stack/test_watch.py": "stack",
    "tests/tools/stack/test_reload.py": "reload",
    "tests/tools/stack/test_time.py": "time",
    "tests/proofs/races/": "engine",
    "tests/proofs/histories/": "engine",
    "tests/proofs/model/": "model",
}
"""What shares a process that is slow to start, by how the ids of its tests begin: each group runs in one worker."""


class Groups(LoadScopeScheduling):  # type: ignore[misc]  # it ships no types
    """Groups, the largest first, and then all other tests one by one.

    The marks that pytest-xdist has for it are passed over without a word since pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def group_of(nodeid: str) -> str:
    """The group of a test; what is in none is one of its own."""
    return next((group for beginning, group in SHARING.items() if nodeid.startswith(beginning)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups | None:  # noqa: ANN401  # its own
    return Groups(config, log) if config.getvalue("dist") == "loadgroup" else None


def pytest_configure() -> None:
    """Spare what only costs time: many small collections of garbage find a large heap without any."""
    gc.set_threshold(50_000, 20, 50)
    quick_aws.quicken()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in [*terminalreporter.stats.get("passed", []), *terminalreporter.stats.get("failed", [])]:
        for line in [value for name, value in report.user_properties if name == "summary"]:
            terminalreporter.line(line)
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if NO_CHROMIUM in str(report.longrepr)]
    if skipped:
        terminalreporter.section("THE CONSOLE WAS NOT TESTED", red=True, bold=True)
        terminalreporter.line(
            f"{len(skipped)} browser tests were not run: {NO_CHROMIUM}. "
            "On Debian: `sudo apt-get install chromium-headless-shell`; then `make test TESTS=tests/console` runs them."
        )


@pytest.fixture(scope="session")
def key_set() -> Iterator[KeySet]:
    with people.serving_keys() as served:
        yield served


@pytest.fixture(scope="session")
def local_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The one stack that all end-to-end tests share; who moves its clock or kills its parts starts another."""
    stack = LocalStack(tmp_path_factory.mktemp("stack") / "state")
    yield stack
    assert stack.stop() == 0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(runtime, "clock", clock)
    return clock


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, key_set: KeySet) -> Iterator[None]:
    """A function's environment, and nothing remembered from another test's."""
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
    """Packhouse on moto: right in one thread, which is all that most tests have."""
    del environment
    with beginning.on_moto(clock) as world:
        yield from living(world)


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a ministack of the tests' own: it does right what many do at once."""
    state = tmp_path_factory.mktemp("engine")
    config = Config(root=template.ROOT, state=state, port=free_port(), instance="")
    config.logs.mkdir()
    aws = Aws(config, hold=())
    aws.wait_until_ready()
    yield config.aws_url
    aws.forget()


@pytest.fixture(scope="session")
def stripe_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeStripe]:
    stripe = FakeStripe(tmp_path_factory.mktemp("stripe"))
    yield stripe
    stripe.stop()


@pytest.fixture
def shop(world: World, stripe_process: FakeStripe, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A world that sells, with a Stripe that was emptied; every request to it kept to its contract."""
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


def living_on(engine: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world on ministack, in which everything has a name of its own."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", engine)
    for name in ("TABLE", "JOURNAL", "BUS", "STRIPE_SECRET"):
        monkeypatch.setenv(name, f"{name.lower()}-{uuid.uuid4()}")
    forget()
    yield from living(beginning.made(clock))


def living(world: World) -> Iterator[World]:
    """In the end every invariant holds, if the test left it sound."""
    yield world
    if world.sound:
        world.check()

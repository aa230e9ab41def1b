from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from packhouse import runtime, settings
from packhouse.policies import Policies
from tests.harness import gateway, people, strict, template
from tests.harness.people import KeySet
from tests.harness.world import Clock, World
from tests.stack.running import LocalStack

NO_CHROMIUM = "no `chromium` on the PATH"
SHARING = {"tests/stack": "stack", "tests/console": "stack", "tests/races": "engine"}
"""Folders whose tests share a process that is slow to start: each group runs in one worker of pytest-xdist."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for folder, group in SHARING.items():
            if item.path.is_relative_to(template.ROOT / folder):
                item.add_marker(pytest.mark.xdist_group(group))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if NO_CHROMIUM in str(report.longrepr)]
    if skipped:
        terminalreporter.section("THE CONSOLE WAS NOT TESTED", red=True, bold=True)
        terminalreporter.line(
            f"{len(skipped)} browser tests were not run: {NO_CHROMIUM}. "
            "On Debian: `sudo apt-get install chromium`; then `make test TESTS=tests/console` runs them."
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
    variables = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "POWERTOOLS_SERVICE_NAME": "packhouse",
        "AUTHORIZER_TTL_SECONDS": "0",
        "TABLE": "Packhouse",
        "JOURNAL": "Journal",
        "SUPPORT_EMAIL": "support@packhouse.example",
        "TOKEN_ISSUER": people.ISSUER,
        "TOKEN_CLIENT_ID": people.CLIENT,
        "TOKEN_KEYS_URL": key_set.url,
        **{name.upper(): str(getattr(Policies(), name)) for name in Policies.__dataclass_fields__},
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    forget()
    yield
    forget()


@pytest.fixture
def world(environment: None, clock: Clock) -> Iterator[World]:
    """Packhouse on moto: right in one thread, which is all that most tests have."""
    del environment
    with mock_aws():
        yield from living(clock)


def living(clock: Clock) -> Iterator[World]:
    """A populated world in the AWS that boto3 reaches; in the end every invariant holds, if the test left it sound."""
    raw = boto3.client("dynamodb")
    for name, logical_id in ((settings.settings().table, "Table"), (settings.settings().journal, "Journal")):
        raw.create_table(TableName=name, **template.table_definition(logical_id))
    world = World(
        client=runtime.dynamodb(),
        raw=raw,
        streams=boto3.client("dynamodbstreams"),
        table=runtime.table(),
        journal=runtime.journal(),
        clock=clock,
    )
    strict.watch(world.client)
    world.populate()
    yield world
    if world.sound:
        world.check()


def forget() -> None:
    """Empty what a process remembers, as a cold start does."""
    for remembered in (settings.settings, settings.token_settings, runtime.dynamodb, runtime.table, runtime.journal):
        remembered.cache_clear()
    gateway.forget()

import uuid
from collections.abc import Iterator

import pytest

from dev.aws import Aws
from dev.config import Config
from tests.conftest import forget, living
from tests.harness import template
from tests.harness.world import Clock, World
from tests.stack.running import free_port


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


@pytest.fixture
def world(environment: None, clock: Clock, engine: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Packhouse on ministack, with tables of the test's own."""
    del environment
    monkeypatch.setenv("AWS_ENDPOINT_URL", engine)
    monkeypatch.setenv("TABLE", f"Packhouse-{uuid.uuid4()}")
    monkeypatch.setenv("JOURNAL", f"Journal-{uuid.uuid4()}")
    forget()
    yield from living(clock)

"""The processes that tests share. No test starts a process of its own where one of these will do.

| process | fixture | started |
|---|---|---|
| a fake Stripe | `stripe_process` | once in each worker |
| the local stack | `local_stack` | once, for the tests of the group `stack` |
| ministack alone, for many callers at once | `engine` | once in each of the groups `engine` and `model` |
| a stack whose code is edited | in `tests/tools/stack/test_reload.py` | once, group `reload` |
| a stack whose clock is moved | in `tests/tools/stack/test_time.py` | once, group `time` |
| a stack that is stopped and started again | in `tests/tools/stack/test_restart.py` | six times, group `restart` |
| a stack for the tour of the README | in `tests/tools/stack/test_tour.py` | once, group `tour` |
"""

from collections.abc import Iterator
from typing import Any

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

from dev.config import Config
from dev.ministack.process import Aws
from tests.harness import template
from tests.harness.fake_stripe import FakeStripe
from tests.harness.local_stack import LocalStack, free_port

SHARING = {
    "tests/console/": "stack",
    "tests/proofs/fuzz/": "stack",
    "tests/tools/stack/test_ready.py": "stack",
    "tests/tools/stack/test_refused_start.py::test_a_state_in_use_is_named": "stack",
    "tests/tools/stack/test_restart.py": "restart",
    "tests/tools/stack/test_tour.py": "tour",
    "tests/tools/stack/test_watch.py": "stack",
    "tests/tools/stack/test_reload.py": "reload",
    "tests/tools/stack/test_time.py": "time",
    "tests/proofs/races/": "engine",
    "tests/proofs/histories/": "engine",
    "tests/proofs/model/": "model",
}
"""The beginnings of test ids, and the group that shares a slow process. Each group runs in one worker."""


class Groups(LoadScopeScheduling):  # type: ignore[misc]  # it ships no types
    """Groups, the largest first, and then all other tests one by one.

    pytest-xdist's own marks for groups have no effect since pytest 9.2, and no warning says so.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def group_of(nodeid: str) -> str:
    """The group of a test. A test without a group is a group of its own."""
    return next((group for beginning, group in SHARING.items() if nodeid.startswith(beginning)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups | None:
    return Groups(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.fixture(scope="session")
def local_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The stack that all end-to-end tests share. Tests that move its clock or kill its parts have another."""
    stack = LocalStack(tmp_path_factory.mktemp("stack") / "state")
    yield stack
    assert stack.stop() == 0


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a ministack without a stack: it is right about many callers at once."""
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

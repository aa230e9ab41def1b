from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.harness.local_stack import ROOT, LocalStack, copied_tree


class Start(Protocol):
    def __call__(self, *, port: int | None = None, root: Path = ROOT) -> LocalStack: ...


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts stacks of a test's own, all on one state folder, and stops those that still run."""
    started: list[LocalStack] = []

    def start(*, port: int | None = None, root: Path = ROOT) -> LocalStack:
        stack = LocalStack(tmp_path / "state", port=port, root=root)
        started.append(stack)
        return stack

    yield start
    for stack in started:
        stack.stop()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the tree, for tests that edit it."""
    return copied_tree(tmp_path / "tree")

from collections.abc import Iterator

import pytest

from tests.harness.world import Clock, World
from tests.harness.worlds import living_on


@pytest.fixture
def world(environment: None, clock: Clock, engine: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Packhouse on ministack, with tables of the test's own."""
    del environment
    yield from living_on(engine, clock, monkeypatch)

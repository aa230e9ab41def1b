import pytest

from tests.harness.world import World


@pytest.fixture
def world(world_on_engine: World) -> World:
    return world_on_engine

import pytest

from tests.harness.post import Post
from tests.harness.world import World


@pytest.fixture
def post(world: World) -> Post:
    del world
    return Post()

import pytest

from packhouse.errors import IdempotencyKeyReused
from packhouse.store import keys, named
from packhouse.store.wire import Item
from tests.harness.world import NORTHWIND, World

ORDER: Item = {**keys.order(NORTHWIND, "ord_1"), "request_hash": "one"}


def test_the_request_that_puts_an_item_meets_no_earlier_one(world: World) -> None:
    world.sound = False  # no real order

    assert named.create(world.stamped(), ORDER) is None


def test_a_put_that_the_sdk_resends_is_no_replay(world: World) -> None:
    world.sound = False
    stamp = world.stamped().stamp
    named.create(world.table.stamped(stamp), ORDER)

    again = named.create(world.table.stamped(stamp), ORDER)

    assert again is None


def test_a_later_request_with_the_same_body_meets_the_item(world: World) -> None:
    world.sound = False
    named.create(world.stamped(), ORDER)

    earlier = named.create(world.stamped(), ORDER)

    assert earlier is not None
    assert earlier["request_hash"] == "one"


def test_a_later_request_with_another_body_is_refused(world: World) -> None:
    world.sound = False
    named.create(world.stamped(), ORDER)

    with pytest.raises(IdempotencyKeyReused):
        named.create(world.stamped(), {**ORDER, "request_hash": "two"})

    assert (world.item(keys.order(NORTHWIND, "ord_1")) or {})["request_hash"] == "one"

"""The conditions of the writes on orders, each operand damaged alone: the write is refused, and nothing changes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from packhouse.domain.money import Money
from packhouse.domain.orders import OrderStatus, Payment
from packhouse.store import keys, orders
from packhouse.store.patience import Moved, WriteRefused
from packhouse.store.table import StampedTable
from packhouse.store.wire import Item
from tests.harness.damage import erase, overwrite
from tests.harness.world import NORTHWIND, START, World
from tests.unit.purchases import order

ORDER = order()
PAYMENT = Payment(payment_id="pi_1", charge_id="ch_1", amount=Money(1200), charged_at=START)
KEY = keys.order(NORTHWIND, ORDER.order_id)
OVER = [status for status in OrderStatus if status is not OrderStatus.OPEN]

type Step = Callable[[StampedTable], object]


def placed(world: World, **attributes: Any) -> Item:
    """The item of an order, with these attributes set by hand."""
    orders.place(world.stamped(), ORDER)
    overwrite(world, item_of(world), **attributes)
    world.sound = False
    return item_of(world)


def item_of(world: World) -> Item:
    item = world.item(KEY)
    assert item is not None
    return item


def opened(table: StampedTable) -> object:
    return orders.remember_session(table, ORDER, session_id="cs_1", url="https://pay.example/1")


def renewed(table: StampedTable) -> object:
    return orders.renew(table, ORDER, replace(ORDER.checkout, number=2, key="two"))


def cancelled(table: StampedTable) -> object:
    return orders.cancel(table, ORDER, cancel_key="stop")


def expired(table: StampedTable) -> object:
    return orders.expire(table, ORDER)


STEPS: list[Step] = [opened, renewed, cancelled, expired]


def pay(table: StampedTable) -> None:
    table.write(orders.paid(table, ORDER, PAYMENT, ["pack_1"]))


@pytest.mark.parametrize("step", STEPS)
def test_an_open_order_with_the_checkout_that_was_seen_takes_a_step(world: World, step: Step) -> None:
    before = placed(world)

    step(world.stamped())

    assert item_of(world) != before


@pytest.mark.parametrize("step", STEPS)
def test_an_order_takes_a_step_only_while_it_is_open_and_its_newest_checkout_is_the_one_that_was_seen(
    world: World, step: Step
) -> None:
    fitting = placed(world)
    damages: list[dict[str, Any]] = [{"number": 2}, {"number": 0}, *({"status": status} for status in OVER)]

    for damage in damages:
        checkout = {**fitting["checkout"], "number": damage.get("number", 1)}
        overwrite(world, fitting, status=damage.get("status", OrderStatus.OPEN), checkout=checkout)
        before = item_of(world)
        with pytest.raises(Moved):
            step(world.stamped())
        assert item_of(world) == before, damage


@pytest.mark.parametrize("step", STEPS)
def test_no_step_makes_an_order_that_is_gone(world: World, step: Step) -> None:
    erase(world, placed(world))

    with pytest.raises(Moved):
        step(world.stamped())

    assert world.item(KEY) is None


@pytest.mark.parametrize("status", [OrderStatus.OPEN, OrderStatus.EXPIRED])
def test_money_makes_an_open_or_an_expired_order_paid(world: World, status: OrderStatus) -> None:
    placed(world, status=status)

    pay(world.stamped())

    item = item_of(world)
    assert (item["status"], item["packs"], item["payment"]["payment_id"]) == ("paid", ["pack_1"], "pi_1")
    assert "due" not in item


@pytest.mark.parametrize("status", [OrderStatus.CANCELLED, OrderStatus.PAID])
def test_money_revives_no_order_that_is_cancelled_and_pays_none_twice(world: World, status: OrderStatus) -> None:
    before = placed(world, status=status)

    with pytest.raises(WriteRefused):
        pay(world.stamped())

    assert item_of(world) == before


def test_money_makes_no_order_that_is_gone(world: World) -> None:
    erase(world, placed(world))

    with pytest.raises(WriteRefused):
        pay(world.stamped())

    assert world.item(KEY) is None


def test_a_payment_that_was_sent_back_is_remembered_once_beside_others(world: World) -> None:
    placed(world)

    for payment_id in ("pi_1", "pi_2", "pi_1"):
        orders.remember_return(world.stamped(), ORDER, payment_id)

    assert item_of(world)["returned"] == ["pi_1", "pi_2"]


def test_a_payment_that_was_sent_back_makes_no_order_that_is_gone(world: World) -> None:
    erase(world, placed(world))

    orders.remember_return(world.stamped(), ORDER, "pi_1")

    assert world.item(KEY) is None


def test_an_order_is_placed_once_whatever_has_become_of_it(world: World) -> None:
    before = placed(world, status=OrderStatus.CANCELLED)

    placed_before, replayed = orders.place(world.stamped(), ORDER)

    assert (placed_before.status, replayed) == (OrderStatus.CANCELLED, True)
    assert item_of(world) == before

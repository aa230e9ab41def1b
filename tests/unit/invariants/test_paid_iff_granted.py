"""*paid-iff-granted*: each fact of an order and of its packs, damaged alone, is found under the invariant's name."""

from collections.abc import Callable
from typing import Any

import pytest

from packhouse.catalog import catalog
from packhouse.domain.orders import Order, OrderLine, Payment
from packhouse.domain.packs import Source, SourceKind, packs_of
from packhouse.operations.invariants import checks
from packhouse.store import keys, orders, packs
from packhouse.store.wire import Item
from tests.harness.world import NORTHWIND, START, World
from tests.unit.purchases import order

NAME = "paid-iff-granted"
LINES = [
    OrderLine.of(catalog().of(sku), number) for sku, number in (("mailbox-migration", 3), ("document-migration", 1))
]

type Items = dict[str, Item]
type Damage = Callable[[Items], None]


def placed(world: World, name: str) -> Order:
    made, _ = orders.place(world.stamped(), order(*LINES, name=name))
    return made


def pay(world: World, wanted: Order) -> None:
    """The order paid, and its packs there, as money that arrives makes them."""
    table = world.stamped()
    source = Source(kind=SourceKind.CARD, order_id=wanted.order_id)
    granted = packs_of(NORTHWIND, wanted.lines, acquisition=wanted.order_id, source=source, acquired_at=world.clock.now)
    payment = Payment(payment_id="pi_1", charge_id="ch_1", amount=wanted.total, charged_at=START)
    packs.grant(
        table, granted, orders.paid(table, wanted, payment, [pack.pack_id for pack in granted]), reminder_days=30
    )


@pytest.fixture
def items(world: World) -> Items:
    """What the table holds of an order that was paid, and of one that wasn't."""
    placed(world, "open")
    pay(world, placed(world, "paid"))
    return {item["SK"]: item for item in world.items() if keys.has_workgroup(item)}


def found(items: Items) -> list[str]:
    """The sentences of what doesn't hold by this invariant."""
    return [one.detail for one in checks.violations(items.values(), []) if one.invariant == NAME]


def of(items: Items, prefix: str, **attributes: object) -> Item:
    return next(
        item
        for name, item in items.items()
        if name.startswith(prefix) and all(item.get(attribute) == value for attribute, value in attributes.items())
    )


def pack(items: Items) -> Item:
    """The pack of three."""
    return of(items, "PACK#", quantity=3)


def paid(items: Items) -> Item:
    return of(items, "ORDER#", status="paid")


def of_another_quantity(items: Items) -> None:
    pack(items).update(quantity=4, available=4)


def of_another_type(items: Items) -> None:
    pack(items)["sku"] = "public-folder-migration"


def of_another_order(items: Items) -> None:
    other = of(items, "ORDER#", status="open")["SK"].removeprefix("ORDER#")
    pack(items)["source"] = {"kind": "card", "order_id": other}


def of_no_order(items: Items) -> None:
    pack(items)["source"] = {"kind": "card"}


def missing(items: Items) -> None:
    del items[pack(items)["SK"]]


def missing_for_a_line(items: Items) -> None:
    del items[pack(items)["SK"]]
    paid(items)["packs"] = [of(items, "PACK#")["SK"].removeprefix("PACK#")]


def not_listed(items: Items) -> None:
    paid(items)["packs"] = []


def twice_for_one_line(items: Items) -> None:
    one = pack(items)["SK"].removeprefix("PACK#")
    paid(items)["packs"] = [one, one]


def in_another_order_than_the_lines(items: Items) -> None:
    paid(items)["packs"] = paid(items)["packs"][::-1]


def granted_without_a_payment(items: Items) -> None:
    del paid(items)["payment"]


def paid_without_packs(items: Items) -> None:
    unpaid = of(items, "ORDER#", status="open")
    unpaid.update(status="paid", payment=paid(items)["payment"])


def granted_beside_every_order(items: Items) -> None:
    spare: dict[str, Any] = {
        **pack(items),
        "SK": f"{pack(items)['SK'][:-1]}{'0' if pack(items)['SK'][-1] != '0' else '1'}",
    }
    items[spare["SK"]] = spare


@pytest.mark.parametrize(
    "damage",
    [
        of_another_quantity,
        of_another_type,
        of_another_order,
        of_no_order,
        missing,
        missing_for_a_line,
        not_listed,
        twice_for_one_line,
        in_another_order_than_the_lines,
        granted_without_a_payment,
        paid_without_packs,
        granted_beside_every_order,
    ],
)
def test_each_damaged_fact_of_a_purchase_is_found(items: Items, damage: Damage) -> None:
    damage(items)

    assert found(items)


def test_a_paid_order_with_its_packs_is_sound_and_so_is_one_without_a_payment(items: Items) -> None:
    assert found(items) == []


@pytest.mark.parametrize("status", ["open", "cancelled", "expired"])
def test_an_order_that_was_never_paid_has_no_packs_whatever_became_of_it(items: Items, status: str) -> None:
    of(items, "ORDER#", status="open")["status"] = status

    assert found(items) == []


def test_a_demo_pack_says_of_itself_that_nobody_paid(items: Items, world: World) -> None:
    demo = world.grant("mailbox-migration", 1)
    items[f"PACK#{demo.pack_id}"] = world.item(keys.pack(NORTHWIND, demo.pack_id)) or {}

    assert found(items) == []

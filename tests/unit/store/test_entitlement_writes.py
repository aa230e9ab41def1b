"""The conditions of the writes on entitlements, each operand damaged alone: the write is refused, nothing changes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from packhouse.domain import ids
from packhouse.domain.entitlements import Entitlement, EntitlementState
from packhouse.domain.packs import Pack
from packhouse.store import entitlements, keys
from packhouse.store.patience import Moved, WriteRefused
from packhouse.store.wire import Item
from tests.harness.damage import erase, overwrite
from tests.harness.world import NORTHWIND, START, World

USER, SKU = "ann@northwind.example", "user-migration-bundle"
KEY = keys.entitlement(NORTHWIND, USER, SKU)
NOW, SECOND_LATER = "2026-11-24T03:00:00Z", "2026-11-24T03:00:01Z"
OTHER_PACK = ids.pack_id("BN", "other", expires_at=START + timedelta(days=9), acquired_at=START)


def of_pack(pack: Pack) -> Entitlement:
    """An entitlement of Ann's, from a license of this pack."""
    return Entitlement(
        workgroup_id=NORTHWIND,
        user=USER,
        sku=SKU,
        pack_id=pack.pack_id,
        assigned_at=START,
        assigned_by="tests",
        until=pack.expires_at,
    )


def assigned(world: World, **attributes: Any) -> Entitlement:
    """The entitlement that was assigned from a pack of two, as it was read; with these attributes set by hand since."""
    wanted = of_pack(world.grant(SKU, 2))
    entitlements.assign(world.stamped(), wanted, met=None)
    overwrite(world, item_of(world), **attributes)
    world.sound = False
    return wanted


def item_of(world: World) -> Item:
    item = world.item(KEY)
    assert item is not None
    return item


def image(world: World, pack_id: str) -> tuple[Item | None, Item | None]:
    return world.item(KEY), world.item(keys.pack(NORTHWIND, pack_id))


# --- assigned in place of what was met --------------------------------------------------------------------------------


def test_an_ended_entitlement_is_followed_by_another_one(world: World) -> None:
    met = assigned(world, until=NOW)
    again = replace(of_pack(world.grant(SKU, 1)), assigned_at=START + timedelta(days=1), earlier=met.spent())

    entitlements.assign(world.stamped(), again, met=met)

    assert entitlements.read(world.table, NORTHWIND, USER, SKU) == again


@pytest.mark.parametrize(
    "damage",
    [
        {"state": EntitlementState.WITHDRAWN},
        {"pack_id": OTHER_PACK},
        {"assigned_at": SECOND_LATER},
    ],
    ids=str,
)
def test_an_entitlement_is_assigned_only_in_place_of_the_one_that_was_met(world: World, damage: dict[str, Any]) -> None:
    met = assigned(world, **damage)
    again = replace(of_pack(world.grant(SKU, 1)), assigned_at=START + timedelta(days=1), earlier=met.spent())
    before = image(world, again.pack_id)

    with pytest.raises(Moved):
        entitlements.assign(world.stamped(), again, met=met)

    assert image(world, again.pack_id) == before


def test_an_entitlement_is_assigned_for_the_first_time_once(world: World) -> None:
    first = assigned(world)
    again = of_pack(world.grant(SKU, 1))
    before = image(world, again.pack_id)

    with pytest.raises(Moved):
        entitlements.assign(world.stamped(), again, met=None)

    assert image(world, again.pack_id) == before
    assert entitlements.read(world.table, NORTHWIND, USER, SKU) == first


# --- withdrawn --------------------------------------------------------------------------------------------------------


def test_an_unused_entitlement_is_withdrawn_in_its_last_second(world: World) -> None:
    met = assigned(world, until=SECOND_LATER)

    entitlements.withdraw(world.stamped(), met)

    item, pack = image(world, met.pack_id)
    assert item is not None
    assert pack is not None
    assert (item["state"], pack["available"], pack["assigned"]) == ("withdrawn", 2, 0)


@pytest.mark.parametrize(
    "damage",
    [
        {"state": EntitlementState.WITHDRAWN},
        {"pack_id": OTHER_PACK},
        {"used_at": NOW},
        {"until": NOW},
    ],
    ids=str,
)
def test_an_entitlement_is_withdrawn_only_as_it_was_met_unused_and_before_its_end(
    world: World, damage: dict[str, Any]
) -> None:
    met = assigned(world, **{"until": SECOND_LATER, **damage})
    before = image(world, met.pack_id)

    with pytest.raises(Moved):
        entitlements.withdraw(world.stamped(), met)

    assert image(world, met.pack_id) == before


# --- used -------------------------------------------------------------------------------------------------------------


def use(world: World, met: Entitlement) -> None:
    table = world.stamped()
    table.write(entitlements.used(table, met))


def test_the_first_run_makes_an_entitlement_final_in_its_last_second(world: World) -> None:
    met = assigned(world, until=SECOND_LATER)

    use(world, met)

    assert item_of(world)["used_at"] == NOW


def test_a_later_first_use_leaves_the_instant_of_the_first(world: World) -> None:
    """Two starts at once may both have met it unused."""
    met = assigned(world)
    use(world, met)
    world.clock.advance(minutes=1)

    use(world, met)

    assert item_of(world)["used_at"] == NOW


@pytest.mark.parametrize(
    "damage",
    [{"state": EntitlementState.WITHDRAWN}, {"pack_id": OTHER_PACK}, {"until": NOW}],
    ids=str,
)
def test_an_entitlement_is_used_only_as_it_was_met_and_before_its_end(world: World, damage: dict[str, Any]) -> None:
    met = assigned(world, **{"until": SECOND_LATER, **damage})
    before = item_of(world)

    with pytest.raises(WriteRefused):
        use(world, met)

    assert item_of(world) == before


def test_no_write_makes_an_entitlement_that_is_gone(world: World) -> None:
    met = assigned(world)
    erase(world, item_of(world))

    with pytest.raises(WriteRefused):
        use(world, met)
    with pytest.raises(Moved):
        entitlements.withdraw(world.stamped(), met)
    with pytest.raises(Moved):
        entitlements.assign(world.stamped(), replace(met, assigned_at=START + timedelta(days=1)), met=met)

    assert world.item(KEY) is None

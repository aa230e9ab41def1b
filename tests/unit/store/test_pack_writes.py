"""The conditions of the writes on packs, each operand damaged alone: the write is refused, and nothing changes."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest

from packhouse.catalog import catalog
from packhouse.domain.packs import Pack, PackState
from packhouse.store import keys, packs
from packhouse.store.patience import WriteRefused
from packhouse.store.table import StampedTable, Write
from packhouse.store.wire import Item
from tests.harness.damage import erase, overwrite
from tests.harness.world import NORTHWIND, START, World

QUANTITY = 3
LATER = START + timedelta(days=1)
SECOND = timedelta(seconds=1)
COUNTERS = ("available", "assigned", "expired", "revoked")
NOT_ACTIVE = [state for state in PackState if state is not PackState.ACTIVE]

type Written = Callable[[StampedTable, Pack], Write]


def item_of(world: World, pack: Pack) -> Item:
    item = world.item(keys.pack(NORTHWIND, pack.pack_id))
    assert item is not None
    return item


def granted(world: World, **attributes: Any) -> Pack:
    """A pack of three licenses, with these attributes set by hand."""
    pack = world.grant("mailbox-migration", QUANTITY)
    overwrite(world, item_of(world, pack), **attributes)
    world.sound = False
    return pack


def counters(world: World, pack: Pack) -> dict[str, int]:
    return {name: item_of(world, pack)[name] for name in COUNTERS if item_of(world, pack)[name]}


def written(world: World, write: Written, pack: Pack) -> bool:
    """Whether the write is taken, when it comes with another one."""
    table = world.stamped()
    beside = table.update(keys.workgroup(NORTHWIND), sets={"note": "x"}, only_if="attribute_exists(PK)")
    before = item_of(world, pack)
    try:
        table.write(write(table, pack), beside)
    except WriteRefused:
        assert item_of(world, pack) == before
        return False
    return True


def taken(table: StampedTable, pack: Pack) -> Write:
    return packs.taken(table, NORTHWIND, pack.pack_id, QUANTITY, now=table.stamp.at)


def assigned(table: StampedTable, pack: Pack) -> Write:
    return packs.assigned(table, NORTHWIND, pack.pack_id, now=table.stamp.at)


def unassigned(table: StampedTable, pack: Pack) -> Write:
    return packs.unassigned(table, NORTHWIND, pack.pack_id)


def restored(table: StampedTable, pack: Pack) -> Write:
    return packs.restored(table, NORTHWIND, pack.pack_id, QUANTITY)


def restored_to_revoked(table: StampedTable, pack: Pack) -> Write:
    return packs.restored(table, NORTHWIND, pack.pack_id, QUANTITY, to_revoked=True)


@pytest.mark.parametrize(("write", "needed", "after"), [(taken, QUANTITY, {}), (assigned, 1, {"assigned": 1})])
def test_the_last_licenses_of_an_active_pack_are_taken_in_its_last_second(
    world: World, write: Written, needed: int, after: dict[str, int]
) -> None:
    pack = granted(world, available=needed, expires_at="2026-11-24T03:00:01Z")

    assert written(world, write, pack)

    assert counters(world, pack) == after


@pytest.mark.parametrize(("write", "needed"), [(taken, QUANTITY), (assigned, 1)])
def test_a_pack_is_taken_from_only_if_it_is_active_and_goes_on_and_has_enough(
    world: World, write: Written, needed: int
) -> None:
    fitting = {"available": needed, "expires_at": "2026-11-24T03:00:01Z", "state": PackState.ACTIVE}
    ended: dict[str, Any] = {"expires_at": "2026-11-24T03:00:00Z"}

    for damage in ({"available": needed - 1}, ended, *of_states(NOT_ACTIVE)):
        assert not written(world, write, granted(world, **{**fitting, **damage})), damage


def of_states(states: Iterable[PackState]) -> list[dict[str, Any]]:
    return [{"state": state} for state in states]


NOT_REVOKED = [state for state in PackState if state is not PackState.REVOKED]


def test_an_assigned_license_goes_back_to_a_pack_that_is_not_revoked(world: World) -> None:
    for state in NOT_REVOKED:
        pack = granted(world, available=0, assigned=1, state=state)

        assert written(world, unassigned, pack), state

        assert counters(world, pack) == {"available": 1}


def test_an_assigned_license_goes_back_only_if_one_is_assigned_and_the_pack_is_not_revoked(world: World) -> None:
    for damage in ({"assigned": 0}, {"state": PackState.REVOKED}):
        pack = granted(world, **{"available": 0, "assigned": 1, **damage})

        assert not written(world, unassigned, pack), damage


def test_licenses_go_back_to_the_counter_of_their_packs_state_and_to_no_other(world: World) -> None:
    fitting = [(state, restored, restored_to_revoked, "available") for state in NOT_REVOKED]

    for state, right, wrong, counter in (*fitting, (PackState.REVOKED, restored_to_revoked, restored, "revoked")):
        pack = granted(world, available=0, state=state)
        assert not written(world, wrong, pack), state
        assert written(world, right, pack), state
        assert counters(world, pack) == {counter: QUANTITY}


@pytest.mark.parametrize("write", [restored, restored_to_revoked])
def test_licenses_go_back_to_no_pack_that_is_gone(world: World, write: Written) -> None:
    pack = granted(world)
    erase(world, item_of(world, pack))
    table = world.stamped()

    with pytest.raises(WriteRefused):
        table.write(write(table, pack))

    assert world.item(keys.pack(NORTHWIND, pack.pack_id)) is None


@pytest.mark.parametrize(("before_the_end", "counter"), [(SECOND, "available"), (timedelta(), "expired")])
def test_licenses_of_a_pack_that_has_ended_go_back_as_expired(
    world: World, before_the_end: timedelta, counter: str
) -> None:
    pack = granted(world, available=0)
    world.clock.now = pack.expires_at - before_the_end

    assert written(world, restored, pack)

    assert counters(world, pack) == {counter: QUANTITY}


def test_a_pack_is_granted_once(world: World) -> None:
    pack = granted(world, available=1)
    table = world.stamped()

    with pytest.raises(WriteRefused):
        table.write(packs.granted(table, pack, reminder_days=30))

    assert counters(world, pack) == {"available": 1}


def remind(world: World, met: Item) -> None:
    packs.remind(world.stamped(), met, days=7, until=LATER)


FIT_TO_REMIND = {"state": PackState.ACTIVE, "available": 1}


def test_a_reminder_is_remembered_after_none_or_a_less_urgent_one(world: World) -> None:
    for reminded in (None, 30, 8):
        pack = granted(world, **FIT_TO_REMIND, reminded_days=reminded)

        remind(world, item_of(world, pack))

        item = item_of(world, pack)
        assert (item["reminded_days"], item["due_at"]) == (7, "2026-11-25T03:00:00Z"), reminded


def unchanged_by(world: World, step: Callable[[World, Item], None], damage: dict[str, Any], **fitting: Any) -> bool:
    """Whether a step leaves a pack as it is that was damaged after it was met."""
    pack = granted(world, **fitting)
    met = item_of(world, pack)
    overwrite(world, met, **damage)
    before = item_of(world, pack)
    step(world, met)
    return item_of(world, pack) == before


def test_a_reminder_is_remembered_only_of_a_pack_as_it_was_met_that_can_be_used(world: World) -> None:
    moved: dict[str, Any] = {"due_at": "2026-11-24T02:59:59Z"}

    for damage in (moved, {"available": 0}, {"reminded_days": 7}, {"reminded_days": 1}, *of_states(NOT_ACTIVE)):
        assert unchanged_by(world, remind, damage, **FIT_TO_REMIND), damage


def expire(world: World, met: Item) -> None:
    packs.expire(world.stamped(), met, look_again=None)


@pytest.mark.parametrize("state", [PackState.ACTIVE, PackState.FROZEN])
def test_what_is_left_expires_from_the_instant_its_pack_ends(world: World, state: PackState) -> None:
    pack = granted(world, state=state, expires_at="2026-11-24T03:00:00Z")

    expire(world, item_of(world, pack))

    assert counters(world, pack) == {"expired": QUANTITY}
    assert "due" not in item_of(world, pack)


def test_what_is_left_expires_only_in_a_pack_as_it_was_met_that_has_ended_and_is_not_refunded(world: World) -> None:
    moved, going_on = {"due_at": "2026-11-24T02:59:59Z"}, {"expires_at": "2026-11-24T03:00:01Z"}
    over = {"state": PackState.ACTIVE, "expires_at": "2026-11-24T03:00:00Z"}

    for damage in (moved, going_on, *of_states(state for state in NOT_ACTIVE if state is not PackState.FROZEN)):
        assert unchanged_by(world, expire, damage, **over), damage


def test_the_stock_is_what_is_left_in_active_packs(world: World) -> None:
    for damage in ({"available": 0}, *of_states(NOT_ACTIVE)):
        granted(world, **damage)
    usable = granted(world, available=1, state=PackState.ACTIVE)

    stock = packs.stock(world.table, NORTHWIND, catalog().of(usable.sku), now=START)

    assert stock == {usable.pack_id: 1}


@pytest.mark.parametrize(("before_the_end", "left"), [(SECOND, QUANTITY), (timedelta(), 0)])
def test_a_pack_that_has_ended_is_no_stock(world: World, before_the_end: timedelta, left: int) -> None:
    pack = granted(world)

    stock = packs.stock(world.table, NORTHWIND, catalog().of(pack.sku), now=pack.expires_at - before_the_end)

    assert sum(stock.values()) == left

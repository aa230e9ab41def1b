"""The tests' own ground: each world begins like any other, moto undoes what it refuses, and groups stay together."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from packhouse.domain.packs import Pack
from packhouse.store import keys, marks
from packhouse.store.patience import WriteRefused
from packhouse.store.table import minus
from tests.harness.beginning import on_moto, prepare
from tests.harness.memory import forget
from tests.harness.processes import SHARING, group_of
from tests.harness.template import ROOT
from tests.harness.world import NORTHWIND, START, Clock, World


@contextmanager
def another(clock: Clock) -> Iterator[World]:
    forget()
    with on_moto(clock) as world:
        yield world
    forget()


def taken(world: World, pack: Pack, only_if: str = "attribute_exists(PK)") -> None:
    """A license of the pack, and whatever else is to be so."""
    table = world.stamped()
    table.write(
        table.update(
            keys.pack(NORTHWIND, pack.pack_id), sets={"available": minus(1)}, only_if="available > :one", one=1
        ),
        table.update(keys.workgroup(NORTHWIND), sets={"reason": "a test's"}, only_if=only_if),
    )
    world.sound = False


def granted(world: World) -> Pack:
    world.clock.advance(days=1)
    return world.grant("mailbox-migration", 7)


def test_a_transaction_that_is_refused_leaves_no_trace(world: World) -> None:
    pack = granted(world)
    items, records = world.items(), world.records()

    with pytest.raises(WriteRefused):
        taken(world, pack, only_if="attribute_not_exists(PK)")

    assert (world.items(), world.records()) == (items, records)
    taken(world, pack)
    assert world.items() != items
    assert len(world.records()) == len(records) + 2


def test_an_update_that_creates_an_item_is_told_once(world: World) -> None:
    before = len(world.records())

    marks.move(world.stamped(), START)
    marks.move(world.stamped(), START)

    created, moved = (record["dynamodb"] for record in world.records()[before:])
    assert "OldImage" not in created
    assert created["NewImage"] == moved["OldImage"]
    assert int(moved["SequenceNumber"]) == int(created["SequenceNumber"]) + 1


@pytest.mark.usefixtures("environment")
def test_what_happens_in_one_world_is_in_no_other(clock: Clock) -> None:
    with another(clock) as first:
        items, entries, records = first.items(), first.entries(), first.records()
        taken(first, granted(first))
        first.pump()

    with another(clock) as second:
        assert clock.now == START
        assert (second.items(), second.entries(), second.records()) == (items, entries, records)


@pytest.mark.usefixtures("environment")
def test_what_was_prepared_is_as_it_was_left_and_goes_on_like_it(clock: Clock) -> None:
    ends = []
    for _ in range(2):
        with another(clock) as world:
            pack = prepare(world, granted)
            taken(world, pack)
            world.project()
            world.pump()
            ends.append((clock.now, world.items(), sorted((entry.sequence, entry.item) for entry in world.entries())))

    assert ends[0] == ends[1]
    assert ends[0][0] == START + timedelta(days=1)


@pytest.mark.parametrize("beginning", SHARING)
def test_what_shares_a_process_is_where_its_group_says(beginning: str) -> None:
    path, _, name = beginning.partition("::")

    assert (ROOT / path).exists()
    assert not name or f"def {name}(" in (ROOT / path).read_text()


def test_whoever_asks_for_the_shared_stack_is_in_its_group(request: pytest.FixtureRequest) -> None:
    asking = [item for item in request.session.items if "local_stack" in getattr(item, "fixturenames", ())]

    assert {group_of(item.nodeid) for item in asking} <= {"stack"}

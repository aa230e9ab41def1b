"""Balances that fall below their threshold, out of the stream."""

from packhouse.domain.packs import PackState
from packhouse.store import keys
from packhouse.store.workgroups import read
from tests.events.watch.stream import SKU, mailed, threshold
from tests.harness.post import Post
from tests.harness.world import NORTHWIND, World


def test_it_is_armed_again_once_there_is_enough(world: World, post: Post) -> None:
    world.grant(SKU, 2)
    project = world.project()
    threshold(world, 2)
    (run,) = world.started(project)
    assert len(mailed(world, post)) == 1
    world.settle(project, run, "failed")
    assert len(mailed(world, post)) == 1
    assert read(world.table, NORTHWIND).low_types == {}

    world.started(project)

    assert len(mailed(world, post)) == 2
    kinds = [entry.kind for entry in sorted(world.entries(), key=lambda one: int(one.sequence))]
    of_workgroup = [kind for kind in kinds if kind.startswith("workgroup.")]
    assert of_workgroup[-4:] == [
        "workgroup.changed",
        "workgroup.low-balance",
        "workgroup.changed",
        "workgroup.low-balance",
    ]


def test_who_is_named_for_it_is_written_to_and_nobody_twice(world: World, post: Post) -> None:
    world.grant(SKU, 1)
    addresses = ["ops@northwind.example", "boss@northwind.example", "OPS@northwind.example"]
    threshold(world, 2, notify=addresses)

    sent = mailed(world, post)

    assert sorted(mail.to.lower() for mail in sent) == ["boss@northwind.example", "ops@northwind.example"]


def test_licenses_that_expire_or_are_frozen_lower_the_balance(world: World, post: Post) -> None:
    packs = [world.grant(SKU, 2), world.grant(SKU, 2)]
    threshold(world, 4)
    assert mailed(world, post) == []
    world.edit(keys.pack(NORTHWIND, packs[0].pack_id), state=PackState.FROZEN)

    (mail,) = mailed(world, post)

    assert "2 licenses available" in mail.text


def test_a_threshold_that_is_lowered_arms_it_again_and_one_that_is_raised_tells_at_once(
    world: World, post: Post
) -> None:
    world.grant(SKU, 5)
    threshold(world, 10)
    assert len(mailed(world, post)) == 1
    threshold(world, 3)
    assert len(mailed(world, post)) == 1
    assert read(world.table, NORTHWIND).low_types == {}

    world.started(world.project(), 3)

    assert len(mailed(world, post)) == 2


def test_without_thresholds_nothing_is_weighed(world: World, post: Post) -> None:
    world.grant(SKU, 1)
    world.started(world.project())

    assert mailed(world, post) == []
    assert "low_types" not in (world.item(keys.workgroup(NORTHWIND)) or {})

"""The checker finds damage: each kind planted alone, and found under its own name."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from packhouse import invariants
from packhouse.domain import instants
from packhouse.domain.journal import Change, Entry
from packhouse.store import keys
from packhouse.store.table import Item
from tests.harness.world import NORTHWIND, World

type Damage = Callable[[dict[str, Item], list[Entry]], None]


def of(items: dict[str, Item], prefix: str, **attributes: object) -> Item:
    """The first item of a kind that has these attributes."""
    return next(
        item
        for item in items.values()
        if item["SK"].startswith(prefix) and all(item.get(name) == value for name, value in attributes.items())
    )


def by_hand(world: World, key: dict[str, str], counters: dict[str, int]) -> None:
    world.raw.update_item(
        TableName=world.table.name,
        Key={name: {"S": value} for name, value in key.items()},
        UpdateExpression=f"SET {', '.join(f'{name} = :{name}' for name in counters)}",
        ExpressionAttributeValues={f":{name}": {"N": str(value)} for name, value in counters.items()},
    )


def oversold(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "PACK#")["available"] = -1


def license_lost(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "PACK#")["available"] -= 1


def license_doubled(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "PACK#")["available"] += 1


def assigned_to_nobody(items: dict[str, Item], _: list[Entry]) -> None:
    pack = of(items, "PACK#")
    pack["available"] -= 1
    pack["assigned"] += 1


def run_of_a_stranger(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "RUN#")["PK"] = "WG#wg_other#PRJ#prj_other"


def consumed_without_success(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "RUN#", state="consumed")["outcome"] = "failed"


def used_more_than_held(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "RUN#", state="consumed")["licenses_used"] = 7


def ended_and_still_queued(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "RUN#", state="released").update(due="RUN#0", due_at="2026-11-24T03:00:00Z")


def ended_twice(_: dict[str, Item], entries: list[Entry]) -> None:
    ending = next(entry for entry in entries if entry.kind == "run.consumed")
    entries.append(replace(ending, entry_id="twice", sequence=str(10**30)))


def settled_again(_: dict[str, Item], entries: list[Entry]) -> None:
    ending = next(entry for entry in entries if entry.kind == "run.consumed")
    changes = [Change(field="licenses_used", before=1, after=1)]
    entries.append(replace(ending, kind="run.changed", changes=changes, entry_id="again", sequence=str(10**30)))


def oversold_for_a_moment(_: dict[str, Item], entries: list[Entry]) -> None:
    start = next(entry for entry in entries if [change.after for change in entry.changes] == [0])
    low = [Change(field="available", before=2, after=-3)]
    back = [Change(field="available", before=-3, after=0)]
    place = entries.index(start)
    entries[place] = replace(start, changes=low)
    entries.append(replace(start, changes=back, entry_id="back", sequence=start.sequence))


def unreadable_state(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "PACK#")["state"] = "melted"


def unreadable_number(items: dict[str, Item], _: list[Entry]) -> None:
    del of(items, "RUN#")["allocation"]


def item_erased_unseen(items: dict[str, Item], _: list[Entry]) -> None:
    items.pop(next(name for name, item in items.items() if item.get("state") == "released"))


def granted_for_nothing(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "PACK#")["source"] = {"kind": "card"}


def entry_missing(_: dict[str, Item], entries: list[Entry]) -> None:
    entries.remove(next(entry for entry in entries if entry.kind == "pack.changed"))


def changed_unseen(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "PROJECT#")["name"] = "Another"


def taken_from_the_later_pack(_: dict[str, Item], entries: list[Entry]) -> None:
    start = next(entry for entry in entries if [change.after for change in entry.changes] == [0])
    later = max(entry.item for entry in entries if entry.kind == "pack.granted")
    entries[entries.index(start)] = replace(start, item=later)


DAMAGES: list[tuple[Damage, str]] = [
    (oversold, "conservation"),
    (license_lost, "conservation"),
    (license_doubled, "conservation"),
    (assigned_to_nobody, "conservation"),
    (run_of_a_stranger, "isolation"),
    (consumed_without_success, "success-iff-consumed"),
    (used_more_than_held, "success-iff-consumed"),
    (ended_and_still_queued, "settle-once"),
    (ended_twice, "settle-once"),
    (settled_again, "settle-once"),
    (oversold_for_a_moment, "conservation"),
    (unreadable_state, "readable"),
    (unreadable_number, "readable"),
    (item_erased_unseen, "journal-complete"),
    (granted_for_nothing, "paid-iff-granted"),
    (entry_missing, "journal-complete"),
    (changed_unseen, "journal-complete"),
    (taken_from_the_later_pack, "burn-down"),
]


@pytest.fixture
def content(world: World) -> tuple[dict[str, Item], list[Entry]]:
    world.grant("mailbox-migration", 2)
    world.clock.advance(days=1)
    world.grant("mailbox-migration", 5)
    project = world.project()
    done, failed, _ = world.started(project, 3)
    world.settle(project, done)
    world.settle(project, failed, "failed")
    world.pump()
    return {f"{item['PK']}|{item['SK']}": item for item in world.items()}, world.entries()


def test_sound_content_has_no_violation(content: tuple[dict[str, Item], list[Entry]]) -> None:
    items, entries = content

    assert invariants.violations(items.values(), entries) == []
    assert invariants.violations(items.values(), entries[::-1]) == []


@pytest.mark.parametrize(("damage", "invariant"), DAMAGES, ids=lambda value: getattr(value, "__name__", value))
def test_planted_damage_is_found_under_its_name(
    content: tuple[dict[str, Item], list[Entry]], damage: Damage, invariant: str
) -> None:
    items, entries = deepcopy(content)
    damage(items, entries)

    found: set[Any] = {violation.invariant for violation in invariants.violations(items.values(), entries)}

    assert invariant in found


def test_two_corrections_by_hand_are_two_requests_to_burn_down(world: World) -> None:
    sooner = keys.pack(NORTHWIND, world.grant("mailbox-migration", 6).pack_id)
    world.clock.advance(days=1)
    world.grant("mailbox-migration", 5)
    project = world.project()
    for correction in ({"available": 4, "revoked": 1}, {"available": 0, "revoked": 4}):
        world.clock.advance(minutes=1)
        world.started(project, 1)  # from the sooner, as long as it has some
        by_hand(world, sooner, correction)
    world.clock.advance(minutes=1)
    world.started(project, 1)  # from the later, as it must be
    world.pump()

    assert invariants.violations(world.items(), world.entries()) == []


def test_what_is_late_is_excused_only_if_it_bears_a_stamp_the_journal_has_not_told(
    content: tuple[dict[str, Item], list[Entry]],
) -> None:
    items, entries = content
    ending = next(entry for entry in entries if entry.kind == "run.consumed")
    entries.remove(ending)

    def found(**late: Any) -> set[tuple[str, str]]:  # noqa: ANN401  # as violations
        return {(one.invariant, one.item) for one in invariants.violations(items.values(), entries, **late)}

    missing = {("journal-complete", ending.item), ("settle-once", ending.item)}
    assert found() == missing
    assert found(late_since=instants.parse(ending.at)) == missing
    assert found(late_since=instants.parse(ending.at) - timedelta(seconds=1)) == set()


def test_every_invariant_has_a_damage_that_it_finds() -> None:
    assert {invariant for _, invariant in DAMAGES} == {*invariants.CHECKS, "readable"}

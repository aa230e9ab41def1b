"""The checker finds damage: each kind planted alone, and found under its own name."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from packhouse.domain import instants
from packhouse.domain.journal import Change, Entry
from packhouse.operations.invariants import checks
from packhouse.store import keys
from packhouse.store.wire import Item
from tests.harness.beginning import prepare
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


def retired_over_a_hold(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "PROJECT#").update(state="retired", ended_at="2026-11-25T03:00:00Z")


def retired_without_success(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "PROJECT#").update(state="retired", ended_at="2027-11-25T03:00:00Z")
    for run in items.values():
        if run.get("outcome") == "succeeded":
            run["outcome"] = "failed"


def closed_after_a_success(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "PROJECT#").update(state="closed", ended_at="2027-11-25T03:00:00Z")


def entitlement_erased(items: dict[str, Item], _: list[Entry]) -> None:
    items.pop(next(name for name, item in items.items() if item["SK"].startswith("ENT#")))


def assigned_once_more(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "ENT#ada#")["earlier"] = [of(items, "ENT#ada#")["pack_id"]]


def withdrawn_and_not_given_back(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "ENT#amy#")["state"] = "withdrawn"


def entitlement_on_a_strangers_pack(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "ENT#amy#")["PK"] = "WG#wg_other"


def covered_for_another_user(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "RUN#", state="covered")["user"] = "max"


def covered_before_it_was_assigned(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "RUN#", state="covered")["started_at"] = "2026-11-24T04:00:00Z"


def covered_after_the_end(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "RUN#", state="covered")["started_at"] = "2036-11-24T04:00:00Z"


def withdrawn_after_it_covered(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "ENT#ada#")["state"] = "withdrawn"


def used_and_not_marked(items: dict[str, Item], _: list[Entry]) -> None:
    del of(items, "ENT#ada#")["used_at"]


def marked_and_not_used(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "ENT#amy#")["used_at"] = "2026-11-25T03:00:00Z"


def entitled_for_longer(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "ENT#amy#")["until"] = "2036-11-24T03:00:00Z"


def covered_and_holding(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "RUN#", state="covered")["allocation"] = {of(items, "PACK#")["SK"].removeprefix("PACK#"): 1}


def consumed_without_holding(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "RUN#", state="covered")["state"] = "consumed"


def covered_run_ended_twice(_: dict[str, Item], entries: list[Entry]) -> None:
    ending = next(entry for entry in entries if entry.kind == "run.settled")
    entries.append(replace(ending, entry_id="twice", sequence=str(10**30)))


def covered_run_ended_unseen(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "RUN#", state="covered", item_id="open")["settled_at"] = "2026-11-25T03:00:00Z"


def free_without_a_reason(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "RUN#", state="free")["pass"] = "full"


def retry_with_a_license(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "RUN#", state="held")["pass"] = "retry_errors"


def retry_of_what_failed(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "RUN#", state="covered", item_id="box")["outcome"] = "failed"


def retry_of_another_item(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "RUN#", state="free")["item_id"] = "another"


def retry_of_another_root(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "RUN#", state="free")["root_run_id"] = of(items, "RUN#", state="held")["SK"].removeprefix("RUN#")


def retry_not_counted(items: dict[str, Item], _: list[Entry]) -> None:
    of(items, "RUN#", state="covered", item_id="box")["retries"] = 0


def retry_left_other_errors(items: dict[str, Item], _: list[Entry]) -> None:
    free = of(items, "RUN#", state="free", error_count=1)["SK"].removeprefix("RUN#")
    of(items, f"ERRORS#{free}")["errors"] = ["mail-9"]


def unreadable_errors(items: dict[str, Item], _: list[Entry]) -> None:
    del of(items, "ERRORS#")["errors"]


def assigned_from_the_later_pack(_: dict[str, Item], entries: list[Entry]) -> None:
    assigned = next(entry for entry in entries if entry.kind == "entitlement.assigned" and entry.item.startswith("cyd"))
    place = next(
        number
        for number, entry in enumerate(entries)
        if entry.request_id == assigned.request_id and entry.kind == "pack.changed"
    )
    later = max(entry.item for entry in entries if entry.kind == "pack.granted" and "BN" in entry.item[:7])
    entries[place] = replace(entries[place], item=later)


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
    (retired_over_a_hold, "idle-end"),
    (retired_without_success, "idle-end"),
    (closed_after_a_success, "idle-end"),
    (oversold_for_a_moment, "conservation"),
    (unreadable_state, "readable"),
    (unreadable_number, "readable"),
    (item_erased_unseen, "journal-complete"),
    (granted_for_nothing, "paid-iff-granted"),
    (entry_missing, "journal-complete"),
    (changed_unseen, "journal-complete"),
    (taken_from_the_later_pack, "burn-down"),
    (assigned_from_the_later_pack, "burn-down"),
    (entitlement_erased, "conservation"),
    (assigned_once_more, "conservation"),
    (withdrawn_and_not_given_back, "conservation"),
    (entitlement_on_a_strangers_pack, "isolation"),
    (covered_for_another_user, "covered-iff-entitled"),
    (covered_before_it_was_assigned, "covered-iff-entitled"),
    (covered_after_the_end, "covered-iff-entitled"),
    (withdrawn_after_it_covered, "covered-iff-entitled"),
    (used_and_not_marked, "covered-iff-entitled"),
    (marked_and_not_used, "covered-iff-entitled"),
    (entitled_for_longer, "covered-iff-entitled"),
    (covered_and_holding, "success-iff-consumed"),
    (consumed_without_holding, "success-iff-consumed"),
    (covered_run_ended_twice, "settle-once"),
    (covered_run_ended_unseen, "settle-once"),
    (free_without_a_reason, "retry-is-free"),
    (retry_with_a_license, "retry-is-free"),
    (retry_of_what_failed, "retry-is-free"),
    (retry_of_another_item, "retry-is-free"),
    (retry_of_another_root, "retry-is-free"),
    (retry_not_counted, "retry-is-free"),
    (retry_left_other_errors, "retry-is-free"),
    (unreadable_errors, "readable"),
]


@pytest.fixture
def content(world: World) -> tuple[dict[str, Item], list[Entry]]:
    prepare(world, some_work)
    return {f"{item['PK']}|{item['SK']}": item for item in world.items()}, world.entries()


def some_work(world: World) -> None:
    world.grant("mailbox-migration", 2)
    world.clock.advance(days=1)
    world.grant("mailbox-migration", 5)
    project = world.project()
    done, failed, _ = world.started(project, 3)
    world.settle(project, done)
    world.settle(project, failed, "failed")
    covered_and_retried(world, project)
    world.pump()


def covered_and_retried(world: World, project: str) -> None:
    """Ada is entitled and has two covered runs, one retried twice; Amy is, and has none; Max was; Cyd took the last."""
    world.grant("user-migration-bundle", 4)
    for user in ("ada", "amy", "max"):
        world.entitlement("PUT", user)
    world.entitlement("DELETE", "max")
    world.clock.advance(minutes=2)
    world.grant("user-migration-bundle", 1)
    world.entitlement("PUT", "cyd")
    items = [{"item_id": "box", "user": "ada"}, {"item_id": "open", "user": "ada"}]
    root, _ = world.started(project, items=items)
    world.settle(project, root, errors=["mail-1", "mail-2"])
    again = [{"item_id": "box", "parent_run_id": root}]
    for _ in range(2):
        (run,) = world.started(project, items=again, run_pass="retry_errors")
        world.settle(project, run, errors=["mail-2"])


def test_more_retries_than_there_may_be_are_found(content: tuple[dict[str, Item], list[Entry]]) -> None:
    items, entries = content

    found = checks.violations(items.values(), entries, retries_max=1)

    assert [violation.invariant for violation in found] == ["retry-is-free"]


def test_sound_content_has_no_violation(content: tuple[dict[str, Item], list[Entry]]) -> None:
    items, entries = content

    assert checks.violations(items.values(), entries) == []
    assert checks.violations(items.values(), entries[::-1]) == []


@pytest.mark.parametrize(("damage", "invariant"), DAMAGES, ids=lambda value: getattr(value, "__name__", value))
def test_planted_damage_is_found_under_its_name(
    content: tuple[dict[str, Item], list[Entry]], damage: Damage, invariant: str
) -> None:
    items, entries = content
    damage(items, entries)

    found: set[Any] = {violation.invariant for violation in checks.violations(items.values(), entries)}

    assert invariant in found


def test_two_corrections_by_hand_are_two_requests_to_burn_down(world: World) -> None:
    world.sound = False
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

    assert checks.violations(world.items(), world.entries()) == []


def test_what_is_late_is_excused_only_if_it_bears_a_stamp_the_journal_has_not_told(
    content: tuple[dict[str, Item], list[Entry]],
) -> None:
    items, entries = content
    ending = next(entry for entry in entries if entry.kind == "run.consumed")
    entries.remove(ending)

    def found(**late: Any) -> set[tuple[str, str]]:
        return {(one.invariant, one.item) for one in checks.violations(items.values(), entries, **late)}

    missing = {("journal-complete", ending.item), ("settle-once", ending.item)}
    assert found() == missing
    assert found(late_since=instants.parse(ending.at)) == missing
    assert found(late_since=instants.parse(ending.at) - timedelta(seconds=1)) == set()


def test_every_invariant_has_a_damage_that_it_finds() -> None:
    assert {invariant for _, invariant in DAMAGES} == {*checks.CHECKS, "readable"}

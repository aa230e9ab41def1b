"""The auditor over live tables: damage that somebody did by hand is found at the second look, and told."""

from collections.abc import Callable
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer

from packhouse import auditing, invariants
from packhouse.store import audits, keys
from packhouse.store.table import Item, plain
from tests.harness.gateway import context, handler_of
from tests.harness.world import CONTOSO, NORTHWIND, World

type Damage = Callable[[World], None]


def audit(world: World) -> dict[str, int]:
    """One tick, an hour after the one before."""
    world.clock.advance(hours=1)
    counts: dict[str, int] = handler_of("AuditFunction")({"job": "audit"}, context())
    return counts


def findings(world: World) -> list[Item]:
    return [item for item in world.items() if keys.kind(item) == "FINDING"]


def one(world: World, kind: str, **attributes: object) -> Item:
    """An item of a kind that has these attributes."""
    return next(
        item
        for item in world.items()
        if keys.kind(item) == kind and all(item.get(name) == value for name, value in attributes.items())
    )


def told(world: World, kind: str) -> Item:
    """An entry of a kind, as the journal's table holds it."""
    items = world.raw.scan(TableName=world.journal.name)["Items"]
    return next(item for item in map(plain, items) if item["kind"] == kind)


def overwrite(world: World, item: Item, *, table: str | None = None, **attributes: Any) -> None:  # noqa: ANN401  # as an item has
    """By hand, past every condition."""
    whole = {**item, **attributes}
    wire = {name: TypeSerializer().serialize(value) for name, value in whole.items() if value is not None}
    world.raw.put_item(TableName=table or world.table.name, Item=wire)


def erase(world: World, item: Item, *, table: str | None = None) -> None:
    key = {name: {"S": item[name]} for name in ("PK", "SK")}
    world.raw.delete_item(TableName=table or world.table.name, Key=key)


def license_doubled(world: World) -> None:
    pack = one(world, "PACK", available=0)
    overwrite(world, pack, available=1)


def oversold(world: World) -> None:
    overwrite(world, one(world, "PACK", available=0), available=-1)


def run_erased(world: World) -> None:
    erase(world, one(world, "RUN", state="consumed"))


def run_on_a_strangers_pack(world: World) -> None:
    pack = world.grant("mailbox-migration", 1, wg=CONTOSO)
    overwrite(world, one(world, "RUN", state="held"), allocation={pack.pack_id: 1})


def consumed_without_success(world: World) -> None:
    overwrite(world, one(world, "RUN", state="consumed"), outcome="failed")


def held_again(world: World) -> None:
    overwrite(world, one(world, "RUN", state="released"), state="held")


def out_of_its_queue(world: World) -> None:
    overwrite(world, one(world, "RUN", state="held"), due=None, due_at=None)


def unreadable(world: World) -> None:
    overwrite(world, one(world, "PACK", available=0), state="melted")


def granted_for_nothing(world: World) -> None:
    overwrite(world, one(world, "PACK", available=0), source={"kind": "card"})


def entry_erased(world: World) -> None:
    erase(world, told(world, "run.consumed"), table=world.journal.name)


def entry_changed(world: World) -> None:
    entry = told(world, "run.consumed")
    changes = [{**change, "after": 7} if change["field"] == "licenses_used" else change for change in entry["changes"]]
    overwrite(world, entry, table=world.journal.name, changes=changes)


def later_pack_first(world: World) -> None:
    entries = sorted(
        map(plain, world.raw.scan(TableName=world.journal.name)["Items"]), key=lambda item: int(item["sequence"])
    )
    later = max(entry["item"] for entry in entries if entry["kind"] == "pack.granted")
    taken = next(entry for entry in entries if [change["after"] for change in entry["changes"]] == [0])
    overwrite(world, {**taken, "item": later}, table=world.journal.name)


def entitlement_erased(world: World) -> None:
    erase(world, one(world, "ENT", used_at=None))


def covered_run_of_nobody(world: World) -> None:
    overwrite(world, one(world, "RUN", state="covered"), user="max")


def retry_not_counted(world: World) -> None:
    overwrite(world, one(world, "RUN", state="covered"), retries=None)


DAMAGES: list[tuple[Damage, str]] = [
    (license_doubled, "conservation"),
    (oversold, "conservation"),
    (run_erased, "conservation"),
    (run_on_a_strangers_pack, "isolation"),
    (consumed_without_success, "success-iff-consumed"),
    (held_again, "settle-once"),
    (out_of_its_queue, "settle-once"),
    (unreadable, "readable"),
    (granted_for_nothing, "paid-iff-granted"),
    (entry_erased, "journal-complete"),
    (entry_changed, "journal-complete"),
    (later_pack_first, "burn-down"),
    (entitlement_erased, "conservation"),
    (covered_run_of_nobody, "covered-iff-entitled"),
    (retry_not_counted, "retry-is-free"),
]


@pytest.fixture
def busy(world: World) -> World:
    """Two packs, the sooner of them used up; a run that succeeded, one that failed, one that is held, one that an
    entitlement covered and its retry; another entitlement that covered none."""
    world.grant("mailbox-migration", 2)
    world.clock.advance(days=1)
    world.grant("mailbox-migration", 5)
    project = world.project()
    world.clock.advance(minutes=1)
    done, failed, _ = world.started(project, 3)
    world.settle(project, done)
    world.settle(project, failed, "failed")
    world.started(project, 1)
    world.grant("user-migration-bundle", 3)
    for user in ("amy", "ada"):
        world.entitlement("PUT", user)
    (covered,) = world.started(project, items=[{"item_id": "box", "user": "ada"}])
    world.settle(project, covered, errors=["mail-1"])
    world.started(project, items=[{"item_id": "box", "parent_run_id": covered}], run_pass="retry_errors")
    world.pump()
    return world


def test_what_is_sound_is_looked_at_and_nothing_is_said(busy: World) -> None:
    counts = [audit(busy), audit(busy)]

    assert counts == [{"workgroups": 2, "suspects": 0, "findings": 0}] * 2
    assert findings(busy) == []


@pytest.mark.parametrize(("damage", "invariant"), DAMAGES, ids=lambda value: getattr(value, "__name__", value))
def test_damage_is_found_at_the_second_look_and_told_under_its_name(
    busy: World, caplog: pytest.LogCaptureFixture, damage: Damage, invariant: str
) -> None:
    damage(busy)
    busy.sound = False

    first, second = audit(busy), audit(busy)

    assert (first["findings"], first["suspects"] > 0) == (0, True)
    assert second["findings"] == first["suspects"]
    assert invariant in {finding["invariant"] for finding in findings(busy)}
    assert auditing.VIOLATED in caplog.messages
    busy.pump()
    journaled = [entry for entry in busy.entries() if entry.kind == "finding.found"]
    assert {entry.actor for entry in journaled} == {"packhouse:audit"}
    assert len(journaled) == len(findings(busy))


def test_every_invariant_has_a_damage_that_the_auditor_finds() -> None:
    assert {invariant for _, invariant in DAMAGES} == {*invariants.CHECKS, "readable"}


def test_what_is_well_again_at_the_second_look_is_no_finding(busy: World) -> None:
    pack = one(busy, "PACK", available=0)
    overwrite(busy, pack, available=1)
    assert audit(busy)["suspects"] > 0
    overwrite(busy, pack)

    assert audit(busy) == {"workgroups": 2, "suspects": 0, "findings": 0}


def test_what_is_found_again_is_recorded_once(busy: World) -> None:
    license_doubled(busy)
    busy.pump()
    busy.sound = False

    for _ in range(4):
        audit(busy)
        busy.pump()

    assert len(findings(busy)) == 1


def test_a_round_goes_on_at_the_next_tick_where_its_time_was_over(busy: World) -> None:
    license_doubled(busy)  # Northwind's; Contoso comes first in the list
    busy.sound = False
    busy.pump()

    ticks = [auditing.tick(busy.stamped(), busy.journal, now=busy.clock.now, seconds=-1) for _ in range(4)]

    assert [tick.workgroups for tick in ticks] == [1, 1, 0, 1]
    assert [tick.suspects for tick in ticks] == [0, 1, 0, 0]
    assert [tick.findings for tick in ticks] == [0, 0, 1, 0]


def test_two_ticks_at_once_leave_one_progress(busy: World) -> None:
    stale = busy.stamped()
    audit(busy)
    before = busy.item(keys.audit())

    audits.move(stale, audits.Progress(), after=None, suspects={})

    assert busy.item(keys.audit()) == before


def test_a_finding_is_told_in_the_workgroups_own_journal_alone(busy: World) -> None:
    license_doubled(busy)
    busy.sound = False
    audit(busy)
    audit(busy)
    busy.pump()

    assert {entry.owner for entry in busy.entries() if entry.kind == "finding.found"} == {NORTHWIND}

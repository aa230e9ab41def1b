"""The auditor over live tables: damage that somebody did by hand is found at the second look, and told."""

import time
from typing import Any

import pytest

from packhouse.domain.ids import Prefix, named
from packhouse.domain.journal import WORKGROUP_ERASED
from packhouse.domain.workgroups import Workgroup
from packhouse.errors import TryAgain
from packhouse.operations import auditing
from packhouse.operations.invariants import checks
from packhouse.store import audits, keys, workgroups
from packhouse.store.wire import Item
from tests.harness import rights
from tests.harness.beginning import prepare
from tests.harness.damage import DAMAGES, NONSENSE, Damage, erase, license_doubled, one, overwrite
from tests.harness.gateway import context, handler_of
from tests.harness.template import functions
from tests.harness.world import CONTOSO, NORTHWIND, START, World


def audit(world: World) -> dict[str, int]:
    """One tick, an hour after the one before."""
    world.clock.advance(hours=1)
    counts: dict[str, int] = handler_of("AuditFunction")({"job": "audit"}, context())
    return counts


def findings(world: World) -> list[Item]:
    return [item for item in world.items() if keys.entity(item) == "FINDING"]


def new_workgroup(world: World, number: int) -> str:
    table, wg = world.stamped(), named(Prefix.WORKGROUP, "tests", str(number))
    table.write(workgroups.created(table, Workgroup(workgroup_id=wg, name=f"W{number:02}", created_at=START)))
    return wg


@pytest.fixture
def busy(world: World) -> World:
    prepare(world, some_work)
    return world


def some_work(world: World) -> None:
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
    assert {invariant for _, invariant in DAMAGES} == {*checks.CHECKS, "readable"}


@pytest.mark.parametrize("damage", NONSENSE, ids=lambda damage: damage.__name__)
def test_what_makes_no_sense_is_a_finding_and_no_end_of_the_round(busy: World, damage: Damage) -> None:
    damage(busy)
    busy.pump()
    busy.sound = False

    ticks = [audit(busy), audit(busy)]

    assert [tick["workgroups"] for tick in ticks] == [2, 2]
    assert "readable" in {finding["invariant"] for finding in findings(busy)}


def test_a_pack_that_is_caught_on_its_way_at_both_looks_is_no_finding(busy: World) -> None:
    project = busy.project()
    busy.pump()

    for _ in range(2):
        (run,) = busy.started(project)  # what the journal hasn't told yet, and each time in the same words
        audit(busy)
        busy.settle(project, run, "failed")
        busy.pump()

    assert findings(busy) == []


def test_a_start_between_the_looks_at_packs_and_at_runs_is_no_finding(busy: World) -> None:
    project, started = busy.project(), list[str]()
    runs = {"S": keys.kept_with_project(NORTHWIND, project).partition}

    def start(params: dict[str, Any], **_: object) -> None:
        if params["ExpressionAttributeValues"][":partition"] == runs and not started:
            started.append("under way")
            with rights.of(None):  # the test does it, and not the auditor
                started[:] = busy.started(project)
                busy.pump()

    busy.client.meta.events.register("provide-client-params.dynamodb.Query", start)
    suspects = []
    for _ in range(2):  # the second time while it is looked at again
        suspects.append(audit(busy)["suspects"])
        busy.settle(project, started.pop(), "failed")
        busy.pump()

    assert suspects[0] > 0
    assert findings(busy) == []


def test_a_journal_that_lags_for_hours_is_no_finding(busy: World) -> None:
    project = busy.project()
    done, _ = busy.started(project, 2)
    busy.settle(project, done)

    counts = [audit(busy) for _ in range(3)]

    assert counts == [{"workgroups": 2, "suspects": 0, "findings": 0}] * 3


def test_what_the_journal_lacks_after_a_day_is_a_finding(busy: World) -> None:
    busy.project()
    busy.clock.advance(days=1)

    counts = [audit(busy), audit(busy)]

    assert counts[1]["findings"] == 1


def test_what_is_well_again_at_the_second_look_is_no_finding(busy: World) -> None:
    pack = one(busy, "PACK", available=0)
    overwrite(busy, pack, available=1)
    assert audit(busy)["suspects"] > 0
    overwrite(busy, pack)
    busy.sound = False  # for what was done by hand, though it is well again

    assert audit(busy) == {"workgroups": 2, "suspects": 0, "findings": 0}


def test_what_is_found_again_is_recorded_once(busy: World) -> None:
    license_doubled(busy)
    busy.pump()
    busy.sound = False

    for _ in range(4):
        audit(busy)
        busy.pump()

    assert len(findings(busy)) == 1


def test_a_finding_of_which_the_journal_has_not_told_yet_is_no_other_finding(busy: World) -> None:
    license_doubled(busy)
    busy.pump()
    busy.sound = False

    counts = [audit(busy) for _ in range(4)]

    assert [count["findings"] for count in counts] == [0, 1, 0, 0]


def test_a_finding_calls_for_somebody_once_though_history_keeps_it(
    busy: World, caplog: pytest.LogCaptureFixture
) -> None:
    pack = one(busy, "PACK", available=0)
    overwrite(busy, pack, available=-1)
    busy.pump()
    overwrite(busy, pack)
    busy.pump()
    busy.sound = False

    counts = []
    for _ in range(4):
        counts.append(audit(busy))
        busy.pump()

    assert caplog.messages.count(auditing.VIOLATED) == len(findings(busy)) == 1
    assert counts[3] == {"workgroups": 2, "suspects": 0, "findings": 0}


def test_the_log_names_no_user_and_the_finding_does(busy: World, caplog: pytest.LogCaptureFixture) -> None:
    entitlement = one(busy, "ENT", user="ada")
    overwrite(busy, entitlement, until="2020-01-01T00:00:00Z")
    busy.sound = False

    audit(busy)
    audit(busy)

    told = [vars(record) for record in caplog.records if record.name == auditing.logger.name]
    assert keys.subject(entitlement) in {finding["subject"] for finding in findings(busy)}
    assert {line["item"] for line in told if line["invariant"] == "journal-complete"} == {"user-migration-bundle"}


def test_a_tick_that_comes_twice_is_no_second_look(busy: World) -> None:
    license_doubled(busy)
    busy.sound = False
    audit(busy)
    busy.clock.advance(minutes=1)

    again: dict[str, int] = handler_of("AuditFunction")({"job": "audit"}, context())

    assert (again["suspects"] > 0, again["findings"]) == (True, 0)
    assert audit(busy)["findings"] > 0


def test_one_workgroups_many_suspects_leave_room_for_anothers(busy: World, caplog: pytest.LogCaptureFixture) -> None:
    license_doubled(busy)
    for number in range(audits.SUSPECTS_PER_WORKGROUP_MAX + 1):
        overwrite(busy, {**keys.pack(CONTOSO, f"pack_{number}")})
    busy.sound = False

    audit(busy)

    suspects = audits.read(busy.table).suspects
    assert len(suspects[CONTOSO]) == audits.SUSPECTS_PER_WORKGROUP_MAX
    assert len(suspects[NORTHWIND]) > 0
    assert auditing.LEFT_OUT in caplog.messages


def test_suspects_that_fill_their_place_end_the_tick_and_not_the_round(world: World) -> None:
    places = audits.SUSPECTS_MAX // audits.SUSPECTS_PER_WORKGROUP_MAX
    for number in range(places + 1):
        wg = new_workgroup(world, number)
        for junk in range(audits.SUSPECTS_PER_WORKGROUP_MAX):
            overwrite(world, {**keys.pack(wg, f"pack_{junk}")})
    world.pump()
    world.sound = False

    first = audit(world)

    assert first["suspects"] == audits.SUSPECTS_MAX
    assert audits.read(world.table).after is not None


def test_a_workgroup_too_large_to_be_read_is_left_out_and_told(busy: World) -> None:
    items, entries = audits.content(busy.table, busy.journal, NORTHWIND, now=busy.clock.now)
    whole = len(items) + len(entries)

    for content_max in (whole - 1, len(items), len(items) - 1, 1):
        with pytest.raises(TryAgain):
            audits.content(busy.table, busy.journal, NORTHWIND, now=busy.clock.now, content_max=content_max)

    enough = audits.content(busy.table, busy.journal, NORTHWIND, now=busy.clock.now, content_max=whole)
    assert enough == (items, entries)


def test_a_tick_with_much_to_look_at_again_comes_to_its_end_in_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10):
        world.grant("mailbox-migration", 1, wg=new_workgroup(world, number))
        overwrite(world, one(world, "PACK", available=1), available=2)
    passed = [0.0]

    def slow(params: dict[str, Any], **_: object) -> None:
        """Each workgroup takes a hundred seconds."""
        passed[0] += 100 if str(params["ExpressionAttributeValues"][":partition"]["S"]).startswith("WG#") else 0

    world.client.meta.events.register("provide-client-params.dynamodb.Query", slow)
    monkeypatch.setattr(time, "monotonic", lambda: passed[0])
    world.sound = False
    took = []
    for _ in range(4):
        before = passed[0]
        audit(world)
        took.append(passed[0] - before)

    assert max(took) < functions()["AuditFunction"]["Timeout"]


def test_a_workgroup_that_is_erased_is_told_by_the_journal_since_no_round_meets_it(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    erase(world, dict(keys.workgroup(NORTHWIND)))
    world.sound = False

    world.pump()

    assert WORKGROUP_ERASED in caplog.messages


def test_a_round_goes_on_at_the_next_tick_where_its_time_was_over(busy: World) -> None:
    license_doubled(busy)  # Northwind's; Contoso comes first in the list
    busy.sound = False
    busy.pump()

    ticks = []
    for _ in range(4):
        busy.clock.advance(hours=1)
        ticks.append(auditing.tick(busy.stamped(), busy.journal, now=busy.clock.now, seconds=-1))

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

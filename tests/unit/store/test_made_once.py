"""What is made once, whatever is sent again: members, keys, workgroups, findings, parked payments, rounds."""

from collections.abc import Callable

import pytest

from packhouse.domain.access import ApiKey, Role
from packhouse.domain.violations import Violation
from packhouse.domain.workgroups import Workgroup
from packhouse.errors import NotFound
from packhouse.store import access, audits, keys, parking, workgroups
from packhouse.store.audits import Progress
from packhouse.store.patience import WriteRefused
from packhouse.store.table import StampedTable, Write
from packhouse.store.wire import Key
from tests.harness.world import NORTHWIND, START, WORKER_KEY, World

ABSENT = "wg_" + "0" * 32


def joined(table: StampedTable) -> Write:
    return access.joined(table, "ada", NORTHWIND, Role.ASSOCIATE, email="other@northwind.example", since=START)


def issued(table: StampedTable) -> Write:
    other = ApiKey(key_id=WORKER_KEY, name="other", secret_hash="0", workgroup_id=NORTHWIND, created_at=START)
    return access.key_issued(table, other)


def created(table: StampedTable) -> Write:
    return workgroups.created(table, Workgroup(workgroup_id=NORTHWIND, name="Other", created_at=START))


@pytest.mark.parametrize(
    ("write", "key"),
    [
        (joined, keys.member("ada", NORTHWIND)),
        (issued, keys.api_key(WORKER_KEY)),
        (created, keys.workgroup(NORTHWIND)),
    ],
)
def test_who_and_what_is_there_is_not_made_again(
    world: World, write: Callable[[StampedTable], Write], key: Key
) -> None:
    before = world.item(key)
    table = world.stamped()

    with pytest.raises(WriteRefused):
        table.write(write(table))

    assert world.item(key) == before


def test_a_change_makes_no_workgroup(world: World) -> None:
    with pytest.raises(NotFound):
        workgroups.change(world.stamped(), ABSENT, {"name": "Other"})

    assert world.item(keys.workgroup(ABSENT)) is None


def test_a_payment_is_parked_once_and_calls_somebody_the_first_time(world: World) -> None:
    assert parking.park(world.stamped(), "payments", "cs_1", "first")
    assert not parking.park(world.stamped(), "payments", "cs_1", "second")

    item = world.item(keys.parked("cs_1"))
    assert item is not None
    assert item["why"] == "first"


def test_a_finding_is_recorded_once_however_often_it_is_found(world: World) -> None:
    violation = Violation("conservation", "pack_1", "a counter is below zero")
    audits.record(world.stamped(), NORTHWIND, violation)
    before = world.items()

    audits.record(world.stamped(), NORTHWIND, violation)

    assert world.items() == before
    assert audits.is_recorded(world.table, NORTHWIND, violation)
    assert not audits.is_recorded(world.table, NORTHWIND, Violation("conservation", "pack_2", violation.detail))


def test_the_auditors_round_is_moved_on_only_from_where_it_was_met(world: World) -> None:
    place = {"PK": "WG#a", "SK": "WG"}
    audits.move(world.stamped(), Progress(), after=place, suspects={})

    for stale in (Progress(), Progress(ticks=7)):
        audits.move(world.stamped(), stale, after=None, suspects={})
    assert (audits.read(world.table).ticks, audits.read(world.table).after) == (1, place)
    audits.move(world.stamped(), audits.read(world.table), after=None, suspects={})

    assert (audits.read(world.table).ticks, audits.read(world.table).after) == (2, None)

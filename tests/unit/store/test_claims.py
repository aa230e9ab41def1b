"""Claims and places that only one of several may take: mails, queues, balances; each operand of a condition alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from packhouse.domain.workgroups import LowBalance, Workgroup
from packhouse.errors import TryAgain
from packhouse.store import keys, mails, queues, workgroups
from packhouse.store.patience import Moved
from packhouse.store.wire import Item
from tests.harness.damage import erase, overwrite
from tests.harness.world import NORTHWIND, START, World

EVENT, TO = "event-1", "ada@northwind.example"
NOW, SECOND_LATER = "2026-11-24T03:00:00Z", "2026-11-24T03:00:01Z"
LOW = {"mailbox-migration": LowBalance(available=1, threshold=2)}


# --- mails ------------------------------------------------------------------------------------------------------------


def mail_as(world: World, **attributes: Any) -> Item:
    """The claim of somebody else, with these attributes set by hand."""
    mails.claim(world.stamped(), EVENT, TO)
    overwrite(world, mail(world), **{"claim": "theirs", **attributes})
    world.sound = False
    return mail(world)


def mail(world: World) -> Item:
    item = world.item(keys.mail(EVENT, TO))
    assert item is not None
    return item


def test_a_mail_is_claimed_by_one_and_again_once_that_claim_is_over(world: World) -> None:
    before = mail_as(world, claimed_until=SECOND_LATER)
    with pytest.raises(TryAgain):
        mails.claim(world.stamped(), EVENT, TO)
    assert mail(world) == before

    overwrite(world, before, claimed_until=NOW)

    assert mails.claim(world.stamped(), EVENT, TO) == mail(world)["claim"] != "theirs"


def test_a_mail_that_was_sent_is_never_claimed_again(world: World) -> None:
    before = mail_as(world, state=mails.SENT, claimed_until=NOW)

    assert mails.claim(world.stamped(), EVENT, TO) is None

    assert mail(world) == before


@pytest.mark.parametrize(("claim", "state"), [("theirs", "sent"), ("ours", "claimed")])
def test_only_whose_claim_holds_marks_a_mail_as_sent(world: World, claim: str, state: str) -> None:
    mail_as(world)

    mails.remember_sent(world.stamped(), EVENT, TO, claim, message_id="message-1")

    assert mail(world)["state"] == state


# --- queues -----------------------------------------------------------------------------------------------------------


def due(world: World) -> Item:
    pack = world.grant("mailbox-migration", 1)
    item = world.item(keys.pack(NORTHWIND, pack.pack_id))
    assert item is not None
    return item


def moved(world: World, met: Item, **condition: Any) -> bool:
    return queues.move(world.stamped(), met, until=START + timedelta(days=1), **condition)


def test_an_item_is_moved_on_from_where_it_was_seen_and_if_its_own_condition_holds(world: World) -> None:
    met = due(world)

    assert not moved(world, {**met, "due_at": NOW})
    assert not moved(world, met, only_if="available > :many", many=1)
    assert world.item({"PK": met["PK"], "SK": met["SK"]}) == met
    assert moved(world, met, only_if="available > :many", many=0)

    item = world.item({"PK": met["PK"], "SK": met["SK"]})
    assert item is not None
    assert item["due_at"] == "2026-11-25T03:00:00Z"


def test_an_item_is_parked_only_from_where_it_was_seen(world: World) -> None:
    met = due(world)

    queues.park(world.stamped(), {**met, "due_at": NOW}, "PACK", tries=5)
    assert world.item({"PK": met["PK"], "SK": met["SK"]}) == met
    queues.park(world.stamped(), met, "PACK", tries=5)

    item = world.item({"PK": met["PK"], "SK": met["SK"]})
    assert item is not None
    assert (item["due"], item["parked_from"], item["tries"]) == ("PARKED#PACK", "PACK", 5)


@pytest.mark.parametrize("damage", [{"due": "PARKED#PACK"}, {"due_at": "2099-01-01T00:00:00Z"}, {"due": None}], ids=str)
def test_what_is_not_due_any_more_is_left_out_although_the_index_still_lists_it(
    world: World, damage: dict[str, Any]
) -> None:
    met = due(world)
    until = START + timedelta(days=400)
    overwrite(world, met, **damage)
    world.sound = False

    with lagging(world, met):
        assert queues.due(world.table, "PACK", until, limit=9, after=None).items == []


def test_what_is_still_due_is_found(world: World) -> None:
    met = due(world)

    with lagging(world, met):
        assert queues.due(world.table, "PACK", START + timedelta(days=400), limit=9, after=None).items == [met]


@contextmanager
def lagging(world: World, met: Item) -> Iterator[None]:
    """An index that lists this item, whatever has become of it."""
    listed = {"Items": [{name: {"S": met[name]} for name in ("PK", "SK", "due", "due_at")}], "ResponseMetadata": {}}

    def answer(**_: object) -> Any:
        return SimpleNamespace(status_code=200), listed

    events = world.client.meta.events
    events.register_first("before-call.dynamodb.Query", answer, unique_id="lagging")
    try:
        yield
    finally:
        events.unregister("before-call.dynamodb.Query", unique_id="lagging")


# --- balances ---------------------------------------------------------------------------------------------------------


def workgroup_as(world: World, **attributes: Any) -> Workgroup:
    item = world.item(keys.workgroup(NORTHWIND))
    assert item is not None
    overwrite(world, item, **attributes)
    world.sound = False
    return workgroups.read(world.table, NORTHWIND)


KNOWN = [{}, {"document-migration": {"available": 0, "threshold": 1}}]


@pytest.mark.parametrize("known", KNOWN, ids=["nothing known", "known"])
def test_low_types_are_remembered_of_a_workgroup_that_is_as_it_was_met(world: World, known: dict[str, Any]) -> None:
    met = workgroup_as(world, low_balance={"mailbox-migration": 2}, low_types=known or None)

    workgroups.remember_low(world.stamped(), met, LOW)

    assert workgroups.read(world.table, NORTHWIND).low_types == LOW


@pytest.mark.parametrize("known", KNOWN, ids=["nothing known", "known"])
@pytest.mark.parametrize(
    "damage",
    [
        {"low_balance": {"mailbox-migration": 3}},
        {"low_types": {"public-folder-migration": {"available": 0, "threshold": 1}}},
    ],
    ids=str,
)
def test_low_types_are_remembered_only_if_thresholds_and_what_was_known_are_as_they_were_met(
    world: World, known: dict[str, Any], damage: dict[str, Any]
) -> None:
    met = workgroup_as(world, low_balance={"mailbox-migration": 2}, low_types=known or None)
    now = workgroup_as(world, **damage)

    with pytest.raises(Moved):
        workgroups.remember_low(world.stamped(), met, LOW)

    assert workgroups.read(world.table, NORTHWIND) == now


def test_low_types_that_were_taken_back_are_as_if_nothing_was_known(world: World) -> None:
    met = workgroup_as(world, low_types=None)
    workgroup_as(world, low_types={})

    workgroups.remember_low(world.stamped(), met, LOW)

    assert workgroups.read(world.table, NORTHWIND) == replace(met, low_types=LOW)


def test_no_write_makes_a_workgroup_that_is_gone(world: World) -> None:
    met = workgroups.read(world.table, NORTHWIND)
    item = world.item(keys.workgroup(NORTHWIND))
    assert item is not None
    erase(world, item)
    world.sound = False

    with pytest.raises(Moved):
        workgroups.remember_low(world.stamped(), met, LOW)

    assert world.item(keys.workgroup(NORTHWIND)) is None

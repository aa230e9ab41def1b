"""Administrators are reminded of the end of packs, each time once."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from packhouse.domain import instants
from packhouse.domain.access import Role
from packhouse.domain.packs import Pack, PackState
from packhouse.notifications.mailer import MailRefused, mailer
from packhouse.store import access, workgroups
from tests.events.sweep.ticks import expiring_in, item_of, set_pack, sweep
from tests.harness.memory import forget
from tests.harness.post import Post
from tests.harness.world import NORTHWIND, START, World


@pytest.fixture
def post(world: World) -> Post:
    del world
    return Post()


def in_a_week(world: World, quantity: int) -> Pack:
    """A pack whose second reminder is due now."""
    pack = expiring_in(world, quantity, days=8)
    world.clock.advance(days=1)
    return pack


def written(world: World, post: Post) -> list[tuple[str, str]]:
    """Who has been written to about what, once the stream, the bus and the queue have come through."""
    world.pump()
    post.deliver(*post.waiting())
    return [(mail.to, mail.subject) for mail in post.outbox()]


def test_the_administrators_are_reminded_30_7_and_1_days_before_the_end_and_each_time_once(
    world: World, post: Post
) -> None:
    table = world.stamped()
    table.write(access.joined(table, "ann", NORTHWIND, Role.ADMINISTRATOR, email="ann@northwind.example", since=START))
    pack = expiring_in(world, 5, days=40)

    told: dict[int, list[str]] = {}
    for days_left in (31, 30, 29, 7, 6, 1):
        world.clock.now = pack.expires_at - timedelta(days=days_left)
        before = len(post.outbox())
        for _ in range(2):
            sweep(world)
        told[days_left] = [subject for _, subject in written(world, post)[before:]]

    about = "5 licenses of Mailbox migration expire within"
    assert {days: subjects for days, subjects in told.items() if subjects} == {
        30: [f"{about} 30 days"] * 2,
        7: [f"{about} 7 days"] * 2,
        1: [f"{about} a day"] * 2,
    }
    assert {mail.to for mail in post.outbox()} == {"ada@northwind.example", "ann@northwind.example"}


def test_a_reminder_says_what_is_left_and_until_when_in_the_workgroups_zone(world: World, post: Post) -> None:
    workgroups.change(world.stamped(), NORTHWIND, {"time_zone": "Pacific/Kiritimati"})
    pack = expiring_in(world, 5, days=8, hours=9)
    world.clock.advance(days=1, hours=9)
    world.started(world.project(), 3)

    sweep(world)

    written(world, post)
    (mail,) = post.outbox()
    assert mail.subject == "2 licenses of Mailbox migration expire within 7 days"
    assert "can be used only before 2026-12-03 02:00 (Pacific/Kiritimati)" in mail.text
    assert f"pack {pack.pack_id}" in mail.text
    assert "2 of 5 licenses left" in mail.text


def test_a_reminder_is_an_event_of_its_own_in_the_journal(world: World) -> None:
    pack = in_a_week(world, 5)

    sweep(world)
    world.pump()

    (entry,) = [entry for entry in world.entries() if entry.kind == "pack.reminded"]
    assert (entry.item, entry.actor) == (pack.pack_id, "packhouse:sweep")
    assert [(change.field, change.after) for change in entry.changes] == [("reminded_days", 7)]


@pytest.mark.parametrize(
    "unusable", [{"available": 0, "expired": 5}, {"state": PackState.FROZEN}, {"state": PackState.REFUND_PENDING}]
)
def test_nobody_is_reminded_of_what_cannot_be_used(world: World, post: Post, unusable: dict[str, object]) -> None:
    pack = in_a_week(world, 5)
    set_pack(world, pack, **unusable)

    sweep(world)

    assert written(world, post) == []
    assert item_of(world, pack)["due_at"] == instants.text(pack.expires_at - timedelta(days=1))


def test_what_was_used_up_between_the_reminder_and_its_mail_is_not_written_about(world: World, post: Post) -> None:
    in_a_week(world, 1)
    sweep(world)
    world.started(world.project())

    assert written(world, post) == []


def test_after_a_jump_of_the_clock_only_the_most_urgent_reminder_is_sent(world: World, post: Post) -> None:
    pack = expiring_in(world, 5, days=100)
    world.clock.now = pack.expires_at - timedelta(hours=3)

    sweep(world)

    assert [subject for _, subject in written(world, post)] == ["5 licenses of Mailbox migration expire within a day"]
    assert item_of(world, pack)["due_at"] == instants.text(pack.expires_at)


def test_a_pack_that_came_with_little_time_left_is_not_reminded_of_at_once(world: World, post: Post) -> None:
    expiring_in(world, 5, days=10)

    sweep(world)
    at_once = written(world, post)
    world.clock.advance(days=3)
    sweep(world)

    assert at_once == []
    assert len(written(world, post)) == 1


def test_the_first_reminder_is_as_early_as_the_policy_says(
    world: World, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PACK_REMINDER_DAYS", "5")
    pack = expiring_in(world, 5, days=31)
    set_pack(world, pack, due_at=instants.text(pack.expires_at - timedelta(days=5)))
    forget()
    subjects = []
    for days_left in (30, 7, 5, 1):
        world.clock.now = pack.expires_at - timedelta(days=days_left)
        sweep(world)
        subjects = [subject for _, subject in written(world, post)]

    assert [subject.rpartition(" within ")[2] for subject in subjects] == ["5 days", "a day"]


def test_one_administrator_who_cannot_be_written_to_keeps_no_other_from_it(world: World, post: Post) -> None:
    table = world.stamped()
    table.write(access.joined(table, "aaa", NORTHWIND, Role.ADMINISTRATOR, email="no address", since=START))
    in_a_week(world, 5)
    sweep(world)
    world.pump()
    messages = post.waiting()
    sent = mailer()._client.meta.events  # noqa: SLF001  # botocore's own, to refuse one of two

    def refuse(params: Any, **_: object) -> None:
        if params["Destination"]["ToAddresses"] == ["no address"]:
            raise ClientError({"Error": {"Code": "MessageRejected"}}, "SendEmail")

    sent.register("provide-client-params.sesv2.SendEmail", refuse)
    with pytest.raises(MailRefused):
        post.deliver(*messages)
    world.clock.advance(minutes=3)
    with pytest.raises(MailRefused):
        post.deliver(*messages)

    assert [mail.to for mail in post.outbox()] == ["ada@northwind.example"]


def test_an_event_that_comes_again_reminds_nobody_twice(world: World, post: Post) -> None:
    table = world.stamped()
    table.write(access.joined(table, "ann", NORTHWIND, Role.ADMINISTRATOR, email="ann@northwind.example", since=START))
    in_a_week(world, 5)
    sweep(world)
    world.pump()
    messages = post.waiting()

    post.deliver(*messages, *messages)
    world.pump()
    post.deliver(*post.waiting())

    assert sorted(mail.to for mail in post.outbox()) == ["ada@northwind.example", "ann@northwind.example"]

"""Mails about projects: warned of their end, ended."""

from typing import Any

import pytest

from packhouse.domain.access import Role
from packhouse.notifications.mailer import MailRefused, mailer
from packhouse.store import access
from tests.events.watch.stream import SKU, deliver, idle, mailed, settled, threshold, wanted, watch
from tests.harness.post import Post
from tests.harness.world import NORTHWIND, World


def test_one_mail_is_sent_when_the_balance_falls_below_the_threshold(world: World, post: Post) -> None:
    world.grant(SKU, 4)
    project = world.project()
    threshold(world, 3)
    world.started(project)
    assert mailed(world, post) == []  # three are left, and three are enough

    world.started(project)
    world.started(project)

    (mail,) = mailed(world, post)
    assert (mail.to, mail.subject) == ("ada@northwind.example", "Few licenses left: Mailbox migration")
    assert "Mailbox migration: 1 license available" in mail.text
    assert "the threshold is 3" in mail.text
    assert f"#/workgroups/{NORTHWIND}/packs" in mail.text


def test_each_type_has_a_threshold_and_a_mail_of_its_own(world: World, post: Post) -> None:
    world.grant(SKU, 1)
    world.grant("document-migration", 1)
    project = world.project()
    low = {SKU: 1, "document-migration": 1, "public-folder-migration": 0}
    world.call("PATCH", "", "ada", json={"low_balance": low})
    world.started(project)
    world.started(project, service="document-migration")

    subjects = [mail.subject for mail in mailed(world, post)]

    assert sorted(subjects) == ["Few licenses left: Document migration", "Few licenses left: Mailbox migration"]


def test_low_balance_records_again_and_in_another_order_send_no_second_mail(world: World, post: Post) -> None:
    world.grant(SKU, 4)
    project = world.project()
    threshold(world, 3)
    for _ in range(3):
        world.started(project)
    assert len(mailed(world, post)) == 1

    for record in wanted(world.records())[::-1]:
        deliver([record])

    assert len(mailed(world, post)) == 1


def test_administrators_are_warned_of_a_projects_end_each_once(world: World, post: Post) -> None:
    table = world.stamped()
    email = "bo@northwind.example"
    table.write(access.joined(table, "bo", NORTHWIND, Role.ADMINISTRATOR, email=email, since=world.clock.now))
    project = world.project(name="Big move", customer="Adatum", inactivity_days=31)
    idle(world, project, days=24)

    sent = mailed(world, post)

    assert sorted(mail.to for mail in sent) == ["ada@northwind.example", "bo@northwind.example"]
    assert {mail.subject for mail in sent} == {"Project Big move ends in 7 days unless it is used"}
    assert "Big move, for Adatum" in sent[0].text
    assert "ends at 2026-12-25 03:00 (UTC)" in sent[0].text
    assert "You can open it again." in sent[0].text


def test_nobody_is_warned_of_a_project_that_is_in_use_again(world: World, post: Post) -> None:
    project = world.project(inactivity_days=31)
    idle(world, project, days=24)
    world.call("PATCH", f"projects/{project}", "amy", json={"name": "Stay"})

    assert mailed(world, post) == []


@pytest.mark.parametrize(("outcome", "state"), [("succeeded", "retired"), ("failed", "closed")])
def test_administrators_are_told_that_a_project_has_ended(world: World, post: Post, outcome: str, state: str) -> None:
    world.grant(SKU, 1)
    project = world.project(inactivity_days=31)
    settled(world, project, outcome)
    idle(world, project, days=31)

    (mail,) = mailed(world, post)

    assert (mail.to, mail.subject) == ("ada@northwind.example", f"Project Move is {state}")


def test_a_mail_that_fails_keeps_no_other_back_and_is_sent_alone_later(world: World, post: Post) -> None:
    world.grant(SKU, 1)
    threshold(world, 2, notify=["a@northwind.example", "b@northwind.example", "c@northwind.example"])
    watch(world)
    world.pump()
    messages = post.waiting()
    refuse_first()
    with pytest.raises(MailRefused):
        post.deliver(*messages)
    assert len(post.outbox()) == 2

    world.clock.advance(minutes=2)
    post.deliver(*messages)

    assert sorted(mail.to[0] for mail in post.outbox()) == ["a", "b", "c"]


def refuse_first() -> None:
    """Let SES refuse the next call, and no other."""
    refusals = [{"Error": {"Code": "MessageRejected", "Message": "no"}}]

    def refuse(**_: object) -> Any:
        response = type("Response", (), {"status_code": 400})
        return (response, refusals.pop()) if refusals else None

    mailer()._client.meta.events.register("before-call.sesv2.SendEmail", refuse)  # noqa: SLF001  # botocore's own

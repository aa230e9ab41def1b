"""What follows changes of runs and packs, out of the stream: activity of projects, and balances that are low."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from dev import patterns
from packhouse import retiring, runtime
from packhouse.domain.access import Role
from packhouse.domain.packs import PackState
from packhouse.mailer import MailRefused
from packhouse.policies import Policies
from packhouse.store import access, keys, projects
from packhouse.store.workgroups import read
from tests.harness import template
from tests.harness.gateway import context, handler_of
from tests.harness.post import Post, Sent
from tests.harness.world import NORTHWIND, World

SKU = "mailbox-migration"


def wanted(records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The records that the template's filter lets through."""
    mapping = template.resources()["WatchFunctionChanges"]["Properties"]
    filters = [patterns.parsed(one["Pattern"]) for one in mapping["FilterCriteria"]["Filters"]]
    return [record for record in records if any(patterns.matches(one, dict(record)) for one in filters)]


def deliver(records: Sequence[Mapping[str, Any]]) -> None:
    handler_of("WatchFunction")({"Records": records}, context())


def watch(world: World) -> None:
    """Hand the stream, from its beginning and so ever again, to the watch."""
    deliver(wanted(world.records()))


def project_item(world: World, project: str) -> dict[str, Any]:
    found = world.item(keys.project(NORTHWIND, project))
    assert found is not None
    return found


def settled(world: World, project: str, outcome: str = "succeeded") -> None:
    (run,) = world.started(project)
    assert world.settle(project, run, outcome).status == 200


def stamps(world: World, project: str) -> tuple[str | None, str | None]:
    found = project_item(world, project)
    return found.get("last_settled_at"), found.get("last_success_at")


@pytest.fixture
def post(world: World) -> Post:
    del world
    return Post()


def mailed(world: World, post: Post) -> list[Sent]:
    """What has been sent once the watch and the journal have seen everything, twice."""
    for _ in range(2):
        watch(world)
        world.pump(again=True)
        post.deliver(*post.waiting())
    return post.outbox()


def threshold(world: World, number: int, **fields: object) -> None:
    assert world.call("PATCH", "", "ada", json={"low_balance": {SKU: number}, **fields}).status == 200


def test_a_settlement_is_activity_and_a_success_is_remembered(world: World) -> None:
    world.grant(SKU, 2)
    project = world.project()
    world.clock.advance(hours=1)
    settled(world, project, "failed")
    watch(world)
    assert stamps(world, project) == ("2026-11-24T04:00:00Z", None)

    world.clock.advance(hours=1)
    settled(world, project)
    watch(world)

    assert stamps(world, project) == ("2026-11-24T05:00:00Z", "2026-11-24T05:00:00Z")
    assert world.call("GET", f"projects/{project}").body["last_activity_at"] == "2026-11-24T05:00:00Z"


def test_only_the_first_settlement_of_a_day_is_written(world: World) -> None:
    world.grant(SKU, 3)
    project = world.project()
    settled(world, project)
    watch(world)
    world.clock.advance(hours=23, minutes=59)
    settled(world, project)
    before = project_item(world, project)

    watch(world)
    assert project_item(world, project) == before
    world.clock.advance(minutes=1)
    settled(world, project)
    watch(world)

    assert stamps(world, project) == ("2026-11-25T03:00:00Z", "2026-11-25T03:00:00Z")


def test_records_that_come_late_again_and_in_another_order_move_nothing_back(world: World) -> None:
    world.grant(SKU, 3)
    project = world.project()
    for _ in range(3):
        settled(world, project)
        world.clock.advance(days=2)
    records = wanted(world.records())

    for record in (*records[::-1], *records):
        deliver([record])

    assert stamps(world, project) == ("2026-11-28T03:00:00Z", "2026-11-28T03:00:00Z")


def test_activity_is_in_no_journal(world: World) -> None:
    world.grant(SKU, 1)
    project = world.project()
    settled(world, project)
    world.pump()
    entries = len(world.entries())

    watch(world)
    world.pump()

    assert len(world.entries()) == entries


def test_starts_leases_and_projects_are_not_watched(world: World) -> None:
    world.grant(SKU, 1)
    project = world.project()
    (run,) = world.started(project)
    world.call("POST", f"projects/{project}/runs/{run}/heartbeat", json={"lease_seconds": 86_400})

    kinds = {record["dynamodb"]["Keys"]["SK"]["S"].partition("#")[0] for record in wanted(world.records())}

    assert kinds == {"PACK", "WG"}


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
    table = world.stamped()
    frozen = "SET #state = :frozen"
    key = keys.pack(NORTHWIND, packs[0].pack_id)
    table.write(table.update(key, frozen, only_if="attribute_exists(PK)", frozen=PackState.FROZEN))

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
    assert "it can be opened again" in sent[0].text


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


def covered_until_after_the_end(world: World) -> tuple[str, str]:
    """A project that was closed while a run of it, which has no lease, went on."""
    world.entitle("ann@northwind.example")
    project = world.project(inactivity_days=31)
    items = [{"item_id": "box-1", "user": "ann@northwind.example"}]
    (run,) = world.started(project, items=items)
    idle(world, project, days=31)
    assert project_item(world, project)["state"] == "closed"
    return project, run


def test_a_success_after_the_end_retires_a_closed_project(world: World, post: Post) -> None:
    project, run = covered_until_after_the_end(world)
    ended_at = project_item(world, project)["ended_at"]
    world.clock.advance(hours=1)
    world.settle(project, run)

    sent = mailed(world, post)

    item = project_item(world, project)
    assert (item["state"], item["ended_at"]) == ("retired", ended_at)
    assert item["last_success_at"] == "2026-12-25T04:00:00Z"
    shown = world.call("GET", f"projects/{project}").body
    assert shown["retires_at"] == ended_at
    told = [entry for entry in world.entries() if entry.item == project][1:]
    assert [(entry.kind, entry.actor) for entry in told] == [
        ("project.closed", "packhouse:sweep"),
        ("project.retired", "packhouse:watch"),
    ]
    assert [mail.subject for mail in sent] == ["Project Move is closed", "Project Move is retired"]


@pytest.mark.parametrize("body", [{"state": "active"}, {"name": "Again"}, {}])
def test_what_succeeded_after_the_end_is_final_before_the_watch_has_seen_it(world: World, body: object) -> None:
    project, run = covered_until_after_the_end(world)
    world.settle(project, run)

    answer = world.call("PATCH", f"projects/{project}", "amy", json=body)

    assert (answer.status, answer.slug, answer.body["state"]) == (409, "project-not-active", "retired")
    watch(world)


def test_a_failure_after_the_end_leaves_a_project_to_be_opened_again(world: World) -> None:
    project, run = covered_until_after_the_end(world)
    world.settle(project, run, "failed")
    watch(world)

    answer = world.call("PATCH", f"projects/{project}", "amy", json={"state": "active"})

    assert (answer.status, answer.body["state"]) == (200, "active")


@pytest.mark.parametrize("opened_again", [False, True])
def test_a_success_is_judged_by_what_its_project_is_when_it_is_stamped(world: World, opened_again: bool) -> None:  # noqa: FBT001  # a case
    """Who read it before the sweep closed it, or before it was opened again, must look again."""
    world.entitle("ann@northwind.example")
    project = world.project(inactivity_days=31)
    (run,) = world.started(project, items=[{"item_id": "box-1", "user": "ann@northwind.example"}])
    world.clock.advance(days=31)
    met = project_item(world, project)
    retiring.step(world.stamped("packhouse:sweep"), Policies(), met)
    if opened_again:
        met = project_item(world, project)
        world.call("PATCH", f"projects/{project}", "amy", json={"state": "active"})

    with pytest.raises(projects.ProjectMoved):
        projects.settled(world.stamped(), met, settled_at=world.clock.now, success_at=world.clock.now)

    world.settle(project, run)
    watch(world)
    assert project_item(world, project)["state"] == ("active" if opened_again else "retired")


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

    def refuse(**_: object) -> Any:  # noqa: ANN401  # what botocore takes for an answer
        response = type("Response", (), {"status_code": 400})
        return (response, refusals.pop()) if refusals else None

    runtime.mailer()._client.meta.events.register("before-call.sesv2.SendEmail", refuse)  # noqa: SLF001  # botocore's own


def idle(world: World, project: str, *, days: int) -> None:
    """Let so many days go by, and the sweep look at the project."""
    world.clock.advance(days=days)
    retiring.step(world.stamped("packhouse:sweep"), Policies(), project_item(world, project))

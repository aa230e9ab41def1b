"""The sweep: leases that lapse, packs that expire, reminders; bounded, in order, and not to be held up by poison."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError

from packhouse import consuming, runtime, sweeping
from packhouse.domain import instants
from packhouse.domain.access import Role
from packhouse.domain.packs import Pack, PackState
from packhouse.domain.runs import Outcome, Settlement
from packhouse.mailer import MailRefused
from packhouse.policies import Policies
from packhouse.store import access, keys, queues, workgroups
from packhouse.store.table import Item
from packhouse.sweeping import Swept
from tests.harness.gateway import context, handler_of
from tests.harness.memory import forget
from tests.harness.post import Post
from tests.harness.world import NORTHWIND, START, World

NOTHING = {"done": 0, "postponed": 0, "parked": 0, "late_seconds": 0}
YEAR_AGO = instants.plus_months(START, -12)


@pytest.fixture
def post(world: World) -> Post:
    del world
    return Post()


def sweep(world: World, **bounds: Any) -> Any:  # noqa: ANN401  # JSON, or what a bounded tick came to
    """A tick of the function; with bounds, of what it calls."""
    if not bounds:
        return handler_of("SweepFunction")({"job": "sweep"}, context())
    given = {"seconds": 60, "items_max": 1000, **bounds}
    return sweeping.tick(world.table, Policies(), clock=runtime.now, **given)


def item_of(world: World, pack: Pack) -> Item:
    item = world.item(keys.pack(NORTHWIND, pack.pack_id))
    assert item is not None
    return item


def counters(world: World, pack: Pack) -> tuple[int, int, int]:
    item = item_of(world, pack)
    return item["available"], item["expired"], item["revoked"]


def run_item(world: World, project: str, run: str) -> Item:
    item = world.item(keys.run(NORTHWIND, project, run))
    assert item is not None
    return item


def expiring_in(world: World, quantity: int, **duration: float) -> Pack:
    return world.grant("mailbox-migration", quantity, acquired=YEAR_AGO + timedelta(**duration))


def in_a_week(world: World, quantity: int) -> Pack:
    """A pack whose second reminder is due now."""
    pack = expiring_in(world, quantity, days=8)
    world.clock.advance(days=1)
    return pack


def set_pack(world: World, pack: Pack, **attributes: object) -> None:
    table = world.stamped()
    sets = ", ".join(f"#{name} = :{name}" for name in attributes)
    table.write(
        table.update(keys.pack(NORTHWIND, pack.pack_id), f"SET {sets}", only_if="attribute_exists(PK)", **attributes)
    )


def spoil(world: World, item: Item, **attributes: Any) -> None:  # noqa: ANN401  # as an item has
    """By hand, past every condition."""
    whole = {**item, **attributes}
    wire = {name: TypeSerializer().serialize(value) for name, value in whole.items() if value is not None}
    world.raw.put_item(TableName=world.table.name, Item=wire)


def written(world: World, post: Post) -> list[tuple[str, str]]:
    """Who has been written to about what, once the stream, the bus and the queue have come through."""
    world.pump()
    post.deliver(*post.waiting())
    return [(mail.to, mail.subject) for mail in post.outbox()]


# --- leases ---------------------------------------------------------------------------------------------------------


def test_nothing_due_is_nothing_done(world: World) -> None:
    world.grant("mailbox-migration", 3)
    world.started(world.project())

    assert sweep(world) == dict.fromkeys(sweeping.STEPS, NOTHING)


def test_a_hold_lapses_from_the_second_its_lease_ends(world: World) -> None:
    pack = world.grant("mailbox-migration", 3)
    project = world.project(max_licenses_per_item=2)
    (run,) = world.started(project, licenses=2, lease_seconds=60)

    world.clock.advance(seconds=59)
    sweep(world)
    before = run_item(world, project, run)["state"]
    world.clock.advance(seconds=1)
    swept = sweep(world)

    assert before == "held"
    assert swept["RUN"] == {**NOTHING, "done": 1}
    item = run_item(world, project, run)
    assert item["state"] == "lapsed"
    assert "due" not in item
    assert counters(world, pack) == (3, 0, 0)
    assert (world.pack(pack)["available"], world.pack(pack)["in_runs"]) == (3, 0)


def test_a_lapse_is_journaled_in_the_sweeps_name(world: World) -> None:
    world.grant("mailbox-migration", 1)
    world.started(world.project(), lease_seconds=60)
    world.clock.advance(minutes=1)

    sweep(world)
    world.pump()

    (entry,) = [entry for entry in world.entries() if entry.kind == "run.lapsed"]
    assert entry.actor == "packhouse:sweep"
    assert [change.field for change in entry.changes] == ["state"]


def test_a_run_on_several_packs_gives_each_its_own_back(world: World) -> None:
    packs = [world.grant("mailbox-migration", 2) for _ in range(3)]
    project = world.project(max_licenses_per_item=5)
    world.started(project, licenses=5, lease_seconds=60)
    world.clock.advance(minutes=1)

    sweep(world)

    assert [counters(world, pack) for pack in packs] == [(2, 0, 0)] * 3


def test_a_heartbeat_keeps_the_hold_and_the_sweep_waits_for_the_new_end(world: World) -> None:
    pack = world.grant("mailbox-migration", 1)
    project = world.project()
    (run,) = world.started(project, lease_seconds=60)
    world.call("POST", f"projects/{project}/runs/{run}/heartbeat", json={"lease_seconds": 600})
    assert run_item(world, project, run)["due_at"] == "2026-11-24T03:01:00Z"

    world.clock.advance(minutes=1)
    sweep(world)

    item = run_item(world, project, run)
    assert (item["state"], item["due_at"]) == ("held", "2026-11-24T03:10:00Z")
    world.clock.advance(minutes=9)
    sweep(world)
    assert run_item(world, project, run)["state"] == "lapsed"
    assert counters(world, pack) == (1, 0, 0)


def test_waiting_for_a_lease_that_was_extended_makes_no_journal_entry(world: World) -> None:
    world.grant("mailbox-migration", 1)
    project = world.project()
    (run,) = world.started(project, lease_seconds=60)
    world.call("POST", f"projects/{project}/runs/{run}/heartbeat", json={"lease_seconds": 600})
    world.clock.advance(minutes=1)
    world.pump()
    before = len(world.entries())

    sweep(world)
    world.pump()

    assert len(world.entries()) == before


def test_licenses_of_a_pack_that_expired_meanwhile_go_to_expired(world: World) -> None:
    pack = expiring_in(world, 3, hours=1)
    world.started(world.project(), 2, lease_seconds=7200)
    world.clock.advance(hours=2)

    sweep(world)

    assert counters(world, pack) == (0, 3, 0)


def test_a_pack_that_expires_while_held_waits_for_its_run(world: World) -> None:
    pack = expiring_in(world, 3, hours=1)
    project = world.project()
    done, lapsing = world.started(project, 2, lease_seconds=7200)
    world.clock.advance(hours=1)
    sweep(world)
    while_held = (counters(world, pack), world.pack(pack)["in_runs"])

    assert world.settle(project, done).status == 200  # the lease outlives the pack
    world.clock.advance(hours=1)
    sweep(world)

    assert while_held == ((0, 1, 0), 2)
    assert run_item(world, project, lapsing)["state"] == "lapsed"
    assert (counters(world, pack), world.pack(pack)["in_runs"]) == ((0, 2, 0), 1)


def test_licenses_of_a_revoked_pack_go_to_revoked_and_the_others_back(world: World) -> None:
    revoked, sound = world.grant("mailbox-migration", 1), world.grant("mailbox-migration", 2)
    if revoked.pack_id > sound.pack_id:
        revoked, sound = sound, revoked
    project = world.project(max_licenses_per_item=3)
    world.started(project, licenses=2 if revoked.quantity == 1 else 3, lease_seconds=60)
    set_pack(world, revoked, state=PackState.REVOKED)
    world.clock.advance(minutes=1)

    sweep(world)

    assert counters(world, revoked) == (0, 0, revoked.quantity)
    assert counters(world, sound) == (sound.quantity, 0, 0)


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_a_settlement_after_the_lapse_is_told_when_and_where_the_licenses_went(world: World, outcome: str) -> None:
    pack = world.grant("mailbox-migration", 1)
    project = world.project()
    (run,) = world.started(project, lease_seconds=60)
    world.clock.advance(minutes=5)
    unswept = world.settle(project, run, outcome)
    sweep(world)

    swept = world.settle(project, run, outcome)

    for answer in (unswept, swept):
        assert (answer.status, answer.slug) == (409, "lease-ended")
        assert answer.body["returned_at"] == "2026-11-24T03:01:00Z"
        assert answer.body["returned_to"] == [{"pack_id": pack.pack_id, "quantity": 1}]


def test_a_run_settled_in_time_is_left_alone(world: World) -> None:
    pack = world.grant("mailbox-migration", 1)
    project = world.project()
    (run,) = world.started(project, lease_seconds=60)
    world.settle(project, run)
    world.clock.advance(days=1)

    assert sweep(world)["RUN"] == NOTHING
    assert counters(world, pack) == (0, 0, 0)


def test_a_lapse_decided_on_a_stale_read_loses_to_a_heartbeat_and_to_a_settlement(world: World) -> None:
    """Who read a run before somebody else wrote it must not end it on what it read."""
    pack = world.grant("mailbox-migration", 2)
    project = world.project()
    extended, settled = world.started(project, 2, lease_seconds=60)
    stale = [run_item(world, project, run) for run in (extended, settled)]
    world.clock.advance(seconds=59)
    world.call("POST", f"projects/{project}/runs/{extended}/heartbeat", json={"lease_seconds": 600})
    world.settle(project, settled)
    world.clock.advance(seconds=1)

    for item in stale:
        sweeping.STEPS["RUN"](world.stamped(), Policies(), item)

    assert [run_item(world, project, run)["state"] for run in (extended, settled)] == ["held", "consumed"]
    assert counters(world, pack) == (0, 0, 0)


# --- the end of packs -----------------------------------------------------------------------------------------------


def test_a_pack_expires_from_the_second_it_ends(world: World) -> None:
    pack = expiring_in(world, 5, hours=1)

    world.clock.advance(minutes=59, seconds=59)
    sweep(world)
    before = counters(world, pack)
    world.clock.advance(seconds=1)
    sweep(world)

    assert before == (5, 0, 0)
    assert counters(world, pack) == (0, 5, 0)
    assert world.pack(pack)["state"] == "expired"


def test_what_comes_back_just_after_the_end_expires_at_the_last_look(world: World) -> None:
    pack = expiring_in(world, 2, hours=1)
    project = world.project()
    (run,) = world.started(project, lease_seconds=7200)
    world.clock.advance(minutes=59, seconds=59)
    late = world.stamped()  # a request that came before the end and is written after it
    world.clock.advance(seconds=1)
    sweep(world)
    consuming.settle(late, NORTHWIND, project, run, Settlement(outcome=Outcome.FAILED))
    between = counters(world, pack)
    world.clock.advance(minutes=5)
    sweep(world)

    assert between == (1, 1, 0)
    assert counters(world, pack) == (0, 2, 0)
    assert "due" not in item_of(world, pack)


def test_a_pack_leaves_its_queue_once_nothing_can_come_back_to_it(world: World) -> None:
    pack = expiring_in(world, 1, hours=1)
    world.clock.advance(days=90)

    sweep(world)

    assert counters(world, pack) == (0, 1, 0)
    assert "due" not in item_of(world, pack)
    assert sweep(world)["PACK"] == NOTHING


@pytest.mark.parametrize(
    ("state", "left", "due"),
    [
        (PackState.FROZEN, (0, 4, 0), False),
        (PackState.REFUND_PENDING, (4, 0, 0), True),
        (PackState.REFUNDED, (4, 0, 0), False),
        (PackState.REVOKED, (4, 0, 0), False),
    ],
)
def test_what_is_refunded_stays_as_it_is_when_its_pack_ends(
    world: World,
    state: PackState,
    left: tuple[int, int, int],
    due: bool,  # noqa: FBT001  # a case
) -> None:
    pack = expiring_in(world, 4, hours=1)
    set_pack(world, pack, state=state)
    world.clock.advance(hours=2)

    sweep(world)
    sweep(world)

    assert counters(world, pack) == left
    assert ("due" in item_of(world, pack)) == due
    assert world.pack(pack)["state"] == state


def test_a_refund_that_was_cancelled_lets_its_pack_expire_a_day_later_at_most(world: World) -> None:
    pack = expiring_in(world, 4, hours=1)
    set_pack(world, pack, state=PackState.REFUND_PENDING)
    world.clock.advance(hours=1)
    sweep(world)
    set_pack(world, pack, state=PackState.ACTIVE)

    world.clock.advance(days=1)
    sweep(world)

    assert counters(world, pack) == (0, 4, 0)


# --- reminders ------------------------------------------------------------------------------------------------------


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
    sent = runtime.mailer()._client.meta.events  # noqa: SLF001  # botocore's own, to refuse one of two

    def refuse(params: Any, **_: object) -> None:  # noqa: ANN401  # botocore's
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


# --- bounds, order, poison ------------------------------------------------------------------------------------------


def test_a_tick_is_bounded_and_the_next_goes_on_runs_before_packs(world: World) -> None:
    packs = [expiring_in(world, 2, hours=1) for _ in range(3)]
    project = world.project()
    runs = world.started(project, 5, lease_seconds=60)
    world.clock.advance(days=200)

    ticks = []
    for _ in range(6):
        ticks.append(sweep(world, items_max=2))
        states = {run_item(world, project, run)["state"] for run in runs}
        expired = [sum(counters(world, pack)) for pack in packs]
        assert states == {"lapsed"} or ticks[-1]["PACK"].done == 0, expired

    assert [(tick["RUN"].done, tick["PACK"].done) for tick in ticks] == [
        (2, 0), (2, 0), (1, 1), (0, 2), (0, 0), (0, 0),
    ]  # fmt: skip
    assert [counters(world, pack) for pack in packs] == [(0, 2, 0)] * 3


def test_a_tick_says_for_how_long_what_it_left_has_been_due(world: World) -> None:
    expiring_in(world, 1, hours=1)
    world.started(world.project(), 1, lease_seconds=60)
    world.clock.advance(hours=3)

    first, second, third = (sweep(world, items_max=1) for _ in range(3))

    assert first["RUN"].done == 1
    assert first["PACK"] == Swept(late_seconds=2 * 3600)
    assert (second["RUN"], second["PACK"]) == (Swept(), Swept(done=1))
    assert third == dict.fromkeys(sweeping.STEPS, Swept())


def test_a_tick_without_time_does_nothing_and_says_so(world: World) -> None:
    world.grant("mailbox-migration", 1)
    world.started(world.project(), 1, lease_seconds=60)
    world.clock.advance(hours=1)

    swept = sweep(world, seconds=-1)

    assert swept["RUN"] == Swept(late_seconds=59 * 60)
    assert sweep(world)["RUN"]["done"] == 1


def test_a_poisoned_item_waits_longer_each_time_then_is_parked_and_keeps_no_other(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    pack = world.grant("mailbox-migration", 3)
    project = world.project()
    bad, good = world.started(project, 2, lease_seconds=60)
    world.sound = False
    world.clock.advance(minutes=1)
    spoil(world, run_item(world, project, bad), coverage="melted")

    ticks, due_at = [], []
    for minutes in (1, 5, 15, 60, 60):
        ticks.append(sweep(world)["RUN"])
        due_at.append(run_item(world, project, bad)["due_at"])
        world.clock.advance(minutes=minutes)

    assert run_item(world, project, good)["state"] == "lapsed"
    assert counters(world, pack) == (2, 0, 0)
    assert due_at == [
        "2026-11-24T03:02:00Z",
        "2026-11-24T03:07:00Z",
        "2026-11-24T03:22:00Z",
        "2026-11-24T04:22:00Z",
        "2026-11-24T04:22:00Z",
    ]
    assert [sum(tick[name] for tick in ticks) for name in ("done", "postponed", "parked")] == [1, 4, 1]
    item = run_item(world, project, bad)
    assert (item["due"], item["parked_from"], item["tries"]) == ("PARKED#RUN", f"RUN#{bad[4].upper()}", 5)
    assert caplog.messages.count(sweeping.PARKED) == 1


def test_what_is_in_a_queue_by_mistake_is_logged_without_its_user(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.entitle("ada@northwind.example")
    world.sound = False
    entitlement = next(item for item in world.items() if keys.kind(item) == "ENT")
    spoil(world, entitlement, due="RUN#0", due_at="2026-11-24T03:00:00Z")

    swept = sweep(world)["RUN"]

    assert swept["postponed"] == 1
    failed = next(record for record in caplog.records if record.message == "item failed")
    assert (vars(failed)["kind"], vars(failed)["item"]) == ("ENT", "user-migration-bundle")


def test_tries_are_forgotten_once_an_item_is_done(world: World) -> None:
    pack = expiring_in(world, 3, days=8)
    sound = item_of(world, pack)
    for days_left in (7, 1):
        world.clock.now = pack.expires_at - timedelta(days=days_left)
        spoil(world, item_of(world, pack), state="melted")
        for minutes in (0, 1, 5, 15):
            world.clock.advance(minutes=minutes)
            assert sweep(world)["PACK"]["postponed"] == 1
        spoil(world, item_of(world, pack), state=sound["state"])
        world.clock.advance(minutes=60)
        assert sweep(world)["PACK"]["done"] == 1
    world.sound = False  # what was done by hand, the journal tells as such

    assert item_of(world, pack)["due"] == "PACK"


def test_a_lapse_whose_pack_is_gone_is_parked_and_loses_nothing(world: World) -> None:
    pack = world.grant("mailbox-migration", 3)
    project = world.project()
    (run,) = world.started(project, lease_seconds=60)
    whole = item_of(world, pack)
    world.raw.delete_item(TableName=world.table.name, Key={name: {"S": whole[name]} for name in ("PK", "SK")})
    world.sound = False
    world.clock.advance(minutes=1)

    assert sweep(world)["RUN"]["postponed"] == 1
    assert run_item(world, project, run)["state"] == "held"


@contextmanager
def busy_table(world: World) -> Iterator[None]:
    """Every transaction meets another's."""
    events, call = world.client.meta.events, "before-call.dynamodb.TransactWriteItems"

    def conflict(**_: object) -> Any:  # noqa: ANN401  # what botocore takes for an answer
        response = type("Response", (), {"status_code": 400})
        reasons = [{"Code": "TransactionConflict"}, {"Code": "None"}]
        return response, {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}

    events.register(call, conflict)
    yield
    events.unregister(call, conflict)


def test_a_busy_table_counts_no_try_and_ends_the_tick(world: World) -> None:
    world.grant("mailbox-migration", 20)
    project = world.project()
    runs = world.started(project, 20, lease_seconds=60)
    world.clock.advance(minutes=1)

    with busy_table(world):
        busy = sweep(world)["RUN"]
    tries = [run_item(world, project, run).get("tries", 0) for run in runs]
    world.clock.advance(minutes=1)
    after = sweep(world)["RUN"]

    assert (busy["done"], busy["postponed"], busy["parked"]) == (0, sweeping.BUSY_MAX, 0)
    assert set(tries) == {0}
    assert after == {**NOTHING, "done": 20}


def test_what_only_ever_meets_a_busy_table_is_late_since_it_was_first_due(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.grant("mailbox-migration", 1)
    (run,) = world.started(world.project(), lease_seconds=60)
    world.clock.advance(minutes=1)

    with busy_table(world):
        late = []
        for _ in range(3):
            late.append(sweep(world)["RUN"])
            world.clock.advance(minutes=1)
    after = sweep(world)["RUN"]

    assert late == [{**NOTHING, "postponed": 1, "late_seconds": 60 * number} for number in range(3)]
    assert after == {**NOTHING, "done": 1}
    told = [vars(record) for record in caplog.records if record.message == "table busy"]
    assert [(one["queue"], one["item"]) for one in told] == [("RUN", run)] * 3


def test_a_tick_that_fails_on_what_another_has_done_puts_it_back_into_no_queue(world: World) -> None:
    world.grant("mailbox-migration", 2)
    project = world.project()
    runs = world.started(project, 2, lease_seconds=60)
    stale = [run_item(world, project, run) for run in runs]
    world.clock.advance(minutes=1)
    sweep(world)
    done = [run_item(world, project, run) for run in runs]

    queues.postpone(world.stamped(), stale[0], until=world.clock.now, tries=1)
    queues.park(world.stamped(), stale[1], "RUN", tries=5)

    assert [run_item(world, project, run) for run in runs] == done


def test_an_index_that_lags_brings_nothing_up_twice(world: World) -> None:
    """A second tick that found the same entries, before the index had dropped them."""
    pack = world.grant("mailbox-migration", 3)
    project = world.project()
    runs = world.started(project, 3, lease_seconds=60)
    stale = [run_item(world, project, run) for run in runs]
    world.clock.advance(minutes=1)
    sweep(world)

    for item in stale:
        sweeping.STEPS["RUN"](world.stamped(), Policies(), item)

    assert counters(world, pack) == (3, 0, 0)
    assert {run_item(world, project, run)["state"] for run in runs} == {"lapsed"}

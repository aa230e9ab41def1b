from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from packhouse.domain import instants
from packhouse.journal.bus import bus
from packhouse.store import keys
from tests.harness.damage import overwrite
from tests.harness.gateway import context, handler_of
from tests.harness.world import CONTOSO, NORTHWIND, START, World


def read(world: World, query: str = "", who: str = "ada") -> list[dict[str, Any]]:
    """The journal as its readers get it, every page of it."""
    world.pump()
    entries, cursor = [], ""
    while True:
        parameters = "&".join(filter(None, [query, "limit=3", cursor and f"cursor={cursor}"]))
        answer = world.call("GET", f"journal?{parameters}", who)
        assert answer.status == 200, answer
        entries += answer.body["items"]
        cursor = answer.body["next_cursor"]
        if cursor is None:
            return entries


def test_each_change_has_one_entry_that_says_who_when_and_what(world: World) -> None:
    world.grant("mailbox-migration", 5)
    project = world.project()
    (run,) = world.started(project)
    world.clock.advance(minutes=1)
    world.settle(project, run)

    entries = read(world, f"project={project}")

    assert sorted(entry["kind"] for entry in entries) == ["project.created", "run.consumed", "run.held"]
    newest = entries[0]
    assert (newest["item"], newest["at"]) == (run, "2026-11-24T03:01:00Z")
    assert newest["actor"] == world.call("GET", "/v1/me").body["principal"]
    assert newest["changes"] == [
        {"field": "error_count", "before": None, "after": 0},
        {"field": "licenses_used", "before": None, "after": 1},
        {"field": "outcome", "before": None, "after": "succeeded"},
        {"field": "state", "before": "held", "after": "consumed"},
    ]


def test_the_stream_delivered_again_adds_nothing(world: World) -> None:
    world.grant("mailbox-migration", 5)
    world.started(world.project(), 2)
    world.pump()
    once = world.entries()

    world.pump(again=True)
    world.pump(again=True)

    assert world.entries() == once


def test_a_batch_that_failed_half_way_is_completed_by_its_redelivery(world: World) -> None:
    world.grant("mailbox-migration", 5)
    records = world.records()
    broken = [*records[:3], {**records[3], "dynamodb": {}}, *records[4:]]

    with pytest.raises(KeyError):
        handler_of("JournalFunction")({"Records": broken}, context())
    half = len(world.entries())
    world.pump()

    assert half < len(world.entries())


def test_a_start_changes_the_pack_and_is_not_told_of_the_project(world: World) -> None:
    pack = world.grant("mailbox-migration", 5)
    project = world.project()
    world.started(project, 2)

    of_pack = read(world, f"pack={pack.pack_id}")

    assert sorted(entry["kind"] for entry in of_pack) == ["pack.changed", "pack.granted", "run.held", "run.held"]
    assert [entry["kind"] for entry in read(world) if entry["item"] == project] == ["project.created"]


def test_a_change_without_a_fresh_stamp_was_made_outside(world: World) -> None:
    world.clock.now = datetime.now(UTC)  # what bears no stamp is dated by the stream
    pack = world.grant("mailbox-migration", 5)
    key = {name: {"S": value} for name, value in keys.pack(NORTHWIND, pack.pack_id).items()}
    world.raw.update_item(
        TableName=world.table.name,
        Key=key,
        UpdateExpression="SET available = :more",
        ExpressionAttributeValues={":more": {"N": "9"}},
    )
    world.raw.delete_item(TableName=world.table.name, Key=key)
    world.sound = False

    outside = [entry for entry in read(world, f"pack={pack.pack_id}") if entry["actor"] == "outside Packhouse"]

    assert sorted(entry["kind"] for entry in outside) == ["pack.changed", "pack.erased"]
    changed = next(entry for entry in outside if entry["kind"] == "pack.changed")
    assert changed["changes"] == [{"field": "available", "before": 5, "after": 9}]
    assert "request_id" not in changed


def test_an_outside_change_of_what_is_never_journaled_is_told_all_the_same(world: World) -> None:
    world.sound = False
    world.clock.now = datetime.now(UTC)
    pack = world.grant("mailbox-migration", 5)
    key = {name: {"S": value} for name, value in keys.pack(NORTHWIND, pack.pack_id).items()}
    world.raw.update_item(
        TableName=world.table.name,
        Key=key,
        UpdateExpression="SET due_at = :never",
        ExpressionAttributeValues={":never": {"S": "9999"}},
    )

    (newest, *_) = [entry for entry in read(world, f"pack={pack.pack_id}") if entry["actor"] == "outside Packhouse"]

    assert (newest["kind"], newest["changes"]) == ("pack.changed", [])


def test_an_item_of_no_known_kind_is_told_as_unknown(world: World) -> None:
    table = world.stamped()
    table.write(table.put({"PK": f"WG#{NORTHWIND}", "SK": "GARDEN#1"}, only_if="attribute_not_exists(PK)"))

    assert [entry["item"] for entry in read(world, "kind=unknown.created")] == ["1"]


def test_secrets_and_people_are_not_in_the_journal(world: World) -> None:
    world.grant("mailbox-migration", 5)
    items = [{"item_id": "box", "user": "ada@northwind.example"}]
    world.start(world.project(), items=items)
    world.pump()

    told = repr(world.entries())

    assert "ada@northwind.example" not in told
    assert "secret_hash" not in told
    assert "cora@contoso.example" not in told


def test_that_addresses_changed_is_told_and_not_to_what(world: World) -> None:
    world.call("PATCH", "", "ada", json={"notify": ["ops@northwind.example"]})

    (newest, *_) = read(world, "kind=workgroup.changed")

    assert [change["field"] for change in newest["changes"]] == ["notify"]
    assert "ops@northwind.example" not in repr(newest)


def test_a_change_by_other_hands_that_is_no_integer_does_not_stop_the_journal(world: World) -> None:
    world.clock.now = datetime.now(UTC)
    pack = world.grant("mailbox-migration", 5)
    world.raw.update_item(
        TableName=world.table.name,
        Key={name: {"S": value} for name, value in keys.pack(NORTHWIND, pack.pack_id).items()},
        UpdateExpression="SET #state = :half, quantity = :bytes",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":half": {"N": "1.5"}, ":bytes": {"B": b"\xff"}},
    )
    world.sound = False

    (newest, *_) = [entry for entry in read(world, f"pack={pack.pack_id}") if entry["actor"] == "outside Packhouse"]

    assert [change["after"] for change in newest["changes"]] == ["/w==", "1.5"]


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"source": {Decimal(1), Decimal("1.5")}}, "pack.changed"),
        ({"source": {"kind": {"a", "b"}}}, "pack.changed"),
        ({"changed_at": Decimal(7)}, "pack.changed"),
        ({"changed_at": "yesterday"}, "pack.changed"),
        ({"state": "x" * 200}, "pack.changed"),
        ({"source": "x" * 300_000}, "pack.changed"),
        ({"SK": "RUN#1", "allocation": [{"a": "b"}], "request_id": Decimal(7)}, "run.held"),
    ],
    ids=["numbers", "set", "stamp-of-no-text", "stamp-of-no-time", "long-state", "large", "list"],
)
def test_what_other_hands_wrote_is_told_by_the_journal_and_the_bus_and_stops_neither(
    world: World, attributes: dict[str, Any], kind: str
) -> None:
    world.clock.now = datetime.now(UTC)
    pack = world.grant("mailbox-migration", 5)
    world.pump()
    events: list[Any] = []
    client = bus()._client  # noqa: SLF001  # botocore's own, to look at what is sent
    client.meta.events.register(
        "provide-client-params.events.PutEvents", lambda params, **_: events.extend(params["Entries"])
    )

    overwrite(world, world.item(keys.pack(NORTHWIND, pack.pack_id)) or {}, **attributes)
    world.sound = False
    world.pump()

    outside = [entry for entry in world.entries() if entry.actor == "outside Packhouse"]
    assert [(entry.kind, entry.month) for entry in outside] == [(kind, f"{world.clock.now:%Y%m}")]
    assert max(len(event["DetailType"]) for event in events) <= 128
    assert max(len(event["Detail"]) for event in events) < 200_000


def test_an_entry_names_the_request_that_its_caller_was_told(world: World) -> None:
    world.grant("mailbox-migration", 5)
    project = world.project()
    settlements = [{"run_id": run, "outcome": "failed"} for run in world.started(project, 2)]
    assert world.call("POST", f"projects/{project}/runs/settle", json={"settlements": settlements}).status == 200

    first, second = read(world, "kind=run.released")

    assert first["request_id"] == second["request_id"]
    assert "#" not in first["request_id"]


def test_a_cursor_of_other_days_ends_the_list(world: World) -> None:
    for _ in range(3):
        world.grant("mailbox-migration", 1)
    world.pump()
    cursor = world.call("GET", "journal?limit=2", "ada").body["next_cursor"]
    world.clock.advance(days=2)

    answer = world.call("GET", f"journal?from=2026-11-26&cursor={cursor}", "ada")

    assert (answer.status, answer.body["items"]) == (200, [])


def test_a_workgroup_reads_only_its_own(world: World) -> None:
    world.grant("mailbox-migration", 5, wg=CONTOSO)
    world.grant("mailbox-migration", 5)
    world.pump()

    of_contoso = world.call("GET", f"/v1/workgroups/{CONTOSO}/journal", "cora").body["items"]

    assert {entry["kind"] for entry in of_contoso} == {"pack.granted", "workgroup.created", "member.joined"}
    assert sum(entry["kind"] == "pack.granted" for entry in read(world)) == 1


def test_pages_walk_the_months_back(world: World) -> None:
    for _ in range(5):
        world.grant("mailbox-migration", 1)
        world.clock.now = instants.plus_months(world.clock.now, 2)

    granted = read(world, "kind=pack.granted")

    assert [entry["at"][:7] for entry in granted] == ["2027-07", "2027-05", "2027-03", "2027-01", "2026-11"]


def test_days_are_the_workgroups_days(world: World) -> None:
    world.call("PATCH", "", "ada", json={"time_zone": "Pacific/Kiritimati"})  # UTC+14
    world.clock.now = START.replace(hour=9, minute=59)  # still the 24th there
    before = world.grant("mailbox-migration", 1)
    world.clock.advance(minutes=1)  # the 25th
    after = world.grant("mailbox-migration", 1)

    def granted(query: str) -> set[str]:
        return {entry["item"] for entry in read(world, f"kind=pack.granted&{query}")}

    assert granted("from=2026-11-25") == {after.pack_id}
    assert granted("to=2026-11-24") == {before.pack_id}
    assert granted("from=2026-11-24&to=2026-11-25") == {before.pack_id, after.pack_id}
    assert granted("from=2026-11-26&to=2026-11-25") == set()


@pytest.mark.parametrize(
    "query",
    [
        "from=yesterday",
        "to=2026-02-30",
        "limit=0",
        "cursor=WyIyMDI2MTMiLCAieCJd",
        "cursor=x",
        "&".join(["kind=a"] * 21),
    ],
)
def test_a_query_that_cannot_be_is_refused(world: World, query: str) -> None:
    assert world.call("GET", f"journal?{query}", "ada").slug == "invalid-request"


def test_a_day_far_away_is_just_empty(world: World) -> None:
    for query in ("from=2999-12-31", "to=2000-01-01", "from=2000-01-01&to=2999-12-31"):
        answer = world.call("GET", f"journal?{query}", "ada")
        assert (answer.status, answer.body["next_cursor"]) == (200, None), query
    assert world.call("GET", "journal?to=9999-12-31", "ada").slug == "invalid-request"


def test_entries_of_the_future_wait_for_their_time(world: World) -> None:
    world.clock.advance(hours=1)
    world.grant("mailbox-migration", 1)
    world.pump()
    world.clock.now -= timedelta(minutes=30)

    assert read(world, "kind=pack.granted") == []
    world.clock.advance(minutes=30)
    assert len(read(world, "kind=pack.granted")) == 1

"""Entitlements: a license is assigned to a user once, and comes back only while it has covered nothing."""

from typing import Any
from urllib.parse import quote

import pytest

from packhouse.catalog import catalog
from packhouse.consumption import entitling, starting
from packhouse.consumption.starting import Start, StartItem
from packhouse.domain import instants
from packhouse.domain.packs import Pack, PackState
from packhouse.policies import Policies
from packhouse.store import keys
from packhouse.store.table import plus_all_of
from tests.harness.gateway import Answer
from tests.harness.world import CONTOSO, NORTHWIND, START, World, lines

BUNDLE = "user-migration-bundle"
ADA = "ada@northwind.example"


def set_pack(world: World, pack: Pack, state: PackState) -> None:
    """Change a pack's state as a later use case would; what is left of a revoked one is revoked."""
    revokes = {"revoked": plus_all_of("available"), "available": 0} if state is PackState.REVOKED else {}
    world.edit(keys.pack(NORTHWIND, pack.pack_id), state=state, **revokes)


def listed(world: World, user: str | None = None) -> list[str]:
    """The users of the entitlements in a list."""
    query = f"?user={quote(user)}" if user else ""
    return [one["user"] for one in world.call("GET", f"entitlements{query}").body["items"]]


def covered(world: World, user: str = ADA) -> Answer:
    """A start of one item of the user."""
    return world.start(world.project(), items=[{"item_id": "box", "user": user}])


def counters(world: World, pack: Pack) -> tuple[int, int]:
    shown = world.pack(pack)
    return shown["available"], shown["assigned"]


def test_assigning_consumes_a_license_at_once(world: World) -> None:
    pack = world.grant(BUNDLE, 3)

    answer = world.entitlement("PUT", ADA)

    assert answer.status == 201
    assert answer.body == {
        "user": ADA,
        "sku": BUNDLE,
        "pack_id": pack.pack_id,
        "state": "active",
        "assigned_at": "2026-11-24T03:00:00Z",
        "until": instants.text(pack.expires_at),
        "services": ["mailbox-migration", "document-migration"],
    }
    assert counters(world, pack) == (2, 1)


def test_a_user_takes_one_license_of_a_type_however_often_it_is_assigned(world: World) -> None:
    pack = world.grant(BUNDLE, 3)
    first = world.entitlement("PUT", ADA)
    world.clock.advance(days=1)

    again = [world.entitlement("PUT", user) for user in (ADA, "ADA@Northwind.example", f" {ADA} ")]

    assert [(one.status, one.body) for one in again] == [(200, first.body)] * 3
    assert counters(world, pack) == (2, 1)


def test_the_pack_that_expires_soonest_is_assigned_from(world: World) -> None:
    late = world.grant(BUNDLE, 1)
    soon = world.grant(BUNDLE, 1, acquired=instants.plus_months(START, -3))

    packs = [world.entitlement("PUT", user).body["pack_id"] for user in ("a", "b")]

    assert packs == [soon.pack_id, late.pack_id]


def test_when_none_is_left_the_answer_says_what_to_buy(world: World) -> None:
    answer = world.entitlement("PUT", ADA)

    assert (answer.status, answer.slug) == (402, "licenses-exhausted")
    assert {name: answer.body[name] for name in ("sku", "asked", "available")} == {
        "sku": BUNDLE,
        "asked": 1,
        "available": 0,
    }
    assert lines(answer.body["purchase"]["lines"]) == [(BUNDLE, 1)]
    assert answer.body["purchase"]["total"] == {"amount": 1750, "currency": "usd"}


@pytest.mark.parametrize("state", [PackState.FROZEN, PackState.REVOKED, PackState.REFUND_PENDING])
def test_nothing_is_assigned_from_a_pack_that_is_not_active(world: World, state: PackState) -> None:
    pack = world.grant(BUNDLE, 2)
    set_pack(world, pack, state)

    assert world.entitlement("PUT", ADA).slug == "licenses-exhausted"


def test_nothing_is_assigned_from_an_expired_pack_nor_from_a_strangers(world: World) -> None:
    world.grant(BUNDLE, 2, acquired=instants.plus_months(START, -24))
    world.grant(BUNDLE, 2, wg=CONTOSO)

    assert world.entitlement("PUT", ADA).slug == "licenses-exhausted"


@pytest.mark.parametrize(
    ("sku", "slug"),
    [("gardening", "unknown-sku"), ("x" * 3000, "unknown-sku"), ("mailbox-migration", "invalid-request")],
)
def test_only_types_that_are_assigned_can_be(world: World, sku: str, slug: str) -> None:
    answer = world.entitlement("PUT", ADA, sku)

    assert (answer.status, answer.slug) == (422, slug)


def test_an_unused_one_can_be_withdrawn_and_its_license_is_back(world: World) -> None:
    pack = world.grant(BUNDLE, 3)
    assigned = world.entitlement("PUT", ADA).body

    answers = [world.entitlement("DELETE", ADA) for _ in range(3)]

    assert [(one.status, one.body) for one in answers] == [(200, {**assigned, "state": "withdrawn"})] * 3
    assert counters(world, pack) == (3, 0)
    assert listed(world) == []
    assert covered(world).slug == "assignment-required"


def test_what_was_withdrawn_can_be_assigned_again(world: World) -> None:
    world.grant(BUNDLE, 1)
    pack = world.grant(BUNDLE, 1, acquired=instants.plus_months(START, -3))
    world.entitlement("PUT", ADA)
    world.entitlement("DELETE", ADA)
    world.clock.advance(minutes=1)

    answer = world.entitlement("PUT", ADA)

    assert (answer.status, answer.body["assigned_at"]) == (201, "2026-11-24T03:01:00Z")
    assert counters(world, pack) == (0, 1)
    item = world.item(keys.entitlement(NORTHWIND, ADA, BUNDLE))
    assert item is not None
    assert item["earlier"] == []
    assert covered(world).status == 201


def test_what_is_assigned_anew_right_after_a_withdrawal_is_not_withdrawn_by_it(world: World) -> None:
    world.grant(BUNDLE, 1)
    world.entitlement("PUT", ADA)
    transactions = iter(range(100))

    def assigned(**_: object) -> None:
        if next(transactions) == 0:
            entitling.assign(world.stamped(), catalog(), NORTHWIND, ADA, BUNDLE)

    world.client.meta.events.register("after-call.dynamodb.TransactWriteItems", assigned)
    answer = world.entitlement("DELETE", ADA)

    assert (answer.status, answer.body["state"]) == (200, "withdrawn")
    assert listed(world) == [ADA]


def test_the_first_covered_run_makes_it_final(world: World) -> None:
    pack = world.grant(BUNDLE, 1)
    world.entitlement("PUT", ADA)
    world.clock.advance(minutes=5)
    started = covered(world)
    world.clock.advance(minutes=5)
    covered(world)

    answer = world.entitlement("DELETE", ADA)

    assert started.body["runs"][0]["coverage"] == "covered"
    assert (answer.status, answer.slug) == (409, "entitlement-used")
    (shown,) = world.call("GET", f"entitlements?user={ADA}").body["items"]
    assert (shown["used_at"], shown["state"]) == ("2026-11-24T03:05:00Z", "active")
    assert counters(world, pack) == (0, 1)


def test_a_run_that_it_covers_during_its_withdrawal_makes_it_final(world: World) -> None:
    world.entitle(ADA)
    wanted = Start(
        workgroup_id=NORTHWIND,
        project_id=world.project(),
        service="mailbox-migration",
        items=[StartItem(item_id="box", user=ADA, licenses=1)],
        lease_seconds=None,
        name="one",
        request_hash="hash",
    )
    transactions = iter(range(100))

    def started(**_: object) -> None:
        if next(transactions) == 0:
            starting.start(world.stamped(), catalog(), Policies(), wanted)

    world.client.meta.events.register_first("before-call.dynamodb.TransactWriteItems", started)
    answer = world.entitlement("DELETE", ADA)

    assert (answer.status, answer.slug) == (409, "entitlement-used")


def test_it_ends_with_its_pack_and_can_no_longer_be_withdrawn(world: World) -> None:
    pack = world.grant(BUNDLE, 2)
    world.entitlement("PUT", ADA)
    world.clock.now = pack.expires_at

    answer = world.entitlement("DELETE", ADA)

    assert (answer.status, answer.slug, answer.body["state"]) == (409, "pack-not-usable", "expired")
    assert [one["state"] for one in world.call("GET", "entitlements").body["items"]] == ["ended"]
    assert covered(world).slug == "licenses-exhausted"


def test_a_second_before_its_pack_expires_it_still_covers_and_can_be_withdrawn(world: World) -> None:
    pack = world.grant(BUNDLE, 2)
    world.entitlement("PUT", "a")
    world.entitlement("PUT", "b")
    world.clock.now = pack.expires_at
    world.clock.advance(seconds=-1)

    assert covered(world, "a").status == 201
    assert world.entitlement("DELETE", "b").status == 200


def test_an_ended_one_is_replaced_and_the_pack_it_was_spent_from_is_kept(world: World) -> None:
    first, second = world.grant(BUNDLE, 2), world.grant(BUNDLE, 2, acquired=instants.plus_months(START, 1))
    world.entitlement("PUT", ADA)
    covered(world)
    world.clock.now = first.expires_at

    answer = world.entitlement("PUT", ADA)
    world.entitlement("DELETE", ADA)
    again = world.entitlement("PUT", ADA)

    assert (answer.status, again.status) == (201, 201)
    assert "used_at" not in answer.body
    item = world.item(keys.entitlement(NORTHWIND, ADA, BUNDLE))
    assert item is not None
    assert (item["pack_id"], item["earlier"]) == (second.pack_id, [first.pack_id])
    assert (world.pack(first)["assigned"], world.pack(second)["assigned"]) == (1, 1)
    assert covered(world).status == 201


def test_a_frozen_pack_takes_its_license_back_and_what_it_gave_goes_on_covering(world: World) -> None:
    pack = world.grant(BUNDLE, 3)
    world.entitlement("PUT", "a")
    world.entitlement("PUT", "b")
    set_pack(world, pack, PackState.FROZEN)

    assert covered(world, "a").status == 201
    assert world.entitlement("DELETE", "b").status == 200

    item = world.item(keys.pack(NORTHWIND, pack.pack_id))
    assert item is not None
    assert (item["available"], item["assigned"], item["state"]) == (2, 1, "frozen")


def test_a_revoked_pack_takes_nothing_back(world: World) -> None:
    pack = world.grant(BUNDLE, 3)
    world.entitlement("PUT", ADA)
    set_pack(world, pack, PackState.REVOKED)

    answer = world.entitlement("DELETE", ADA)

    assert (answer.status, answer.slug, answer.body["state"]) == (409, "pack-not-usable", "revoked")
    assert world.entitlement("PUT", ADA).status == 200


def test_what_is_not_assigned_is_not_found(world: World) -> None:
    world.entitle(ADA)

    answers = [
        world.entitlement("DELETE", "max@northwind.example"),
        world.entitlement("DELETE", ADA, "device-management"),
        world.entitlement("DELETE", ADA, "gardening"),
        world.entitlement("DELETE", ADA, "x" * 3000),
        world.call("DELETE", f"/v1/workgroups/{CONTOSO}/entitlements/{quote(ADA)}/{BUNDLE}", "cora"),
    ]

    assert {(one.status, one.slug) for one in answers} == {(404, "not-found")}
    assert listed(world) == [ADA]


def test_each_workgroup_has_its_own(world: World) -> None:
    world.entitle(ADA)
    world.grant(BUNDLE, 1, wg=CONTOSO)

    answer = world.call("PUT", f"/v1/workgroups/{CONTOSO}/entitlements/{quote(ADA)}/{BUNDLE}", "cora")

    assert answer.status == 201
    assert world.call("GET", f"/v1/workgroups/{CONTOSO}/entitlements", "cora").body["items"] == [answer.body]


@pytest.mark.parametrize("body", [{"until": "2030-01-01"}, {"x": 1}])
def test_an_assignment_says_all_it_has_to_say_in_its_path(world: World, body: dict[str, object]) -> None:
    world.grant(BUNDLE, 2)
    path = f"entitlements/{quote(ADA)}/{BUNDLE}"

    assert world.call("PUT", path, "amy", json=body).slug == "invalid-request"
    assert world.call("PUT", path, "amy", json={}).status == 201
    assert world.call("PUT", path, "amy").status == 200


def test_a_list_goes_on_behind_what_was_withdrawn(world: World) -> None:
    for user in ("a", "b", "c"):
        world.entitle(user)
    world.entitlement("DELETE", "b")

    seen, cursor, pages = [], "", 0
    while pages < 5:
        page: dict[str, Any] = world.call("GET", f"entitlements?limit=1{cursor}").body
        seen += [one["user"] for one in page["items"]]
        pages += 1
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={quote(page['next_cursor'])}"

    assert seen == ["a", "c"]


def test_each_step_is_in_the_journal(world: World) -> None:
    world.grant(BUNDLE, 1)
    for method in ("PUT", "PUT", "DELETE", "DELETE", "PUT"):
        world.entitlement(method, ADA)
    covered(world)

    world.pump()

    told = [entry for entry in world.entries() if entry.kind.startswith("entitlement.")]
    told.sort(key=lambda entry: int(entry.sequence))
    assert [entry.kind.partition(".")[2] for entry in told] == ["assigned", "withdrawn", "assigned", "used"]
    assert {entry.actor for entry in told[:3]} == {"amy"}
    assert {entry.item for entry in told} == {f"{quote(ADA, safe='')}#{BUNDLE}"}

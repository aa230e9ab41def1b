"""What a user may be called, and how a path names one."""

import unicodedata
from urllib.parse import quote

import pytest

from tests.harness.gateway import Answer
from tests.harness.world import World

BUNDLE = "user-migration-bundle"


def listed(world: World, user: str | None = None) -> list[str]:
    """The users of the entitlements in a list."""
    query = f"?user={quote(user)}" if user else ""
    return [one["user"] for one in world.call("GET", f"entitlements{query}").body["items"]]


def covered(world: World, user: str) -> Answer:
    """A start of one item of the user."""
    return world.start(world.project(), items=[{"item_id": "box", "user": user}])


ODD = [
    "a/b@northwind.example",
    "a/",
    "/a//b/user-migration-bundle",
    "50%@northwind.example",
    "a%2fb@northwind.example",
    "%25",
    "ada+box@northwind.example",
    "a#b",
    "a,b@northwind.example",
    "a b",
    "a?b&c=d",
    "..",
    "jürgen@northwind.example",
    "田中@northwind.example",
    "😀",
    "é" * 64,
]


@pytest.mark.parametrize("user", ODD)
def test_a_user_is_any_name_percent_encoded_in_the_path(world: World, user: str) -> None:
    world.grant(BUNDLE, 2)
    world.entitlement("PUT", "a")

    answers = [world.entitlement(method, user) for method in ("PUT", "PUT", "DELETE", "PUT")]

    assert [answer.status for answer in answers] == [201, 200, 200, 201]
    assert {answer.body["user"] for answer in answers} == {user}
    shown = world.call("GET", f"entitlements?user={quote(user, safe='')}").body["items"]
    assert [one["user"] for one in shown] == [user]
    assert covered(world, user).body["runs"][0]["coverage"] == "covered"
    found = world.call("GET", f"coverage?service=mailbox-migration&user={quote(user, safe='')}").body
    assert (found["decision"], found["entitlement"]["user"]) == ("covered", user)


@pytest.mark.parametrize("path", ["ada", "ada/", "/user-migration-bundle", "%2F"])
def test_a_path_without_user_or_license_type_is_not_found(world: World, path: str) -> None:
    world.grant(BUNDLE, 1)

    for method in ("PUT", "DELETE"):
        answer = world.call(method, f"entitlements/{path}", "amy")
        assert (answer.status, answer.slug) == (404, "not-found")


def test_however_a_user_is_spelled_it_is_the_same(world: World) -> None:
    world.grant(BUNDLE, 5)
    composed = "jürgen@northwind.example"
    spelled = [composed, unicodedata.normalize("NFD", composed), composed.upper(), f"\t{composed} "]

    statuses = [world.entitlement("PUT", user).status for user in spelled]

    assert statuses == [201, 200, 200, 200]
    assert all(covered(world, user).body["runs"][0]["coverage"] == "covered" for user in spelled)


@pytest.mark.parametrize("user", ["é" * 65, "x" * 129, "a\ufffdb", "a\x00b", "a\nb", " ", "\u202ea", "\u200b"])
def test_what_is_no_user_is_refused(world: World, user: str) -> None:
    for answer in (
        world.entitlement("PUT", user),
        world.entitlement("DELETE", user),
        world.call("GET", f"entitlements?user={quote(user)}"),
        covered(world, user),
    ):
        assert (answer.status, answer.slug) == (422, "invalid-request")


def test_a_list_is_of_one_user_and_not_of_those_whose_names_begin_so(world: World) -> None:
    for user in ("a", "ab", "a#b", "a%23"):
        world.entitle(user)
    world.entitle("a", "device-management")

    assert listed(world, "a") == ["a", "a"]
    assert sorted(listed(world)) == ["a", "a", "a#b", "a%23", "ab"]

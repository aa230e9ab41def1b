"""What can't be as written: each refused by its own problem, and nothing changed."""

import json
from typing import Any

import pytest

from tests.harness.beginning import prepare
from tests.harness.world import World

START = {"service": "mailbox-migration", "pass": "full", "items": [{"item_id": "box"}]}


@pytest.fixture
def project(world: World) -> str:
    return prepare(world, granted_project)


def granted_project(world: World) -> str:
    world.grant("mailbox-migration", 10)
    return world.project(max_licenses_per_item=5)


def unchanged(world: World, project: str) -> bool:
    (stock,) = (
        line for line in world.call("GET", "balance").body["license_types"] if line["sku"] == "mailbox-migration"
    )
    return bool(stock["available"] == 10 and world.call("GET", f"projects/{project}/runs").body["items"] == [])


def item(**fields: object) -> dict[str, Any]:
    return {"items": [{"item_id": "box", **fields}]}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"surprise": 1}, "/surprise"),
        (item(surprise=1), "/items/0/surprise"),
        ({"service": 7}, "/service"),
        ({"service": None}, "/service"),
        ({"service": ""}, "/service"),
        ({"service": "x" * 101}, "/service"),
        ({"pass": "half"}, "/pass"),
        ({"items": []}, "/items"),
        ({"items": [{"item_id": f"box-{number}"} for number in range(99)]}, "/items"),
        ({"items": [{"item_id": "box"}, {"item_id": "box"}]}, ""),
        ({"items": [{"item_id": "box"}, {"item_id": " box "}]}, ""),
        ({"items": {"item_id": "box"}}, "/items"),
        ({"items": ["box"]}, "/items/0"),
        (item(item_id=""), "/items/0/item_id"),
        (item(item_id="   "), "/items/0/item_id"),
        (item(item_id="é" * 65), "/items/0/item_id"),
        (item(item_id="a\u0000b"), "/items/0/item_id"),
        (item(item_id="a\nb"), "/items/0/item_id"),
        (item(item_id="\ud800"), "/items/0/item_id"),
        (item(item_id="\u200b"), "/items/0/item_id"),
        (item(item_id="a\u202eb"), "/items/0/item_id"),
        (item(user="u" * 129), "/items/0/user"),
        (item(licenses=0), "/items/0/licenses"),
        (item(licenses=-1), "/items/0/licenses"),
        (item(licenses=101), "/items/0/licenses"),
        (item(licenses=10**30), "/items/0/licenses"),
        (item(licenses="1"), "/items/0/licenses"),
        (item(licenses=1.0), "/items/0/licenses"),
        (item(licenses=True), "/items/0/licenses"),
        ({"lease_seconds": 59}, "/lease_seconds"),
        ({"lease_seconds": 86_401}, "/lease_seconds"),
        ({"lease_seconds": -5}, "/lease_seconds"),
    ],
)
def test_a_start_that_cannot_be_as_written_is_refused_by_its_field(
    world: World, project: str, changes: dict[str, Any], pointer: str
) -> None:
    answer = world.call("POST", f"projects/{project}/runs", json={**START, **changes}, key="one")

    assert (answer.status, answer.slug) == (422, "invalid-request"), answer
    assert pointer in [error["pointer"] for error in answer.body["errors"]], answer.body
    assert unchanged(world, project)


@pytest.mark.parametrize(
    "body",
    [
        "{",
        " ",
        "nonsense",
        '{"service": NaN}',
        "[" * 60_000,
        '{"a": 1, "a": 2}',
        '{"a": ' + "1" * 5000 + "}",
        b"\xff\xfe{}",
    ],
)
def test_what_is_not_json_is_malformed(world: World, project: str, body: str | bytes) -> None:
    answer = world.call("POST", f"projects/{project}/runs", body=body, key="one")

    assert (answer.status, answer.slug) == (400, "malformed-request")
    assert unchanged(world, project)


@pytest.mark.parametrize("body", ["[]", "null", '"x"', "7", json.dumps([START]), "true"])
def test_a_body_that_is_no_object_is_invalid(world: World, project: str, body: str) -> None:
    answer = world.call("POST", f"projects/{project}/runs", body=body, key="one")

    assert (answer.status, answer.slug) == (422, "invalid-request")
    assert unchanged(world, project)


def test_a_missing_body_is_invalid(world: World, project: str) -> None:
    assert world.call("POST", f"projects/{project}/runs", key="one").slug == "invalid-request"


def test_a_body_over_64_kb_is_too_large_also_when_it_is_sent_as_bytes(world: World, project: str) -> None:
    fits = json.dumps({**START, "surprise": ""})
    padded = fits[:-2] + "x" * (65_536 - len(fits)) + fits[-2:]

    assert world.call("POST", f"projects/{project}/runs", body=padded, key="one").slug == "invalid-request"
    for body in (padded + " ", (padded + " ").encode()):
        answer = world.call("POST", f"projects/{project}/runs", body=body, key="one")
        assert (answer.status, answer.slug, answer.body["bytes_max"]) == (413, "too-large", 65_536)


def test_a_body_sent_as_bytes_is_read_all_the_same(world: World, project: str) -> None:
    answer = world.call("POST", f"projects/{project}/runs", body=json.dumps(START).encode(), key="one")

    assert answer.status == 201


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx"]
)
def test_another_media_type_is_unsupported(world: World, project: str, media_type: str) -> None:
    headers = {"content-type": media_type}

    answer = world.call("POST", f"projects/{project}/runs", json=START, key="one", headers=headers)

    assert (answer.status, answer.slug) == (415, "unsupported-media-type")
    assert unchanged(world, project)


def test_a_charset_is_no_other_media_type(world: World, project: str) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}

    assert world.call("POST", f"projects/{project}/runs", json=START, key="one", headers=headers).status == 201


@pytest.mark.parametrize("body", ["nonsense", "[]", "x" * 65_537])
@pytest.mark.parametrize("media_type", ["application/json", "text/plain"])
def test_a_body_that_comes_with_a_get_is_passed_over(world: World, body: str, media_type: str) -> None:
    answer = world.call("GET", "packs", body=body, headers={"content-type": media_type})

    assert answer.status == 200


@pytest.mark.parametrize("path", ["projects", "projects/{project}/runs"])
def test_a_missing_key_is_told_by_its_own_problem(world: World, project: str, path: str) -> None:
    for body in ({}, START, {"name": "x"}):
        answer = world.call("POST", path.format(project=project), json=body)
        assert (answer.status, answer.slug) == (400, "idempotency-key-missing")
    assert unchanged(world, project)


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256, "tab\t"])
def test_a_key_is_1_to_255_visible_ascii_characters(world: World, project: str, key: str) -> None:
    answer = world.call("POST", f"projects/{project}/runs", json=START, key=key)

    assert answer.slug in {"invalid-request", "idempotency-key-missing"}
    assert unchanged(world, project)
    assert world.call("POST", f"projects/{project}/runs", json=START, key="~" * 255).status == 201


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/outcome"),
        ({"outcome": "won"}, "/outcome"),
        ({"outcome": "succeeded", "licenses_used": 0}, "/licenses_used"),
        ({"outcome": "succeeded", "licenses_used": -1}, "/licenses_used"),
        ({"outcome": "failed", "licenses_used": 1}, ""),
        ({"outcome": "succeeded", "errors": ["a", "a"]}, ""),
        ({"outcome": "succeeded", "errors": ["x" * 65]}, "/errors/0"),
        ({"outcome": "succeeded", "errors": [str(number) for number in range(101)]}, "/errors"),
        ({"outcome": "succeeded", "errors": ["a", "b"], "error_count": 1}, ""),
        ({"outcome": "succeeded", "error_count": -1}, "/error_count"),
        ({"outcome": "succeeded", "surprise": 1}, "/surprise"),
    ],
)
def test_a_settlement_that_cannot_be_as_written_is_refused(
    world: World, project: str, body: dict[str, Any], pointer: str
) -> None:
    (run,) = world.started(project)

    answer = world.call("POST", f"projects/{project}/runs/{run}/settle", json=body)

    assert (answer.status, answer.slug) == (422, "invalid-request")
    assert pointer in [error["pointer"] for error in answer.body["errors"]]
    assert world.call("GET", f"projects/{project}/runs/{run}").body["state"] == "held"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("settle", {"settlements": []}),
        ("settle", {"settlements": [{"run_id": "a", "outcome": "failed"}] * 2}),
        ("settle", {"settlements": [{"run_id": f"{number}", "outcome": "failed"} for number in range(99)]}),
        ("settle", {"settlements": [{"outcome": "failed"}]}),
        ("heartbeat", {"run_ids": [], "lease_seconds": 60}),
        ("heartbeat", {"run_ids": ["a", "a"], "lease_seconds": 60}),
        ("heartbeat", {"run_ids": ["a"]}),
        ("heartbeat", {"run_ids": ["a"], "lease_seconds": 59}),
    ],
)
def test_a_batch_that_cannot_be_as_written_is_refused_as_a_whole(
    world: World, project: str, path: str, body: dict[str, Any]
) -> None:
    answer = world.call("POST", f"projects/{project}/runs/{path}", json=body)

    assert (answer.status, answer.slug) == (422, "invalid-request")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=x",
        "cursor=x",
        "cursor=W10",
        "cursor=WyJ4Il0",
        "cursor=" + "A" * 1025,
        "state=gone",
    ],
)
@pytest.mark.parametrize("path", ["packs", "projects", "projects/{project}/runs"])
def test_a_query_that_cannot_be_is_refused(world: World, project: str, path: str, query: str) -> None:
    answer = world.call("GET", f"{path.format(project=project)}?{query}")

    assert (answer.status, answer.slug) == (422, "invalid-request")


def test_a_pack_filter_by_an_unknown_sku_is_refused(world: World) -> None:
    answer = world.call("GET", "packs?sku=gardening")

    assert (answer.status, answer.slug, answer.body["sku"]) == (422, "unknown-sku", "gardening")


@pytest.mark.parametrize("pack", ["pack_x", "pack_" + "0" * 32, "x", "pack_MB1PECC9G1NG9ZDG86ab5ef022325994"])
def test_an_absent_pack_is_not_found(world: World, pack: str) -> None:
    assert world.call("GET", f"packs/{pack}").slug == "not-found"


def test_an_unknown_route_is_not_found(world: World) -> None:
    assert world.call("GET", "gardens").status == 404
    assert world.call("DELETE", "packs").status == 404

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.harness import gateway, people, template
from tests.harness.gateway import context, handler_of
from tests.harness.people import KeySet, access_token, signing_key
from tests.harness.world import CONTOSO, NORTHWIND, WORKER_KEY, World

PAST = datetime.now(UTC) - timedelta(minutes=5)


def me(world: World, token: str) -> Any:
    return world.gateway.call("GET", "/v1/me", token=token)


def test_a_member_is_told_its_workgroups_and_roles(world: World) -> None:
    assert me(world, world.token("ada")).body == {
        "principal": "ada",
        "kind": "member",
        "workgroups": [{"workgroup_id": NORTHWIND, "name": "Northwind", "role": "administrator"}],
    }


@pytest.mark.parametrize(
    ("who", "kind", "roles"),
    [
        ("worker", "worker_key", ["worker"]),
        ("platform", "platform_worker_key", []),
        ("otto", "operator", []),
        ("nobody", "member", []),
    ],
)
def test_everyone_signed_in_is_told_who_it_is(world: World, who: str, kind: str, roles: list[str]) -> None:
    body = me(world, world.token(who)).body

    assert (body["kind"], [one["role"] for one in body["workgroups"]]) == (kind, roles)


def test_a_key_is_chosen_by_its_kid(world: World) -> None:
    assert me(world, access_token("ada", kid="second")).status == 200


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": PAST}, "expired token"),
        ({"exp": None}, "invalid token"),
        ({"iat": datetime.now(UTC) + timedelta(hours=1)}, "invalid token"),
        ({"nbf": datetime.now(UTC) + timedelta(hours=1)}, "invalid token"),
        ({"iss": "https://elsewhere.example"}, "invalid token"),
        ({"sub": None}, "invalid token"),
        ({"token_use": "id"}, "not an access token of this console"),
        ({"client_id": "another"}, "not an access token of this console"),
    ],
)
def test_a_token_with_a_wrong_claim_is_refused(world: World, claims: dict[str, Any], reason: str) -> None:
    answer = me(world, access_token("ada", **claims))

    assert (answer.status, answer.slug, answer.body["reason"]) == (401, "unauthenticated", reason)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_of_a_key_that_is_not_published_is_refused(world: World) -> None:
    assert me(world, access_token("ada", kid="third")).body["reason"] == "invalid token"


def test_a_token_signed_by_another_key_than_its_kid_says_is_refused(world: World) -> None:
    forged = jwt.encode(
        jwt.decode(access_token("ada"), options={"verify_signature": False}),
        signing_key("third"),
        algorithm="RS256",
        headers={"kid": "first"},
    )

    assert me(world, forged).status == 401


@pytest.mark.parametrize("algorithm", ["RS512", "PS256", "none"])
def test_only_rs256_is_accepted(world: World, algorithm: str) -> None:
    claims = jwt.decode(access_token("ada"), options={"verify_signature": False})
    key = None if algorithm == "none" else signing_key("first")

    forged = jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "first"})  # type: ignore[arg-type]  # none has no key

    assert me(world, forged).status == 401


def test_the_public_key_is_no_shared_secret(world: World) -> None:
    public = signing_key("first").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "typ": "JWT", "kid": "first"}).encode())
    signed = header.rstrip(b"=") + b"." + access_token("ada").encode().split(b".")[1]
    signature = base64.urlsafe_b64encode(hmac.digest(public, signed, "sha256")).rstrip(b"=")

    assert me(world, (signed + b"." + signature).decode()).status == 401


NONSENSE = ["phk_" + "x" * 3000 + "_y", "phk_\ud800_y", f"phk_{WORKER_KEY}_\ud800", "\ud800"]


@pytest.mark.parametrize(
    "token", [*NONSENSE, "", "x", "a.b.c", "phk_", "phk__", "phk_key_x_y", "Bearer x", "é.é.é", "x" * 9000]
)
def test_nonsense_is_refused(world: World, token: str) -> None:
    assert me(world, token).status == 401


def test_an_api_key_is_its_whole_secret(world: World) -> None:
    whole = world.token("worker")

    assert me(world, whole).status == 200
    assert me(world, whole[:-1]).body["reason"] == "unknown API key"
    assert me(world, whole + "0").status == 401
    assert me(world, f"phk_{WORKER_KEY}_").status == 401


def test_another_scheme_is_refused(world: World) -> None:
    event = world.gateway.event("GET", "/v1/me", headers={"authorization": "Basic YWRhOmFkYQ=="})

    verdict = handler_of("AuthorizerFunction")(event, context())

    assert verdict == {"isAuthorized": True, "context": {"refused": "no bearer token"}}


def test_without_a_header_the_gateway_itself_answers(world: World) -> None:
    answer = world.call("GET", "/v1/me", None)

    assert (answer.status, answer.body) == (401, {"message": "Unauthorized"})


@pytest.mark.parametrize(("kept", "after"), [("0", "1"), ("60", "60")])
def test_when_the_issuers_keys_cannot_be_fetched_the_answer_is_try_again(
    world: World, monkeypatch: pytest.MonkeyPatch, kept: str, after: str
) -> None:
    """After as long as API Gateway keeps what the authorizer said."""
    monkeypatch.setenv("TOKEN_KEYS_URL", "http://127.0.0.1:9/jwks.json")
    monkeypatch.setenv("AUTHORIZER_TTL_SECONDS", kept)

    answer = me(world, access_token("ada"))

    assert (answer.status, answer.slug, answer.headers["retry-after"]) == (503, "try-again", after)


def test_the_issuers_keys_are_fetched_once(world: World, key_set: KeySet) -> None:
    before = key_set.asked

    for _ in range(3):
        assert me(world, access_token("ada")).status == 200

    assert key_set.asked == before + 1


def test_a_function_without_an_authorizer_in_front_lets_nobody_in(world: World) -> None:
    event = world.gateway.event("GET", f"/v1/workgroups/{NORTHWIND}/packs", token=world.token("ada"))

    answer = handler_of("ConsumptionFunction")(event, context())

    assert answer["statusCode"] == 401


ROUTES = [route.key for route in template.routes() if "{wg}" in route.key]


def path_of(key: str, wg: str) -> tuple[str, str]:
    method, _, path = key.partition(" ")
    ids = {
        "{wg}": wg,
        "{project_id}": "prj_" + "0" * 32,
        "{run_id}": "run_" + "0" * 32,
        "{pack_id}": "pack_x",
        "{proxy+}": "ada%40northwind.example/gardening",
    }
    for name, value in ids.items():
        path = path.replace(name, value)
    return method, path


@pytest.mark.parametrize("key", ROUTES)
def test_a_strangers_workgroup_is_as_absent_as_one_that_is_not_there(world: World, key: str) -> None:
    answers = []
    for wg in (CONTOSO, "wg_" + "0" * 32, "WG%23x", "..", "é"):
        method, path = path_of(key, wg)
        answer = world.call(method, path, "ada", json={} if method != "GET" else None, key="one")
        answers.append((answer.status, {**answer.body, "instance": ""}))

    assert answers[0][0] == 404
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize("key", ROUTES)
def test_a_bad_token_is_told_before_anything_of_the_request(world: World, key: str) -> None:
    method, path = path_of(key, NORTHWIND)

    answer = world.gateway.call(method, path, token="x", body="{")

    assert answer.slug == "unauthenticated"


PERMITTED = {
    "GET /v1/workgroups/{wg}": {"ada", "max", "amy"},
    "PATCH /v1/workgroups/{wg}": {"ada"},
    **{
        f"GET /v1/workgroups/{{wg}}/{log}": {"ada", "max", "otto"}
        for log in ("journal", "journal.xlsx", "usage", "usage.xlsx")
    },
    "POST /v1/workgroups/{wg}/projects": {"ada", "max", "amy", "worker"},
    "PATCH /v1/workgroups/{wg}/projects/{project_id}": {"ada", "max", "amy"},
    "DELETE /v1/workgroups/{wg}/projects/{project_id}": {"ada", "max", "amy"},
    "POST /v1/workgroups/{wg}/coverage": {"ada", "max", "amy", "worker", "otto"},
    "PUT /v1/workgroups/{wg}/entitlements/{proxy+}": {"ada", "max", "amy"},
    "DELETE /v1/workgroups/{wg}/entitlements/{proxy+}": {"ada", "max", "amy"},
}
CALLERS = {"ada", "max", "amy", "worker"}


def permitted(key: str) -> set[str]:
    """Who may call a route, by the table of docs/roles.md."""
    reading = {"otto"} if key.startswith("GET") else set()
    if "/orders" in key:
        return {"ada", "max"} | reading
    of_runs = {"platform"} if "/runs" in key else set()
    return PERMITTED.get(key, CALLERS | reading | of_runs)


@pytest.mark.parametrize("key", ROUTES)
def test_each_route_lets_in_the_roles_of_the_table_and_refuses_the_others(world: World, key: str) -> None:
    method, path = path_of(key, NORTHWIND)
    body = None if method == "GET" else {"nonsense": 1}

    let_in = {
        who
        for who in ("ada", "max", "amy", "worker", "platform", "otto")
        if world.call(method, path, who, json=body, key="one").status != 403
    }

    assert let_in == permitted(key)


def test_an_operators_look_at_the_security_log_is_in_it(world: World) -> None:
    world.grant("mailbox-migration", 1)
    world.pump()

    answer = world.call("GET", "journal", "otto")

    assert answer.status == 200
    world.pump()
    newest = world.call("GET", "journal?kind=security-log.read", "ada").body["items"]
    assert [(entry["actor"], entry["changes"]) for entry in newest] == [
        ("otto", [{"field": "route", "before": None, "after": "GET journal"}])
    ]


@pytest.mark.parametrize("wg", ["wg_" + "0" * 32, "x" * 3000, "wg_x"])
def test_who_is_at_home_everywhere_finds_nothing_where_nothing_is(world: World, wg: str) -> None:
    project = "prj_" + "0" * 32

    for path in ("journal", "packs", "balance", "projects", f"projects/{project}/runs"):
        assert world.call("GET", f"/v1/workgroups/{wg}/{path}", "otto").slug == "not-found"
    assert world.call("GET", f"/v1/workgroups/{wg}/projects/{project}/runs", "platform").slug == "not-found"
    assert world.call("GET", f"projects/{'x' * 3000}/runs", "platform").slug == "not-found"


@pytest.mark.parametrize("groups", ["operators", "not-operators", {"operators": 1}, 7, ["others"], None])
def test_only_a_list_of_groups_that_has_it_makes_an_operator(world: World, groups: object) -> None:
    token = access_token("nobody", **{"cognito:groups": groups})  # type: ignore[arg-type]  # no keyword has a colon

    assert me(world, token).body["kind"] == "member"


@pytest.mark.parametrize("subject", ["", "x" * 129, "a b", "é"])
def test_a_subject_that_is_no_name_is_refused(world: World, subject: str) -> None:
    assert me(world, access_token(subject)).status == 401


def test_the_authorizer_hands_on_only_what_json_and_the_gateway_can_carry(world: World) -> None:
    event = world.gateway.event("GET", "/v1/me", token=world.token("ada"))

    verdict = handler_of("AuthorizerFunction")(event, context())

    assert (
        gateway.json_of(verdict)
        == verdict
        == {
            "isAuthorized": True,
            "context": {"principal": "ada", "kind": "member", "workgroups": {NORTHWIND: "administrator"}},
        }
    )


def test_nothing_of_a_token_is_logged(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    forged = access_token("ada", iss="https://elsewhere.example")
    for token in (forged, world.token("worker") + "0"):
        me(world, token)

    printed = capsys.readouterr()
    payload = base64.urlsafe_b64encode(json.dumps({"sub": "ada"}).encode()).decode()[:8]
    assert forged not in printed.out + printed.err
    assert people.api_key(WORKER_KEY) not in printed.out + printed.err
    assert payload not in printed.out + printed.err

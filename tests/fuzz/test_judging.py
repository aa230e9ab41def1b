"""The judge itself: each kind of wrong answer is told, and a right one isn't."""

import json
from typing import Any

import pytest

from tests.fuzz import document
from tests.fuzz.asking import Ask
from tests.fuzz.judging import Judge
from tests.fuzz.stock import Caller, Tenant
from tests.stack.running import Answer

NORTHWIND = Tenant(name="Northwind", wg="wg_n", owner="", marks={"wg_n", "prj_n"})
CONTOSO = Tenant(name="Contoso", wg="wg_c", owner="", marks={"wg_c", "prj_c"})
ADA = Caller(name="Ada", authorization="Bearer a", workgroups=frozenset({"wg_n"}))
OLGA = Caller(name="Olga", authorization="Bearer o", sees_all=True)
ME = {"principal": "ada", "kind": "member", "workgroups": [{"workgroup_id": "wg_n", "name": "N", "role": "manager"}]}
NOT_FOUND = {
    "type": "https://packhouse.example/problems/not-found",
    "title": "Not found",
    "status": 404,
    "detail": "There is nothing here that you may see.",
    "instance": "1",
}


def complaints(*answers: Answer, label: str = "GET /v1/me", path: str = "/v1/me", caller: Caller = ADA) -> list[str]:
    judge = Judge([NORTHWIND, CONTOSO])
    headers = {"Authorization": caller.authorization} if caller.authorization else {}
    ask = Ask(method="GET", path=path, headers=headers, body=None, caller=caller)
    return [told for answer in answers for told in judge.complaints(document.operation(label), ask, answer)]


def answer(status: int, body: Any, media_type: str | None = None) -> Answer:  # noqa: ANN401  # any JSON
    media_type = media_type or ("application/json" if status < 400 else "application/problem+json")
    sent = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
    return Answer(status, {"content-type": media_type}, sent)


def problem(status: int, slug: str, **members: object) -> dict[str, object]:
    return {**NOT_FOUND, "type": f"https://packhouse.example/problems/{slug}", "status": status, **members}


def test_an_answer_as_documented_is_none_to_complain_of() -> None:
    assert complaints(answer(200, ME)) == []
    assert complaints(answer(401, problem(401, "unauthenticated", reason="x"))) == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (answer(204, b""), "204 isn't documented"),
        (answer(200, {**ME, "secret": 1}), "secret"),
        (answer(200, {**ME, "kind": "god"}), "god"),
        (answer(200, {"principal": "ada", "kind": "member"}), "workgroups"),
        (answer(200, b"{"), "JSON"),
        (answer(200, ME, "text/html"), "text/html"),
        (answer(500, problem(500, "internal-error")), "something broke"),
        (answer(502, {"message": "Internal Server Error"}, "application/json"), "502 isn't documented"),
        (answer(401, problem(401, "unauthenticated"), "application/json"), "application/json"),
        (answer(401, problem(401, "not-permitted")), "not-permitted isn't documented"),
        (answer(401, problem(400, "unauthenticated")), "400"),
        (answer(401, problem(401, "unauthenticated", instance="")), "no instance"),
        (answer(401, {"message": "Unauthorized"}, "application/json"), "application/json"),
        (answer(401, problem(401, "unauthenticated", detail="Traceback (most recent call last)")), "Traceback"),
    ],
)
def test_what_is_not_as_documented_is_told(wrong: Answer, told: str) -> None:
    assert any(told in one for one in complaints(wrong)), complaints(wrong)


@pytest.mark.parametrize("missing", ["type", "title", "status", "detail", "instance"])
def test_a_problem_has_all_its_members(missing: str) -> None:
    members = {name: value for name, value in problem(401, "unauthenticated").items() if name != missing}

    assert complaints(answer(401, members)) != []


def test_the_gateways_own_answers_are_taken_where_it_gives_them() -> None:
    nobody = Caller(name="nobody", authorization=None)
    unauthorized = answer(401, {"message": "Unauthorized"}, "application/json")
    unrouted = answer(404, {"message": "Not Found"}, "application/json")
    label = "GET /v1/workgroups/{wg}/packs"

    assert complaints(unauthorized, caller=nobody) == []
    assert complaints(unrouted, label=label, path="/v1/workgroups/a%2Fb/packs") == []
    assert complaints(unrouted, label=label, path="/v1/workgroups/wg_n/packs?limit=1") != []


def test_a_404_that_can_be_told_from_another_is_told() -> None:
    label, path = "GET /v1/workgroups/{wg}/packs", "/v1/workgroups/wg_n/packs"
    other = {**NOT_FOUND, "detail": "Not yours."}

    assert complaints(answer(404, NOT_FOUND), label=label, path=path) == []
    assert complaints(answer(404, other), label=label, path=path) == ["its 404 can be told from others"]


def test_what_is_anothers_alone_is_told_unless_it_was_sent() -> None:
    shown = answer(200, {**ME, "principal": "prj_c"})

    assert complaints(shown) == ["it shows what is Contoso's alone, prj_c"]
    assert complaints(shown, path="/v1/me?project=prj%5Fc") == []
    assert complaints(shown, caller=OLGA) == []


def test_a_stranger_who_is_answered_is_told() -> None:
    label, balance = "GET /v1/workgroups/{wg}/balance", answer(200, {"license_types": []})

    assert complaints(balance, label=label, path="/v1/workgroups/wg_n/balance") == []
    assert complaints(balance, label=label, path="/v1/workgroups/wg_c/balance", caller=OLGA) == []
    assert complaints(balance, label=label, path="/v1/workgroups/wg%5Fc/balance") == ["Contoso answers a stranger"]

"""Asks an operation of a description whatever schemathesis makes of it, and keeps what is wrong with the answers."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, CheckContext, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

COMPLAINTS_MAX = 5
"""So many kinds of complaint are told of one operation, each with the first request that met it."""
SHOWN = 500
SPOILED = (b"{", b"[]", b"null", b"\xff", b'{"a": 1, "a": 2}', b"[" * 60_000, b" " * 65_537)
SPOILED_ONE_IN = 10
METHODS_WITH_BODY = ("POST", "PUT", "PATCH")

type Description = Mapping[str, Any]
type Words = Mapping[str, Any]
"""The schema of what is really there, by the name that paths, queries and bodies have for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    name: str
    session: requests.Session
    """Says in the headers of each request who asks."""
    workgroups: Sequence[str] | None = ()
    """Those that may answer it; all, where none are named."""


@dataclass(slots=True)
class Told:
    """What an operation answered to all that it was asked."""

    label: str
    statuses: Counter[int] = field(default_factory=Counter)
    complaints: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        counted = ", ".join(f"{status}: {number}" for status, number in sorted(self.statuses.items()))
        wrong = [f"\n  WRONG: {complaint}" for complaint in self.complaints.values()]
        return f"{self.label} - {self.statuses.total()} cases - {counted}{''.join(wrong)}"

    def finish(self) -> None:
        """An operation that never did what it is for wasn't tried, whatever else it answered."""
        if not any(HTTPStatus(status).is_success for status in self.statuses):
            self.complaints["blind"] = "the fuzz was blind: no 2xx"


def labels(description: Description) -> list[str]:
    """Every operation there is, `METHOD /path`."""
    return [f"{method.upper()} {path}" for path, item in description["paths"].items() for method in item]


def ask(
    label: str,
    description: Description,
    words: Words,
    callers: Sequence[Caller],
    *,
    api: str,
    examples: int,
    number: int,
) -> Told:
    """Ask so many times; the same number makes the same requests, but for the stack's own ids and tokens."""
    told = Told(label)
    method = label.partition(" ")[0]
    spoiled = st.sampled_from(SPOILED) if method in METHODS_WITH_BODY else st.none()

    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=cases(label, description, words),
        caller=st.sampled_from(callers),
        body=st.one_of(*[st.none()] * (SPOILED_ONE_IN - 1), spoiled),
    )
    def ask_once(case: Case[Any], caller: Caller, body: bytes | None) -> None:
        if len(told.complaints) < COMPLAINTS_MAX:
            _ask(case, caller, body, api, told)

    ask_once()
    told.finish()
    return told


def cases(label: str, description: Description, words: Words) -> st.SearchStrategy[Case[Any]]:
    """Half of them speak of what is there; the others follow the description alone, or break it."""
    real = _operation(label, with_words(description, words))
    described = _operation(label, with_words(description, words, in_paths_alone=True))
    kinds = [real.as_strategy(), real.as_strategy(), described.as_strategy()]
    if real.body or any(True for _ in real.iter_parameters()):
        kinds.append(real.as_strategy(GenerationMode.NEGATIVE))
    return st.one_of(kinds)


def with_words(description: Description, words: Words, *, in_paths_alone: bool = False) -> dict[str, Any]:
    """The description of what is really there, and read strictly: what an object isn't said to have, it has not."""
    whole: dict[str, Any] = json.loads(json.dumps(description))
    for item in whole["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] in words and (parameter["in"] == "path" or not in_paths_alone):
                    parameter["schema"] = words[parameter["name"]]
    for schema in whole.get("components", {}).get("schemas", {}).values():
        properties = schema.get("properties", {})
        if schema.get("additionalProperties") is not False:
            schema.setdefault("additionalProperties", not properties)
        elif not in_paths_alone:  # only what a request is made of forbids other members
            properties.update({name: words[name] for name in properties if name in words})
    return whole


def _operation(label: str, description: Description) -> APIOperation[Any, Any, Any, Any]:
    method, _, path = label.partition(" ")
    operation: APIOperation[Any, Any, Any, Any] = schemathesis.openapi.from_dict(dict(description))[path][method]
    return operation


def _ask(case: Case[Any], caller: Caller, body: bytes | None, api: str, told: Told) -> None:
    instead = {} if body is None else {"data": body, "headers": {"Content-Type": "application/json"}}
    response = case.call(api, caller.session, **instead)
    told.statuses[response.status_code] += 1
    if gateways_own(case, response):
        return
    for failure in _failures(case, response, caller):
        asked = f"{caller.name}: {case.method} {response.request.url} {str(response.request.body)[:SHOWN]}"
        answered = f"{response.status_code} {response.text[:SHOWN]}"
        told.complaints.setdefault(
            f"{response.status_code} {failure.title}",
            f"{failure.title}: {failure.message}\n    {asked}\n    {answered}",
        )


def _failures(case: Case[Any], response: Response, caller: Caller) -> Sequence[Failure]:
    def no_stranger_is_answered(_: CheckContext, response: Response, case: Case[Any]) -> None:
        asked_of = str((case.path_parameters or {}).get("wg", ""))
        theirs = not asked_of or caller.workgroups is None or asked_of in caller.workgroups
        if not theirs and response.status_code < HTTPStatus.BAD_REQUEST:
            raise _failure(case, "A stranger is answered", f"{caller.name} isn't of {asked_of}")

    try:
        case.validate_response(
            response,
            checks=[
                not_a_server_error,
                status_code_conformance,
                content_type_conformance,
                response_schema_conformance,
                documented_problem,
                no_stranger_is_answered,
            ],
        )
    except FailureGroup as group:
        return [failure for failure in group.exceptions if isinstance(failure, Failure)]
    except Failure as failure:
        return [failure]
    return []


def documented_problem(_: CheckContext, response: Response, case: Case[Any]) -> None:
    """A refusal is of a kind that the description names for its status."""
    described = case.operation.definition.raw["responses"].get(str(response.status_code), {}).get("description", "")
    if response.status_code < HTTPStatus.BAD_REQUEST or not described:
        return
    problem = _json(response)
    slug = str(problem.get("type") if isinstance(problem, dict) else problem).rpartition("/")[2]
    if f"`{slug}`" not in described:
        raise _failure(case, "Undocumented problem", f"{slug} isn't among {described}")
    if problem["status"] != response.status_code:
        raise _failure(case, "Two statuses", f"the problem says {problem['status']}")


def gateways_own(case: Case[Any], response: Response) -> bool:
    """API Gateway answers by itself who brings no token, and what no route serves (docs: problems)."""
    message = {401: "Unauthorized", 404: "Not Found"}.get(response.status_code)
    if message is None or _json(response) != {"message": message}:
        return False
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        return not response.request.headers.get("Authorization")
    path = unquote(urlsplit(str(response.request.url)).path, errors="replace")
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", case.operation.path), path) is None


def _failure(case: Case[Any], title: str, message: str) -> Failure:
    return Failure(operation=case.operation.label, title=title, message=message)


def _json(response: Response) -> Any:  # noqa: ANN401  # any JSON
    try:
        return response.json()
    except ValueError:
        return None

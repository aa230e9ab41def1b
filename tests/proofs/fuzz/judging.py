"""What every answer must be, whatever was asked: schemathesis' checks, and what only Packhouse can say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from schemathesis import Case, CheckContext, Response
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    name: str
    session: requests.Session
    """Says in each request who asks."""
    workgroups: Sequence[str] | None = ()
    """Those that may answer it; all, if it is None."""


def complaints(case: Case[Any], response: Response, caller: Caller) -> list[str]:
    """Everything that is wrong with an answer, `what: how`."""

    def no_stranger_is_answered(_: CheckContext, response: Response, case: Case[Any]) -> None:
        wg = case.path_parameters.get("wg")
        answered = wg is not None and response.status_code < HTTPStatus.BAD_REQUEST
        if answered and caller.workgroups is not None and wg not in caller.workgroups:
            raise _failure(case, "A stranger is answered", f"{caller.name} isn't of {wg}")

    checks = [
        not_a_server_error,
        status_code_conformance,
        content_type_conformance,
        response_schema_conformance,
        is_a_documented_problem,
        no_stranger_is_answered,
    ]
    if _gateways_own(case, response):
        return []
    try:
        case.validate_response(response, checks)
    except (Failure, FailureGroup) as failed:
        failures = failed.exceptions if isinstance(failed, FailureGroup) else [failed]
        return [f"{failure.title}: {failure.message.partition('\n\n')[0]}" for failure in failures]
    return []


def is_a_documented_problem(_: CheckContext, response: Response, case: Case[Any]) -> None:
    """A refusal is of a kind that the description names for its status."""
    described = case.operation.definition.raw["responses"].get(str(response.status_code))
    if response.status_code < HTTPStatus.BAD_REQUEST or described is None:
        return
    problem = _json(response)
    if not isinstance(problem, dict):
        raise _failure(case, "No problem", "a refusal is an object")
    slug = str(problem.get("type")).rpartition("/")[2]
    if f"`{slug}`" not in described["description"]:
        raise _failure(case, "Undocumented problem", f"{slug} isn't among {described['description']}")
    if problem.get("status") != response.status_code:
        raise _failure(case, "Two statuses", f"the problem's is {problem.get('status')}")


def _gateways_own(case: Case[Any], response: Response) -> bool:
    """API Gateway answers by itself who brings no token, and what no route serves (docs/problems.md)."""
    message = {HTTPStatus.UNAUTHORIZED: "Unauthorized", HTTPStatus.NOT_FOUND: "Not Found"}.get(
        HTTPStatus(response.status_code)
    )
    if message is None or _json(response) != {"message": message}:
        return False
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        return not response.request.headers.get("Authorization")
    path = unquote(urlsplit(str(response.request.url)).path, errors="replace")
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", case.operation.path), path) is None


def _failure(case: Case[Any], title: str, message: str) -> Failure:
    return Failure(operation=case.operation.label, title=title, message=message)


def _json(response: Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None

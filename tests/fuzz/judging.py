"""What every answer must be, whatever was asked."""

import json
import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from packhouse.errors import NotFound
from packhouse.web import problems
from tests.fuzz.asking import Ask
from tests.fuzz.document import Operation
from tests.fuzz.stock import Tenant
from tests.stack.running import Answer

INSTANCE = re.compile(rb'"instance":"[^"]+"')
NOT_FOUND = json.dumps(problems.problem(NotFound(), instance=""), separators=(",", ":")).encode()
"""The one 404 there is, whatever isn't there or isn't the caller's."""
INSIDES = ("Traceback (most recent call last)", 'File "/', "site-packages", "pydantic.dev", "botocore", "DynamoDB")
"""What an answer would show if it told how it was made."""


class Judge:
    def __init__(self, tenants: Sequence[Tenant]) -> None:
        self._tenants = tenants

    def complaints(self, operation: Operation, ask: Ask, answer: Answer) -> Iterator[str]:
        """Everything that is wrong with an answer, a sentence each."""
        if not _gateways_own(operation, ask, answer):
            yield from _undocumented(operation, answer)
            if answer.status >= HTTPStatus.BAD_REQUEST:
                yield from _no_problem(operation, answer)
            if answer.status == HTTPStatus.NOT_FOUND and INSTANCE.sub(b'"instance":""', answer.body) != NOT_FOUND:
                yield "its 404 can be told from others"
        yield from self._of_others(ask, answer)
        yield from (f"it shows {inside!r}" for inside in INSIDES if inside.encode() in answer.body)

    def _of_others(self, ask: Ask, answer: Answer) -> Iterator[str]:
        """What is another tenant's, and didn't come from the caller."""
        if ask.caller.sees_all:
            return
        body, path = answer.body.decode(errors="replace"), unquote(ask.path, errors="replace")
        sent = f"{path} {(ask.body or b'').decode(errors='replace')}"
        for tenant in self._tenants:
            if tenant.wg not in ask.caller.workgroups:
                if f"/{tenant.wg}/" in f"{path.partition('?')[0]}/" and answer.status < HTTPStatus.BAD_REQUEST:
                    yield f"{tenant.name} answers a stranger"
                if shown := [mark for mark in sorted(tenant.marks) if mark in body and mark not in sent]:
                    yield f"it shows what is {tenant.name}'s alone, {shown[0]}"


def _undocumented(operation: Operation, answer: Answer) -> Iterator[str]:
    if answer.status not in operation.slugs:
        yield f"{answer.status} isn't documented"
    elif (media_type := answer.headers.get("content-type")) not in operation.media_types[answer.status]:
        yield f"{answer.status} as {media_type} isn't documented"
    elif (complaint := operation.complaint(answer)) is not None:
        yield complaint
    if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        yield "something broke"


def _no_problem(operation: Operation, answer: Answer) -> Iterator[str]:
    """A refusal is a problem of a documented kind, with the status it came with."""
    problem = _json(answer.body)
    if not isinstance(problem, dict):
        yield "a refusal that is no object"
        return
    slug = str(problem.get("type")).rpartition("/")[2]
    if slug not in operation.slugs.get(answer.status, [slug]):
        yield f"{slug} isn't documented as a {answer.status}"
    if problem.get("status") != answer.status:
        yield f"its status says {problem.get('status')}"
    if not problem.get("instance"):
        yield "no instance"


def _gateways_own(operation: Operation, ask: Ask, answer: Answer) -> bool:
    """API Gateway answers by itself who brings no token, and what no route serves (docs: problems)."""
    message = {401: "Unauthorized", 404: "Not Found"}.get(answer.status)
    if message is None or _json(answer.body) != {"message": message}:
        return False
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return not ask.headers.get("Authorization")
    return not operation.routes(unquote(ask.path.partition("?")[0], errors="replace"))


def _json(body: bytes) -> Any:  # noqa: ANN401  # any JSON
    try:
        return json.loads(body)
    except ValueError:
        return None

"""openapi.json as the fuzz reads it: what may be asked of each operation, and what it may answer."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Err
from schemathesis.core.transport import Response
from schemathesis.schemas import APIOperation

from tests.stack.running import ROOT, Answer

OPENAPI = ROOT / "functions" / "checkout" / "openapi.json"
METHODS = ("get", "put", "post", "patch", "delete")
KEY_HEADER = "Idempotency-Key"
SLUG = re.compile(r"`([a-z0-9-]+)`")
PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    label: str
    method: str
    path: str
    query: frozenset[str]
    """The names of what may stand in its query."""
    takes_body: bool
    takes_key: bool
    slugs: Mapping[int, frozenset[str]]
    """Each status it may answer, with the problems that have it."""
    media_types: Mapping[int, frozenset[str]]
    """And what each may come as."""
    _read: APIOperation[Any, Any, Any, Any]

    @property
    def parameters(self) -> list[str]:
        """The names of what is open in its path."""
        return PARAMETER.findall(self.path)

    def routes(self, path: str) -> bool:
        """Whether a decoded path is one of this operation's."""
        return re.fullmatch(PARAMETER.sub("[^/]+", self.path), path) is not None

    def generated(self) -> st.SearchStrategy[Case[Any]]:
        """Cases whose query and body follow the description, most of them, or don't."""
        path = dict.fromkeys(self.parameters, "0")
        # Who asks, under which key, and of which ids, is decided elsewhere.
        headers = {"Authorization": "0", KEY_HEADER: "0"} if self.takes_key else {"Authorization": "0"}
        follows, breaks = (
            self._read.as_strategy(mode, path_parameters=path, headers=headers) for mode in GenerationMode
        )
        return st.one_of(follows, follows, follows, breaks)

    def complaint(self, answer: Answer) -> str | None:
        """What in an answer isn't as described."""
        headers = {name: [value] for name, value in answer.headers.items()}
        response = Response(answer.status, headers, answer.body, requests.PreparedRequest(), 0.0, verify=False)
        try:
            self._read.validate_response(response)
        except Failure as failure:
            return _first_paragraph(failure)
        except FailureGroup as group:
            return "; ".join(map(_first_paragraph, group.exceptions))
        return None


@cache
def document() -> Mapping[str, Any]:
    described: Mapping[str, Any] = json.loads(OPENAPI.read_text())
    return described


def labels() -> list[str]:
    """Every operation there is, `METHOD /path`."""
    return [
        f"{method.upper()} {path}" for path, item in document()["paths"].items() for method in METHODS if method in item
    ]


@cache
def operation(label: str) -> Operation:
    read = _all_read()[label]
    method, path = label.split(" ")
    described = document()["paths"][path][method.lower()]
    parameters = described.get("parameters", [])
    answers = {int(status): answer for status, answer in described["responses"].items()}
    return Operation(
        label=label,
        method=method,
        path=path,
        query=frozenset(one["name"] for one in parameters if one["in"] == "query"),
        takes_body="requestBody" in described,
        takes_key=any(one["name"] == KEY_HEADER for one in parameters),
        slugs={status: frozenset(SLUG.findall(answer["description"])) for status, answer in answers.items()},
        media_types={status: frozenset(answer.get("content", ())) for status, answer in answers.items()},
        _read=read,
    )


@cache
def _all_read() -> Mapping[str, APIOperation[Any, Any, Any, Any]]:
    read = {}
    for found in schemathesis.openapi.from_dict(_closed(document())).get_all_operations():
        if isinstance(found, Err):
            raise found.err()
        read[found.ok().label] = found.ok()
    return read


def _first_paragraph(failure: BaseException) -> str:
    text = failure.message if isinstance(failure, Failure) else str(failure)
    return text.partition("\n\n")[0]


def _closed(described: Mapping[str, Any]) -> dict[str, Any]:
    """The description, read strictly: what an object is not said to have, it has not."""
    whole: dict[str, Any] = json.loads(json.dumps(described))
    for schema in whole["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return whole

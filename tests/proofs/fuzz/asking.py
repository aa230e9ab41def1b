"""Asks an operation of a description whatever schemathesis makes of it, and keeps what is wrong with the answers."""

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode

from tests.proofs.fuzz.judging import Caller, complaints

COMPLAINTS_MAX = 5
"""So many kinds of complaint are told of one operation, each with the first request that met it."""
SHOWN = 500
SPOILED = (b"{", b"[]", b"null", b"\xff", b'{"a": 1, "a": 2}', b"[" * 60_000, b" " * 65_537)
SPOILED_ONE_IN = 10
AS_DESCRIBED = "x-as-described"
"""Marks an operation that is asked nothing that breaks its description."""

type Description = Mapping[str, Any]
type Words = Mapping[str, Any]
"""The schemas of what is really there, by the names that paths, queries and bodies have for it."""


@dataclass(slots=True)
class Told:
    """What an operation answered to all that it was asked."""

    label: str
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        counted = ", ".join(f"{status}: {number}" for status, number in sorted(self.statuses.items()))
        wrong = [f"\n  WRONG: {complaint}" for complaint in self.wrong.values()]
        return f"{self.label} - {self.statuses.total()} cases - {counted}{''.join(wrong)}"


def labels(description: Description) -> list[str]:
    """Every operation there is, `METHOD /path`."""
    return [f"{method.upper()} {path}" for path, item in description["paths"].items() for method in item]


def ask(
    description: Description,
    label: str,
    words: Words,
    callers: Sequence[Caller],
    *,
    api: str,
    examples: int,
    number: int,
) -> Told:
    """Ask so many times, and tell of it; the same number asks the same again, but for the stack's ids and tokens."""
    told = Told(label)

    @seed(f"{number} {label}")
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=_cases(description, label, words),
        caller=st.sampled_from(callers),
        spoiled=st.one_of(*[st.none()] * (SPOILED_ONE_IN - 1), st.sampled_from(SPOILED)),
    )
    def ask_once(case: Case[Any], caller: Caller, spoiled: bytes | None) -> None:
        if len(told.wrong) < COMPLAINTS_MAX:
            _ask(case, caller, spoiled, api, told)

    ask_once()
    if not any(HTTPStatus(status).is_success for status in told.statuses):
        told.wrong["blind"] = "the fuzz was blind: no 2xx"
    sys.stdout.write(f"{told}\n")
    sys.stdout.flush()
    return told


def _cases(description: Description, label: str, words: Words) -> st.SearchStrategy[Case[Any]]:
    """Half of them speak of what is there; the others follow the description alone, or break it."""
    real = _operation(_with_words(description, words), label)
    described = _operation(_with_words(description, words, in_paths_alone=True), label)
    kinds = [real.as_strategy(), real.as_strategy(), described.as_strategy()]
    if (real.body or any(True for _ in real.iter_parameters())) and AS_DESCRIBED not in real.definition.raw:
        kinds.append(real.as_strategy(GenerationMode.NEGATIVE))
    return st.one_of(kinds)


def _with_words(description: Description, words: Words, *, in_paths_alone: bool = False) -> dict[str, Any]:
    """The description of what is really there, and read strictly: what an object isn't said to have, it has not."""
    whole: dict[str, Any] = json.loads(json.dumps(description))
    for item in whole["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] in words and (parameter["in"] == "path" or not in_paths_alone):
                    parameter["schema"] = words[parameter["name"]]
    for schema in whole["components"]["schemas"].values():
        properties = schema.get("properties", {})
        of_requests = schema.get("additionalProperties") is False
        if of_requests and not in_paths_alone:
            properties.update({name: words[name] for name in properties if name in words})
        elif properties:
            schema.setdefault("additionalProperties", False)
    return whole


def _operation(description: dict[str, Any], label: str) -> APIOperation[Any, Any, Any, Any]:
    method, _, path = label.partition(" ")
    schema = schemathesis.openapi.from_dict(description)
    schema.config.generation.update(with_security_parameters=False)  # who asks is the caller's to say
    operation: APIOperation[Any, Any, Any, Any] = schema[path][method]
    return operation


def _ask(case: Case[Any], caller: Caller, spoiled: bytes | None, api: str, told: Told) -> None:
    if spoiled is None:
        response = case.call(api, caller.session)
    else:
        response = case.call(api, caller.session, {"Content-Type": "application/json"}, data=spoiled)
    told.statuses[response.status_code] += 1
    for complaint in complaints(case, response, caller):
        asked = f"{caller.name}: {case.method} {response.request.url} {str(response.request.body)[:SHOWN]}"
        kind = f"{response.status_code} {complaint.partition(':')[0]}"
        told.wrong.setdefault(kind, f"{complaint}\n    {asked}\n    {response.status_code} {response.text[:SHOWN]}")

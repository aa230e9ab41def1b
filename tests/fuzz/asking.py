"""Requests to an operation: real ids and words, mixed with a stranger's, with absent ones, and with any nonsense."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core import NotSet

from tests.fuzz import oddities
from tests.fuzz.document import KEY_HEADER, PARAMETER, Operation
from tests.fuzz.stock import Caller, Place, Stock, Tenant
from tests.fuzz.words import Words, words

type Draw = Callable[[st.SearchStrategy[Any]], Any]

REUSED_KEYS = ("again-1", "again-2", "again-3")
RECENT = 24
"""So many of a tenant's newest ids are asked for more often than its others."""
OWN_PERCENT = 80
"""So often an id in a path is the one that belongs there."""
SHOWN = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request, as it goes over the wire."""

    method: str
    path: str
    """With its query."""
    headers: Mapping[str, str]
    body: bytes | None
    caller: Caller

    def told(self) -> str:
        named = {name: value for name, value in self.headers.items() if name != "Authorization"}
        body = "" if self.body is None else f" {_short(self.body)}"
        return f"{self.method} {_short(self.path)} by {self.caller.name} {named}{body}"


def asks(operation: Operation, stock: Stock) -> st.SearchStrategy[Ask]:
    generated = {mode: operation.generated(mode) for mode in GenerationMode}
    describes = bool(operation.query or operation.takes_body)

    @st.composite
    def ask(draw: Draw) -> Ask:
        tenant = draw(st.sampled_from(stock.tenants))
        place = draw(_places(tenant, operation.parameters))
        names = words(stock, tenant, place)
        follows = draw(st.sampled_from([True] * 3 + [False]))
        mode = GenerationMode.POSITIVE if follows else GenerationMode.NEGATIVE
        case = draw(generated[mode]) if describes else None
        caller = draw(_callers(stock, tenant))
        path = "".join(_segments(draw, operation.path, place, names, stock, tenant))
        query = _query(draw, operation, case, names)
        body = _body(draw, operation, case, names)
        headers = _headers(draw, operation, has_body=body is not None)
        if caller.authorization is not None:
            headers["Authorization"] = caller.authorization
        whole = f"{path}?{query}" if query else path
        return Ask(method=operation.method, path=whole, headers=headers, body=body, caller=caller)

    return ask()


def _chance(draw: Draw, percent: int) -> bool:
    return bool(draw(st.integers(0, 99)) < percent)


def _places(tenant: Tenant, names: Sequence[str]) -> st.SearchStrategy[Place]:
    """Ids of one tenant that belong together; a name that nothing was made for stays open."""
    found = tenant.at(*names) or [{"wg": tenant.wg}]
    return st.sampled_from(found) | st.sampled_from(found[-RECENT:])


def _callers(stock: Stock, tenant: Tenant) -> st.SearchStrategy[Caller]:
    own = st.sampled_from([caller for caller in stock.callers if tenant.wg in caller.workgroups])
    owner = st.sampled_from([caller for caller in stock.callers if caller.authorization == f"Bearer {tenant.owner}"])
    return st.one_of(owner, own, own, st.sampled_from(stock.callers))


def _segments(draw: Draw, path: str, place: Place, names: Words, stock: Stock, tenant: Tenant) -> list[str]:
    """The path with every parameter filled in, percent-encoded."""
    parts = PARAMETER.split(path)
    for number in range(1, len(parts), 2):
        name = parts[number]
        own = place.get(name) or (str(draw(names[name])) if name in names else None)
        foreign = [one for other in stock.tenants if other is not tenant for one in other.ids(name)]
        parts[number] = draw(_segment(quote(own, safe=""), foreign) if own else _nonsense())
    return parts


def _segment(own: str, foreign: Sequence[str]) -> st.SearchStrategy[str]:
    absent = f"{own[:-4]}ffff"  # could be one, and isn't
    almost = [own[:-1], f"{own}0", own.upper(), f"{own}%20", f"{own}%00", f"{own}%0A", f"%20{own}"]
    odd = [st.sampled_from(foreign or [absent]), st.just(absent), st.sampled_from(almost), _nonsense()]
    return st.integers(0, 99).flatmap(lambda number: st.just(own) if number < OWN_PERCENT else st.one_of(odd))


def _nonsense() -> st.SearchStrategy[str]:
    return st.sampled_from(oddities.SEGMENTS) | st.text(max_size=40).map(
        lambda text: quote(text, safe="", errors="replace")
    )


def _query(draw: Draw, operation: Operation, case: Case[Any] | None, names: Words) -> str:
    kind = draw(st.sampled_from(["none", "real", "real", "described", "odd value", "odd"]))
    if kind == "odd":
        return str(draw(st.sampled_from(oddities.QUERIES)))
    if not operation.query or kind == "none" or case is None:
        return ""
    if kind == "odd value":
        name = draw(st.sampled_from(sorted(operation.query)))
        return f"{name}={draw(st.sampled_from(oddities.VALUES))}"
    query: dict[str, Any] = dict(case.query)
    if kind == "real":
        query = {name: draw(names[name]) if name in names else value for name, value in query.items()}
    return urlencode([pair for name, value in query.items() for pair in _pairs(name, value)], errors="replace")


def _pairs(name: str, value: Any) -> list[tuple[str, str]]:  # noqa: ANN401  # any JSON
    if isinstance(value, list):
        return [pair for one in value for pair in _pairs(name, one)]
    return [(name, value if isinstance(value, str) else json.dumps(value))]


def _body(draw: Draw, operation: Operation, case: Case[Any] | None, names: Words) -> bytes | None:
    if not operation.takes_body or case is None:
        return draw(st.sampled_from(oddities.BODIES)) if _chance(draw, 15) else None
    kind = draw(st.sampled_from([*["real"] * 7, *["described"] * 2, *["spoiled"] * 3, *["literal"] * 3, "odd", "none"]))
    if kind == "none" or isinstance(case.body, NotSet):
        return None
    if kind == "odd":
        return bytes(draw(st.sampled_from(oddities.BODIES)))
    return case.body if isinstance(case.body, bytes) else _written(draw, kind, case.body, names)


def _written(draw: Draw, kind: str, described: Any, names: Words) -> bytes:  # noqa: ANN401  # any JSON
    """A generated body, as it is or made to mean something, and of that what becomes of it."""
    if kind == "described":
        return json.dumps(described).encode()
    body = _with_words(draw, described if isinstance(described, dict) else {}, names)
    if kind == "literal":
        path = draw(st.lists(st.integers(0, 50), min_size=1, max_size=4))
        return oddities.with_literal(body, path, draw(st.sampled_from(oddities.LITERALS)))
    text = json.dumps(body, ensure_ascii=False)
    return (
        oddities.SPOILED[draw(st.sampled_from(sorted(oddities.SPOILED)))](text) if kind == "spoiled" else text.encode()
    )


def _with_words(draw: Draw, value: Any, names: Words) -> Any:  # noqa: ANN401  # any JSON
    """A body of the described form, in which what has a name means something."""
    if isinstance(value, list):
        return [_with_words(draw, one, names) for one in value[:20]]
    if not isinstance(value, dict):
        return value
    return {
        name: draw(names[name]) if name in names and _chance(draw, 95) else _with_words(draw, inner, names)
        for name, inner in value.items()
    }


def _headers(draw: Draw, operation: Operation, *, has_body: bool) -> dict[str, str]:
    headers = {}
    if operation.takes_key or _chance(draw, 10):
        kind = draw(st.sampled_from([*["fresh"] * 14, *["reused"] * 3, "odd", "odd", "none"]))
        if kind == "fresh":
            headers[KEY_HEADER] = str(draw(st.uuids()))
        elif kind != "none":
            headers[KEY_HEADER] = draw(st.sampled_from(REUSED_KEYS if kind == "reused" else oddities.KEYS))
    if has_body and not _chance(draw, 3):
        odd = _chance(draw, 5)
        headers["Content-Type"] = draw(st.sampled_from(oddities.MEDIA_TYPES)) if odd else "application/json"
    return headers


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)})"

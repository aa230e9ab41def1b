"""Requests to an operation: real ids and words, mixed with a stranger's, with absent ones, and with any nonsense."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from schemathesis import Case
from schemathesis.core import NotSet

from tests.fuzz import oddities
from tests.fuzz.document import KEY_HEADER, PARAMETER, Operation
from tests.fuzz.stock import Caller, Place, Stock, Tenant
from tests.fuzz.words import Words, words

REUSED_KEYS = ("again-1", "again-2", "again-3")
RECENT = 24
"""So many of a tenant's newest ids are asked for more often than its others."""
OWN_PERCENT = 88
"""So often an id in a path is the one that belongs there."""
ITEMS_MAX = 20
ALPHABETS = ((0x00, 0x7F), (0x20, 0x7E), (0x80, 0x24F), (0x300, 0x36F), (0x2000, 0x206F), (0xD800, 0x10FFFF))
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


def made(operation: Operation, stock: Stock, case: Case[Any] | None, chance: Random) -> Ask:
    """A request with the query and the body of a generated case, as they are or spoiled or made to mean something."""
    tenant = chance.choice(stock.tenants)
    places = tenant.at(*operation.parameters) or [{"wg": tenant.wg}]
    place = chance.choice(chance.choice([places, places[-RECENT:]]))
    names = words(stock, tenant, place)
    path = "".join(_segments(operation, place, names, stock, tenant, chance))
    query = _query(operation, case, names, chance)
    body = _body(operation, case, names, chance)
    caller = _caller(stock, tenant, chance)
    headers = _headers(operation, chance, has_body=body is not None)
    if caller.authorization is not None:
        headers["Authorization"] = caller.authorization
    whole = f"{path}?{query}" if query else path
    return Ask(method=operation.method, path=whole, headers=headers, body=body, caller=caller)


def _happens(percent: int, chance: Random) -> bool:
    return chance.randrange(100) < percent


def _caller(stock: Stock, tenant: Tenant, chance: Random) -> Caller:
    """Its owner, one of its people or keys, or anybody."""
    own = [caller for caller in stock.callers if tenant.wg in caller.workgroups]
    owner = [caller for caller in own if caller.authorization == f"Bearer {tenant.owner}"]
    return chance.choice(chance.choice([owner, own, own, stock.callers]))


def _segments(
    operation: Operation, place: Place, names: Words, stock: Stock, tenant: Tenant, chance: Random
) -> list[str]:
    """The path with every parameter filled in, percent-encoded."""
    parts = PARAMETER.split(operation.path)
    for number in range(1, len(parts), 2):
        name = parts[number]
        own = place.get(name) or (str(names[name](chance)) if name in names else None)
        foreign = [one for other in stock.tenants if other is not tenant for one in other.ids(name)]
        parts[number] = _segment(quote(own, safe=""), foreign, chance) if own else _nonsense(chance)
    return parts


def _segment(own: str, foreign: Sequence[str], chance: Random) -> str:
    if _happens(OWN_PERCENT, chance):
        return own
    absent = f"{own[:-4]}ffff"  # could be one, and isn't
    almost = [own[:-1], f"{own}0", own.upper(), f"{own}%20", f"{own}%00", f"{own}%0A", f"%20{own}"]
    return chance.choice([chance.choice(foreign or [absent]), absent, chance.choice(almost), _nonsense(chance)])


def _nonsense(chance: Random) -> str:
    if _happens(50, chance):
        return chance.choice(oddities.SEGMENTS)
    first, last = chance.choice(ALPHABETS)
    text = "".join(chr(chance.randint(first, last)) for _ in range(chance.randint(1, 40)))
    return quote(text, safe="", errors="replace")


def _query(operation: Operation, case: Case[Any] | None, names: Words, chance: Random) -> str:
    kind = chance.choice(["none", "real", "real", "real", "described", "odd value", "odd"])
    if kind == "odd":
        return chance.choice(oddities.QUERIES)
    if not operation.query or kind == "none" or case is None:
        return ""
    if kind == "odd value":
        return f"{chance.choice(sorted(operation.query))}={chance.choice(oddities.VALUES)}"
    query: dict[str, Any] = dict(case.query)
    if kind == "real":
        if _happens(60, chance):  # one of another list is refused, and nothing else is looked at
            query.pop("cursor", None)
        query = {name: names[name](chance) if name in names else value for name, value in query.items()}
    return urlencode([pair for name, value in query.items() for pair in _pairs(name, value)], errors="replace")


def _pairs(name: str, value: Any) -> list[tuple[str, str]]:  # noqa: ANN401  # any JSON
    if isinstance(value, list):
        return [pair for one in value for pair in _pairs(name, one)]
    return [(name, value if isinstance(value, str) else json.dumps(value))]


def _body(operation: Operation, case: Case[Any] | None, names: Words, chance: Random) -> bytes | None:
    if not operation.takes_body or case is None:
        return chance.choice(oddities.BODIES) if _happens(10, chance) else None
    kind = chance.choice([*["real"] * 12, *["described"] * 2, *["spoiled"] * 2, *["literal"] * 3, "odd", "none"])
    if kind == "none" or isinstance(case.body, NotSet):
        return None
    if kind == "odd":
        return chance.choice(oddities.BODIES)
    return case.body if isinstance(case.body, bytes) else _written(kind, case.body, names, chance)


def _written(kind: str, described: Any, names: Words, chance: Random) -> bytes:  # noqa: ANN401  # any JSON
    if kind == "described":
        return json.dumps(described).encode()
    body = _with_words(described if isinstance(described, dict) else {}, names, chance)
    if kind == "literal":
        path = [chance.randrange(50) for _ in range(chance.randint(1, 4))]
        return oddities.with_literal(body, path, chance.choice(oddities.LITERALS))
    text = json.dumps(body, ensure_ascii=False)
    return oddities.SPOILED[chance.choice(sorted(oddities.SPOILED))](text) if kind == "spoiled" else text.encode()


def _with_words(value: Any, names: Words, chance: Random) -> Any:  # noqa: ANN401  # any JSON
    """A body of the described form, in which what has a name means something."""
    if isinstance(value, list):
        return [_with_words(one, names, chance) for one in value[:ITEMS_MAX]]
    if not isinstance(value, dict):
        return value
    return {
        name: names[name](chance) if name in names else _with_words(inner, names, chance)
        for name, inner in value.items()
    }


def _headers(operation: Operation, chance: Random, *, has_body: bool) -> dict[str, str]:
    headers = {}
    if operation.takes_key or _happens(10, chance):
        kind = chance.choice([*["fresh"] * 16, *["reused"] * 2, "odd", "none"])
        if kind == "fresh":
            headers[KEY_HEADER] = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        elif kind != "none":
            headers[KEY_HEADER] = chance.choice(REUSED_KEYS if kind == "reused" else oddities.KEYS)
    if has_body and not _happens(3, chance):
        odd = _happens(5, chance)
        headers["Content-Type"] = chance.choice(oddities.MEDIA_TYPES) if odd else "application/json"
    return headers


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)})"

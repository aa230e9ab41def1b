"""The log of API requests: each request, whether it kept the contract, and the status of its answer.

It has the names of parameters, never their values, and no API keys.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dev.fake_stripe.books.store import Store

KEPT = 10_000


class Verdict(StrEnum):
    PASSED = "passed"
    """The stripe package's types allow the request."""
    REFUSED = "refused"
    UNCHECKED = "unchecked"
    """Refused before its parameters were read: for its API key, its version or its URL."""


@dataclass(slots=True, kw_only=True)
class Entry:
    id: str
    at: int
    method: str
    path: str
    idempotency_key: str | None = None
    parameters: list[str] = field(default_factory=list)
    verdict: Verdict = Verdict.UNCHECKED
    problem: str | None = None
    """Why it was refused."""
    status: int = 0
    replayed: bool = False
    fault: str | None = None


def write(store: Store, entry: Entry) -> None:
    store.rows("INSERT INTO requests (verdict, entry) VALUES (?, ?)", (entry.verdict, json.dumps(asdict(entry))))
    store.rows("DELETE FROM requests WHERE seq <= (SELECT MAX(seq) FROM requests) - ?", [KEPT])


def read(store: Store) -> dict[str, Any]:
    """The last requests, oldest first, and how many got each verdict."""
    entries = [json.loads(entry) for (entry,) in store.rows("SELECT entry FROM requests ORDER BY seq")]
    counted = dict(store.rows("SELECT verdict, COUNT(*) FROM requests GROUP BY verdict"))
    return {"items": entries, "counts": {verdict.value: counted.get(verdict, 0) for verdict in Verdict}}

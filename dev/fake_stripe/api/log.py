"""The log of API requests: what was asked, what the contract said of it, and what was answered.

It holds names of parameters, never their values, and no keys that open anything.
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
    """It had no key or another version, or no such URL: it didn't get that far."""


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
    """What was wrong with it, if it was refused."""
    status: int = 0
    replayed: bool = False
    fault: str | None = None


def write(store: Store, entry: Entry) -> None:
    store.rows("INSERT INTO requests (verdict, entry) VALUES (?, ?)", (entry.verdict, json.dumps(asdict(entry))))
    store.rows("DELETE FROM requests WHERE seq <= (SELECT MAX(seq) FROM requests) - ?", [KEPT])


def read(store: Store) -> dict[str, Any]:
    """The last requests, oldest first, and how many of them got which verdict."""
    entries = [json.loads(entry) for (entry,) in store.rows("SELECT entry FROM requests ORDER BY seq")]
    counted = dict(store.rows("SELECT verdict, COUNT(*) FROM requests GROUP BY verdict"))
    return {"items": entries, "counts": {verdict.value: counted.get(verdict, 0) for verdict in Verdict}}

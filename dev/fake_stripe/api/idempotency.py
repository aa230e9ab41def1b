"""Idempotency keys: for 24 hours by the stack's clock, the same key and parameters get the same answer."""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dev.fake_stripe.errors import InvalidRequest, KeyInUse, KeyReused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dev.fake_stripe.books.store import Params, Store

KEPT_SECONDS = 24 * 60 * 60
LENGTH_MAX = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """An answer, in the form in which a key keeps it."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)
    worth_remembering: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A request with an idempotency key."""

    key: str
    endpoint: str
    params: Params


class KeysInUse:
    """The keys whose first request is still being answered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: set[str] = set()

    @contextmanager
    def held(self, key: str) -> Iterator[None]:
        """Hold a key. Raises KeyInUse while another request holds it."""
        with self._lock:
            if key in self._keys:
                raise KeyInUse(key)
            self._keys.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard(key)


def checked(key: str) -> str:
    if not (1 <= len(key) <= LENGTH_MAX and key.isascii() and key.isprintable()):
        raise InvalidRequest(f"Idempotency keys have 1 to {LENGTH_MAX} visible ASCII characters.")
    return key


def recalled(store: Store, named: Named, *, now: int) -> Remembered | None:
    """The answer to the key's first request, if there was one. Raises KeyReused if that request was different."""
    store.rows("DELETE FROM idempotency WHERE at <= ?", [now - KEPT_SECONDS])
    found = store.rows("SELECT endpoint, params, status, body, headers FROM idempotency WHERE key = ?", [named.key])
    if not found:
        return None
    endpoint, params, status, body, headers = found[0]
    if (endpoint, params) != (named.endpoint, _fingerprint(named.params)):
        raise KeyReused(named.key, first=endpoint, now=named.endpoint)
    return Remembered(status=status, body=body, headers=json.loads(headers))


def remember(store: Store, named: Named, answer: Remembered, *, now: int) -> None:
    store.rows(
        "INSERT INTO idempotency (key, endpoint, params, at, status, body, headers) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            named.key,
            named.endpoint,
            _fingerprint(named.params),
            now,
            answer.status,
            answer.body,
            json.dumps(answer.headers),
        ),
    )


def _fingerprint(params: Params) -> str:
    return hashlib.sha256(json.dumps(params, sort_keys=True, default=str).encode()).hexdigest()

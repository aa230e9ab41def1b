"""The account's data, in one SQLite file. It survives a restart, and each step is written whole or not at all."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

type Object = dict[str, Any]
"""An object of Stripe's, as its API shows it."""
type Params = dict[str, Any]
"""A request's parameters, checked: nested objects, lists, text, whole numbers, decimals and flags."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, id TEXT NOT NULL UNIQUE, created INTEGER NOT NULL, parent TEXT,
    body TEXT NOT NULL, private TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS newest ON objects (kind, created, seq);
CREATE INDEX IF NOT EXISTS parts ON objects (parent) WHERE parent IS NOT NULL;
CREATE INDEX IF NOT EXISTS of_payment ON objects (kind, json_extract(body, '$.payment_intent'));
CREATE INDEX IF NOT EXISTS of_charge ON objects (kind, json_extract(body, '$.charge'));
CREATE TABLE IF NOT EXISTS due (
    verb TEXT NOT NULL, object_id TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (verb, object_id)
);
CREATE INDEX IF NOT EXISTS soonest ON due (at);
CREATE TABLE IF NOT EXISTS idempotency (
    key TEXT PRIMARY KEY, endpoint TEXT NOT NULL, params TEXT NOT NULL, at INTEGER NOT NULL,
    status INTEGER NOT NULL, body TEXT NOT NULL, headers TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL, url TEXT NOT NULL, state TEXT NOT NULL, created REAL NOT NULL, due REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, copies INTEGER NOT NULL DEFAULT 0, last TEXT
);
CREATE INDEX IF NOT EXISTS pending ON deliveries (state, due);
CREATE INDEX IF NOT EXISTS of_event ON deliveries (event_id);
CREATE TABLE IF NOT EXISTS requests (seq INTEGER PRIMARY KEY AUTOINCREMENT, verdict TEXT NOT NULL, entry TEXT NOT NULL);
"""
_TABLES = ("objects", "due", "idempotency", "deliveries", "requests")
_BUSY_SECONDS = 10.0


_LISTED = """
SELECT body FROM objects
WHERE kind = :kind AND created BETWEEN :first AND :last
  AND (:payment_intent IS NULL OR json_extract(body, '$.payment_intent') = :payment_intent)
  AND (:charge IS NULL OR json_extract(body, '$.charge') = :charge)
ORDER BY created DESC, seq DESC
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A span of time: from the first to the last second, both included."""

    first: int = 0
    last: int = 2**62


EVER = Span()


class Store:
    def __init__(self, path: Path) -> None:
        """Open the file, or make it. One process at a time, because it alone knows which requests are in progress."""
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, timeout=_BUSY_SECONDS, autocommit=True, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One step of the account: written whole or not at all, and no other step happens meanwhile."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A part of a transaction. If it raises, only this part is undone."""
        self._db.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK TO attempt")
            raise
        finally:
            self._db.execute("RELEASE attempt")

    def rows(self, statement: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(statement, values).fetchall()

    def empty(self) -> None:
        with self.transaction():
            for table in _TABLES:
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608  # nosec B608  # one of the names above

    # --- objects ---

    def put(self, body: Object, *, parent: str | None = None, private: Mapping[str, Any] | None = None) -> None:
        """Add an object. `private` holds facts about it that the API never shows."""
        self.rows(
            "INSERT INTO objects (kind, id, created, parent, body, private) VALUES (?, ?, ?, ?, ?, ?)",
            (body["object"], body["id"], body.get("created", 0), parent, json.dumps(body), json.dumps(private or {})),
        )

    def save(self, body: Object) -> None:
        self.rows("UPDATE objects SET body = ? WHERE id = ?", (json.dumps(body), body["id"]))

    def get(self, kind: str, object_id: str) -> Object | None:
        found = self.rows("SELECT body FROM objects WHERE kind = ? AND id = ?", (kind, object_id))
        return _object(found[0][0]) if found else None

    def private(self, object_id: str) -> dict[str, Any]:
        ((text,),) = self.rows("SELECT private FROM objects WHERE id = ?", (object_id,))
        return _object(text)

    def parts(self, parent: str) -> list[Object]:
        """The objects that belong to another, like a session's line items, in the order they were added."""
        rows = self.rows("SELECT body FROM objects WHERE parent = ? ORDER BY seq", [parent])
        return [_object(body) for (body,) in rows]

    def listed(
        self, kind: str, created: Span = EVER, *, payment_intent: str | None = None, charge: str | None = None
    ) -> list[Object]:
        """The objects of a kind that were created in the span, newest first."""
        values = {
            "kind": kind,
            "first": created.first,
            "last": created.last,
            "payment_intent": payment_intent,
            "charge": charge,
        }
        return [_object(body) for (body,) in self.rows(_LISTED, values)]

    def forget_before(self, kind: str, created: int) -> None:
        self.rows("DELETE FROM objects WHERE kind = ? AND created < ?", (kind, created))

    # --- what falls due ---

    def fall_due(self, verb: str, object_id: str, *, at: int) -> None:
        self.rows("INSERT OR REPLACE INTO due (verb, object_id, at) VALUES (?, ?, ?)", (verb, object_id, at))

    def settle(self, verb: str, object_id: str) -> None:
        self.rows("DELETE FROM due WHERE verb = ? AND object_id = ?", (verb, object_id))

    def next_due(self) -> tuple[str, str, int] | None:
        """Verb, object id and moment of the next that falls due."""
        found = self.rows("SELECT verb, object_id, at FROM due ORDER BY at, rowid LIMIT 1")
        return (str(found[0][0]), str(found[0][1]), int(found[0][2])) if found else None


def _object(text: str) -> Object:
    body: Object = json.loads(text)
    return body

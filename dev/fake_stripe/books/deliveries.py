"""Which events are still owed to which endpoints. A restart forgets none of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dev.fake_stripe.books.store import Store

BATCH = 100
LISTED_MAX = 1_000
RETRIED_SECONDS = 3 * 86_400
"""For how long after the event a delivery is tried."""
_BACK_OFF_SECONDS_MAX = 3_600
_DOUBLINGS_MAX = 20


class State(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    LOST = "lost"
    """Dropped by a fault: never sent."""
    FAILED = "failed"
    """Given up after three days."""


@dataclass(frozen=True, slots=True)
class Delivery:
    seq: int
    event_id: str
    url: str
    created: float
    attempts: int
    """How often it was sent."""
    copies: int
    """How often it arrived."""


def owe(store: Store, event_id: str, url: str, *, at: float) -> None:
    store.rows(
        "INSERT INTO deliveries (event_id, url, state, created, due) VALUES (?, ?, ?, ?, ?)",
        (event_id, url, State.PENDING, at, at),
    )


def due(store: Store, *, now: float, delay_seconds: float) -> list[Delivery]:
    """The deliveries to send now, oldest first. One that was never sent waits for `delay_seconds` longer."""
    rows = store.rows(
        "SELECT seq, event_id, url, created, attempts, copies FROM deliveries "
        "WHERE state = ? AND due <= ? - CASE attempts WHEN 0 THEN ? ELSE 0 END ORDER BY due, seq LIMIT ?",
        (State.PENDING, now, delay_seconds, BATCH),
    )
    return [Delivery(*row) for row in rows]


def arrived(store: Store, delivery: Delivery, *, copies_wanted: int, at: float) -> None:
    state = State.DELIVERED if delivery.copies + 1 >= copies_wanted else State.PENDING
    _note(store, delivery, state, due=at, copies=delivery.copies + 1, last="arrived")


def refused(store: Store, delivery: Delivery, *, why: str, at: float) -> None:
    """Try again later, by the stack's clock: after 1, 2, 4, … seconds, then every hour, for three days."""
    back_off = min(2 ** min(delivery.attempts, _DOUBLINGS_MAX), _BACK_OFF_SECONDS_MAX)
    state = State.PENDING if at <= delivery.created + RETRIED_SECONDS else State.FAILED
    _note(store, delivery, state, due=at + back_off, copies=delivery.copies, last=why)


def lost(store: Store, delivery: Delivery) -> None:
    store.rows("UPDATE deliveries SET state = ?, last = 'dropped' WHERE seq = ?", (State.LOST, delivery.seq))


def _note(store: Store, delivery: Delivery, state: State, *, due: float, copies: int, last: str) -> None:
    store.rows(
        "UPDATE deliveries SET state = ?, due = ?, attempts = ?, copies = ?, last = ? WHERE seq = ?",
        (state, due, delivery.attempts + 1, copies, last, delivery.seq),
    )


def pending_of(store: Store, event_id: str) -> int:
    """How many endpoints don't have the event yet. As at Stripe, those that were given up count too."""
    ((count,),) = store.rows(
        "SELECT COUNT(*) FROM (SELECT url FROM deliveries WHERE event_id = ? GROUP BY url HAVING NOT MAX(state = ?))",
        (event_id, State.DELIVERED),
    )
    return int(count)


def counts(store: Store) -> dict[str, int]:
    """How many deliveries are in each state."""
    found = dict(store.rows("SELECT state, COUNT(*) FROM deliveries GROUP BY state"))
    return {state.value: int(found.get(state, 0)) for state in State}


def listed(store: Store) -> list[dict[str, object]]:
    """The last deliveries, newest first, for a person or a test to read."""
    rows = store.rows(
        "SELECT d.event_id, json_extract(o.body, '$.type'), d.url, d.state, d.attempts, d.copies, d.last "
        "FROM deliveries d LEFT JOIN objects o ON o.id = d.event_id ORDER BY d.seq DESC LIMIT ?",
        [LISTED_MAX],
    )
    names = ("event", "type", "url", "state", "attempts", "copies", "last")
    return [dict(zip(names, row, strict=True)) for row in rows]

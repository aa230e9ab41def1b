"""The one test account: its store, its clock, and its endpoints for webhooks."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dev.fake_stripe.books import deliveries, ids
from dev.fake_stripe.errors import NoSuchObject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dev.clock import Clock
    from dev.fake_stripe.books.store import Object, Store

EVENTS_KEPT_SECONDS = 30 * 86_400
"""The API lists events for 30 days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where webhooks go, and the secrets that sign them: the current one, and during a rotation the previous one."""

    url: str
    secrets: tuple[str, ...]
    types: frozenset[str] = frozenset()
    """The types of events that it wants. Empty: all."""

    def wants(self, event_type: str) -> bool:
        return not self.types or event_type in self.types


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """The request that caused an event. Both are None if the passing of time caused it."""

    request_id: str | None = None
    idempotency_key: str | None = None


_TIME = Cause()

type DueVerb = Callable[[Work, str], None]
"""Called with an object's id when it falls due."""


class Account:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        api_version: str,
        origin: str,
        endpoints: Sequence[Endpoint],
        due_verbs: Mapping[str, DueVerb],
    ) -> None:
        """`origin` is the address of the pay page; `due_verbs` has a function for each verb that falls due."""
        self.store = store
        self.clock = clock
        self.api_version = api_version
        self.origin = origin
        self.endpoints = endpoints
        self.something_to_send = threading.Event()
        self._due_verbs = due_verbs

    def now(self) -> float:
        """Seconds since the epoch, by the stack's clock."""
        return self.clock.now().timestamp()

    @contextmanager
    def work(self, cause: Cause = _TIME) -> Iterator[Work]:
        """One step, written whole or not at all. What has fallen due happens before, each at its own time."""
        with self.store.transaction():
            now = int(self.now())
            self._catch_up(now)
            yield Work(account=self, now=now, cause=cause)

    def catch_up(self) -> None:
        """Do everything that has fallen due."""
        due = self.store.next_due()
        if due is not None and due[2] <= self.now():
            with self.work():
                pass

    def _catch_up(self, now: int) -> None:
        self.store.forget_before("event", now - EVENTS_KEPT_SECONDS)
        while (due := self.store.next_due()) is not None:
            verb, object_id, at = due
            if at > now:
                break
            self.store.settle(verb, object_id)
            self._due_verbs[verb](Work(account=self, now=at, cause=_TIME), object_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One step: its moment, its cause, and the account."""

    account: Account
    now: int
    cause: Cause

    @property
    def store(self) -> Store:
        return self.account.store

    def found(self, kind: str, object_id: str, *, param: str = "id", in_path: bool = False) -> Object:
        """An object by its id. Raises NoSuchObject."""
        body = self.store.get(kind, object_id)
        if body is None:
            raise NoSuchObject(kind, object_id, param=param, in_path=in_path)
        return body

    def emit(self, event_type: str, body: Object, *, previous: Mapping[str, Any] | None = None) -> None:
        """Record an event with the object as it is now, and owe it to the endpoints that want it."""
        wanting = [endpoint for endpoint in self.account.endpoints if endpoint.wants(event_type)]
        shown: Object = {"object": body}
        if previous is not None:
            shown["previous_attributes"] = dict(previous)
        event_id = ids.new("evt_1")
        event: Object = {
            "id": event_id,
            "object": "event",
            "api_version": self.account.api_version,
            "created": self.now,
            "data": shown,
            "livemode": False,
            "pending_webhooks": len(wanting),
            "request": {"id": self.cause.request_id, "idempotency_key": self.cause.idempotency_key},
            "type": event_type,
        }
        self.store.put(event)
        for endpoint in wanting:
            self.owe(event_id, endpoint.url)

    def owe(self, event_id: str, url: str) -> None:
        """Have an event sent to an endpoint; again, if it was sent already."""
        deliveries.owe(self.store, event_id, url, at=self.account.now())
        self.account.something_to_send.set()

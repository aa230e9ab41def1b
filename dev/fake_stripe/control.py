"""`/_fake/`: requests of tests that Stripe doesn't have."""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from dev.fake_stripe.api import log
from dev.fake_stripe.api.requests import Answer
from dev.fake_stripe.books import deliveries, events
from dev.fake_stripe.errors import InvalidRequest, Refusal, UnknownUrl

if TYPE_CHECKING:
    from collections.abc import Callable

    from dev.fake_stripe.api.requests import Request
    from dev.fake_stripe.books.account import Account
    from dev.fake_stripe.faults import Faults

WAIT_SECONDS_MAX = 30.0
_POLL_SECONDS = 0.01


class Control:
    def __init__(self, account: Account, faults: Faults) -> None:
        self._account = account
        self._faults = faults
        self._routes: dict[tuple[str, str], Callable[[Request], Any]] = {
            ("GET", "/_fake/health"): self._health,
            ("GET", "/_fake/faults"): lambda _: self._faults.left(),
            ("POST", "/_fake/faults"): self._set_faults,
            ("GET", "/_fake/requests"): lambda _: log.read(self._account.store),
            ("GET", "/_fake/webhooks"): self._webhooks,
            ("POST", "/_fake/reset"): self._reset,
        }

    def answer(self, request: Request) -> Answer:
        try:
            return _json(HTTPStatus.OK, self._done(request))
        except Refusal as error:
            return _json(error.answered, error.body("fake"))

    def _done(self, request: Request) -> Any:
        route = self._routes.get((request.method, request.path))
        if route is not None:
            return route(request)
        match request.method, request.path.split("/")[2:]:
            case "POST", ["events", event_id, "resend"]:
                return self._resend(event_id)
        raise UnknownUrl(request.method, request.path)

    def _health(self, _: Request) -> Any:
        return {"ok": True, "api_version": self._account.api_version, "now": int(self._account.now())}

    def _set_faults(self, request: Request) -> Any:
        try:
            wanted = json.loads(request.body)
        except ValueError as error:
            raise InvalidRequest("Send JSON.") from error
        self._faults.replace(wanted)
        self._account.something_to_send.set()
        return self._faults.left()

    def _webhooks(self, request: Request) -> Any:
        """The deliveries. With `wait_seconds`: once none is pending, or that time is over."""
        deadline = time.monotonic() + _wait_seconds(request.query)
        self._account.catch_up()
        while deliveries.counts(self._account.store)["pending"] and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        return {**deliveries.counts(self._account.store), "items": deliveries.listed(self._account.store)}

    def _resend(self, event_id: str) -> Any:
        with self._account.work() as work:
            event = work.found(events.KIND, event_id, in_path=True)
            for endpoint in self._account.endpoints:
                work.owe(event["id"], endpoint.url)
        return {"resent": len(self._account.endpoints)}

    def _reset(self, _: Request) -> Any:
        """Forget everything: objects, events, keys, deliveries, faults and the log."""
        self._faults.replace({})
        self._account.store.empty()
        return {"ok": True}


def _wait_seconds(query: str) -> float:
    given = parse_qs(query).get("wait_seconds", ["0"])[0]
    try:
        seconds = float(given)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= WAIT_SECONDS_MAX:
        raise InvalidRequest(f"wait_seconds is a number from 0 to {WAIT_SECONDS_MAX:.0f}.")
    return seconds


def _json(status: int, content: object) -> Answer:
    body = json.dumps(content, indent=1).encode()
    return Answer(status=status, body=body, headers={"Content-Type": "application/json"})

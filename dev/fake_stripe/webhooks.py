"""Sends events to the endpoints, signed as Stripe signs them. A thread does it, and repeats what didn't arrive."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dev.fake_stripe.books import deliveries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dev.fake_stripe.books.account import Account, Endpoint
    from dev.fake_stripe.books.deliveries import Delivery
    from dev.fake_stripe.faults import Faults

TIMEOUT_SECONDS = 20.0
_POLL_SECONDS = 0.1
"""A move of the stack's clock is noticed after that."""
_STOP_SECONDS = 5.0
_SUCCESS = range(HTTPStatus.OK, HTTPStatus.MULTIPLE_CHOICES)


def signature(payload: bytes, secrets: Sequence[str], *, at: int) -> str:
    """The header `Stripe-Signature`: a `v1` for each secret, so a receiver needs only one of them."""
    signed = b"%d.%s" % (at, payload)
    schemes = [f"v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}" for secret in secrets]
    return ",".join([f"t={at}", *schemes])


class Postman:
    def __init__(self, account: Account, faults: Faults) -> None:
        self._account = account
        self._faults = faults
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="webhooks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._account.something_to_send.set()
        self._thread.join(_STOP_SECONDS)

    def _work(self) -> None:
        while not self._over.is_set():
            self._account.something_to_send.wait(_POLL_SECONDS)
            self._account.something_to_send.clear()
            self._account.catch_up()
            while self._round():
                pass

    def _round(self) -> bool:
        """Send one copy of each event that is due. Returns whether any was due."""
        wanted = self._faults.webhooks
        with self._account.store.transaction():  # So all deliveries of one step are due, or none.
            due = deliveries.due(self._account.store, now=self._account.now(), delay_seconds=wanted.delay_seconds)
        if wanted.reorder:
            due.sort(key=lambda delivery: delivery.seq, reverse=True)
        for delivery in due:
            if self._over.is_set():
                return False
            self._deliver(delivery)
        return bool(due)

    def _deliver(self, delivery: Delivery) -> None:
        store = self._account.store
        if delivery.attempts == 0 and self._faults.drops_one():
            deliveries.lost(store, delivery)
            return
        event = store.get("event", delivery.event_id)
        endpoint = next((each for each in self._account.endpoints if each.url == delivery.url), None)
        if event is None or endpoint is None:
            # The event is older than 30 days, or the account no longer has this endpoint.
            deliveries.lost(store, delivery)
            return
        why = self._posted(endpoint, json.dumps(event, indent=2).encode())
        at = self._account.now()
        if why is None:
            deliveries.arrived(store, delivery, copies_wanted=self._faults.webhooks.duplicate, at=at)
        else:
            deliveries.refused(store, delivery, why=why, at=at)

    def _posted(self, endpoint: Endpoint, payload: bytes) -> str | None:
        """Why it didn't arrive; None if it did. A redirect isn't followed: it is no success."""
        url = urlsplit(endpoint.url)
        connection = http.client.HTTPConnection(url.hostname or "", url.port or 80, timeout=TIMEOUT_SECONDS)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(payload, endpoint.secrets, at=int(self._account.now())),
            "Connection": "close",
        }
        try:
            connection.request("POST", url.path + (f"?{url.query}" if url.query else ""), payload, headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        finally:
            connection.close()
        return None if status in _SUCCESS else f"answered {status}"

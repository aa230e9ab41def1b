"""Every call that a handler makes to AWS or Stripe has a number, and a fault happens at one of them.

AWS is reached by way of botocore, whose public events stand before and after each call; they are registered on a
session, and so on every client that is built from it later. Stripe is reached by its real package, over HTTP, in the
fake Stripe's own process: there the seam is the transport adapter of `requests`, through which the package sends. A
proxy in front of the fake could lose answers, too, but it could not make the caller die.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from tests.harness.fake_stripe import FakeStripe
from tests.proofs.crash.faults import LASTING, TRANSACTION, Died, Fault, Plan, refused, throttled

if TYPE_CHECKING:
    from botocore.hooks import BaseEventHooks

STRIPE = "stripe"


@dataclass(slots=True)
class Traffic:
    """The calls of one delivery so far, and what became of its plan."""

    plan: Plan | None
    meanwhile: Callable[[], None]
    """Lets others send their requests and be answered."""
    names: list[str] = field(default_factory=list)
    fired: bool = False
    failing: str = ""
    """The service that fails from now on."""
    met: Fault | None = None
    """The fault that the call meets which is being made."""
    unanswered: object = None
    """The request to Stripe that its package will send again."""

    def begins(self, name: str) -> Fault | None:
        """Count a call; the fault that it meets."""
        self.names.append(name)
        service, planned = name.partition(":")[0], self.plan
        self.met = None
        if planned is not None and (planned.number == len(self.names) or self.failing == service):
            self.met = planned.fault
            self.fired = True
            self.failing = service if planned.fault in LASTING else ""
        return self.met


class Calls:
    """Counts the calls while a delivery is under way, and not what a test asks for itself."""

    def __init__(self, stripe: FakeStripe) -> None:
        self._stripe = stripe
        self._traffic: Traffic | None = None
        self._applied: set[str] = set()
        """The tokens of transactions that were applied."""

    @contextmanager
    def delivery(self, plan: Plan | None, meanwhile: Callable[[], None]) -> Iterator[Traffic]:
        self._traffic = traffic = Traffic(plan, meanwhile)
        try:
            yield traffic
        finally:
            self._traffic = None

    def _let_others(self, traffic: Traffic) -> None:
        self._traffic = None
        traffic.meanwhile()
        self._traffic = traffic

    # --- AWS ---

    def watch_aws(self, events: "BaseEventHooks") -> None:
        """Count what the clients call that are built from a session with these events."""
        events.register_first("before-call", self._before_call)  # type: ignore[arg-type]  # an answer is heeded
        events.register_first(f"before-send.dynamodb.{TRANSACTION}", self._before_send)
        events.register_first("needs-retry", self._answered)  # type: ignore[arg-type]  # as above
        events.register_last("after-call", self._after_call)

    def _before_call(self, model: Any, params: Mapping[str, Any], **_: object) -> object:
        """None lets the call go on; an answer is its answer, and nothing is sent."""
        if self._traffic is None:
            return None
        service = model.service_model.service_id.hyphenize()
        match self._traffic.begins(f"{service}:{model.name}"):
            case Fault.DIES_BEFORE:
                raise Died
            case Fault.INTERRUPTED | Fault.DOUBLED:
                self._let_others(self._traffic)
            case Fault.UNREACHABLE:
                raise EndpointConnectionError(endpoint_url=params["url"])
            case Fault.REFUSED:
                return refused(model.name, params["body"])
            case Fault.BUSY:
                return throttled(service, model.name, params["body"])
        return None

    def _before_send(self, request: Any, **_: object) -> None:
        """What DynamoDB does with a token that it has seen, and moto doesn't: succeed, and apply nothing again."""
        if json.loads(request.body)["ClientRequestToken"] in self._applied:
            request.headers["X-Amz-Target"] = b"DynamoDB_20120810.ListTables"
            request.body = b"{}"

    def _answered(
        self,
        *,
        attempts: int,
        operation: Any,
        request_dict: Mapping[str, Any],
        response: Any,
        **_: object,
    ) -> int | None:
        """Seconds until the same bytes are sent again; None where the answer came through."""
        if response is None:
            return None
        if operation.name == TRANSACTION and response[0].status_code == HTTPStatus.OK:
            self._applied.add(json.loads(request_dict["body"])["ClientRequestToken"])
        fault = self._traffic.met if self._traffic is not None else None
        if fault not in {Fault.RESENT, Fault.UNANSWERED}:
            return None
        retries = request_dict["context"]["client_config"].retries or {}
        if attempts == 1 and retries.get("total_max_attempts") != 1:
            return 0
        if fault is Fault.UNANSWERED or attempts == 1:
            raise ReadTimeoutError(endpoint_url=request_dict["url"])
        return None

    def _after_call(self, **_: object) -> None:
        if self._traffic is not None and self._traffic.met is Fault.DIES_AFTER:
            raise Died

    # --- Stripe ---

    def sent(self, request: requests.PreparedRequest, send: Callable[[], requests.Response]) -> requests.Response:
        """A request that the adapter is about to send; what the package sends again is the same call."""
        traffic = self._traffic
        if traffic is None or not str(request.url).startswith(self._stripe.url):
            return send()
        bytes_sent = (request.method, request.url, request.body, request.headers.get("Idempotency-Key"))
        again = traffic.unanswered == bytes_sent
        traffic.unanswered = None
        path = str(request.path_url).partition("?")[0]
        fault = traffic.met if again else traffic.begins(f"{STRIPE}:{request.method} {path}")
        match fault:
            case Fault.DIES_BEFORE:
                raise Died
            case Fault.DIES_AFTER:
                send()
                raise Died
            case Fault.INTERRUPTED | Fault.DOUBLED:
                self._let_others(traffic)
            case Fault.UNREACHABLE:
                traffic.unanswered = bytes_sent
                raise requests.ConnectionError
            case Fault.UNANSWERED | Fault.REFUSED | Fault.BUSY:
                traffic.unanswered = bytes_sent
                self._stripe_fails(request.method, path, _STRIPE_KINDS[fault])
            case Fault.RESENT if not again:
                traffic.unanswered = bytes_sent
                self._stripe_fails(request.method, path, "lost")
        return send()

    def _stripe_fails(self, method: str | None, path: str, kind: str) -> None:
        """Have the fake fail its next answer, as it does over the wire."""
        self._stripe.faults({"answers": [{"match": f"{method} {path}", "kind": kind, "times": 1}]})


_STRIPE_KINDS = {Fault.UNANSWERED: "lost", Fault.REFUSED: "500", Fault.BUSY: "429"}

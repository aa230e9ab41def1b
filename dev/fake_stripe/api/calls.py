"""Answers the requests of `/v1/`: checks key, version and parameters, and acts once per idempotency key."""

from __future__ import annotations

import base64
import binascii
import json
import re
from contextlib import nullcontext
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from dev.fake_stripe.api import expansion, forms, idempotency, log, routes
from dev.fake_stripe.api.idempotency import KeysInUse, Named, Remembered
from dev.fake_stripe.api.log import Entry, Verdict
from dev.fake_stripe.api.requests import Answer
from dev.fake_stripe.books import ids
from dev.fake_stripe.books.account import Cause
from dev.fake_stripe.errors import (
    Broken,
    InvalidRequest,
    RateLimited,
    Refusal,
    Unauthorized,
    VersionRefused,
)
from dev.fake_stripe.faults import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dev.fake_stripe.api.forms import Tree
    from dev.fake_stripe.api.requests import Request
    from dev.fake_stripe.api.routes import Route
    from dev.fake_stripe.books.account import Account, Work
    from dev.fake_stripe.books.store import Params
    from dev.fake_stripe.faults import AnswerFault, Faults

_KEY = re.compile(r"(?:sk|rk)_test_[A-Za-z0-9_]{4,240}", re.ASCII)
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A request that was read and checked."""

    route: Route
    path: str
    ids: list[str]
    params: Params
    key: str | None
    fault: AnswerFault | None

    def fails_as(self, failure: Failure) -> bool:
        return self.fault is not None and self.fault.failure is failure

    @property
    def remembered_fault(self) -> bool:
        return self.fault is not None and self.fault.remembered


class Api:
    def __init__(self, account: Account, faults: Faults) -> None:
        self._account = account
        self._faults = faults
        self._in_use = KeysInUse()

    def answer(self, request: Request) -> Answer:
        entry = Entry(id=ids.new("req_"), at=int(self._account.now()), method=request.method, path=request.path)
        headers = {"Content-Type": "application/json", "Request-Id": entry.id}
        lost = False
        try:
            call = self._understood(request, entry)
            lost = call.fails_as(Failure.LOST)
            answered = self._answered(call, entry)
        except Refusal as error:
            answered = _refusal(error, entry)
        if entry.idempotency_key is not None:
            headers["Idempotency-Key"] = entry.idempotency_key
        if entry.replayed:
            headers["Idempotent-Replayed"] = "true"
        entry.status = answered.status
        log.write(self._account.store, entry)
        headers |= {"Stripe-Version": self._account.api_version} | answered.headers
        return Answer(status=answered.status, body=answered.body.encode(), headers=headers, lost=lost)

    def _understood(self, request: Request, entry: Entry) -> _Call:
        _check_key(request.headers)
        _check_version(request.headers, self._account.api_version)
        route, named = routes.found(request.method, request.path)
        if request.method == "POST" and "idempotency-key" in request.headers:
            entry.idempotency_key = idempotency.checked(request.headers["idempotency-key"])
        try:
            given = _given(request)
            entry.parameters = sorted(given)
            params = route.read(given)
        except Refusal as error:
            entry.verdict, entry.problem = Verdict.REFUSED, error.message
            raise
        entry.verdict = Verdict.PASSED
        fault = self._faults.answer_to(request.method, request.path)
        if fault is not None:
            entry.fault = fault.failure.value
        return _Call(route=route, path=request.path, ids=named, params=params, key=entry.idempotency_key, fault=fault)

    def _answered(self, call: _Call, entry: Entry) -> Remembered:
        if call.fails_as(Failure.RATE_LIMITED):
            raise RateLimited
        if call.fails_as(Failure.BROKEN) and not call.remembered_fault:
            raise Broken
        cause = Cause(request_id=entry.id, idempotency_key=call.key)
        with self._in_use.held(call.key) if call.key is not None else nullcontext(), self._account.work(cause) as work:
            if call.key is None:
                return _done(work, call, entry)
            named = Named(key=call.key, endpoint=call.path, params=call.params)
            earlier = idempotency.recalled(work.store, named, now=work.now)
            if earlier is not None:
                entry.replayed = True
                return earlier
            answered = _done(work, call, entry)
            if answered.worth_remembering:
                idempotency.remember(work.store, named, answered, now=work.now)
            return answered


def _done(work: Work, call: _Call, entry: Entry) -> Remembered:
    """Run the endpoint. If it refuses, nothing has changed."""
    try:
        with work.store.attempt():
            if call.remembered_fault:
                raise Broken
            body = expansion.expand(work, call.route.endpoint(work, call.params, *call.ids), call.params)
    except Refusal as error:
        return _refusal(error, entry, remembered=error.remembered or call.remembered_fault)
    return Remembered(status=HTTPStatus.OK, body=json.dumps(body, indent=2))


def _refusal(error: Refusal, entry: Entry, *, remembered: bool = False) -> Remembered:
    entry.problem = error.message
    headers = error.headers | ({"Stripe-Should-Retry": "false"} if remembered and isinstance(error, Broken) else {})
    body = json.dumps(error.body(entry.id), indent=2)
    return Remembered(status=error.answered, body=body, headers=headers, worth_remembering=remembered)


def _check_key(headers: Mapping[str, str]) -> None:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            given = ""
    if scheme.lower() not in ("basic", "bearer") or not given:
        raise Unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using "
            "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
    if not _KEY.fullmatch(given):
        raise Unauthorized(
            f"Invalid API Key provided: {given[:8]}****. The fake Stripe takes test keys only: sk_test_… or rk_test_…"
        )


def _check_version(headers: Mapping[str, str], version: str) -> None:
    given = headers.get("stripe-version")
    if given != version:
        raise VersionRefused(
            f"Invalid Stripe API version: {given}. This is {version}, the version of the installed stripe package, "
            "and it has to be named in the header Stripe-Version."
        )


def _given(request: Request) -> dict[str, Tree]:
    if request.method != "POST":
        return forms.parsed(request.query)
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.body and content_type != _FORM:
        raise InvalidRequest(f"Invalid request (check that your POST content type is {_FORM}).")
    try:
        text = request.body.decode("ascii")
    except UnicodeDecodeError as error:
        raise InvalidRequest("The body isn't form-encoded.") from error
    return forms.parsed(text + ("&" if text and request.query else "") + request.query)

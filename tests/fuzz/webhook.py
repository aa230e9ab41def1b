"""Requests to Stripe's webhook: signed with the stack's own secrets or wrongly, of events and of what is none.

An event of a kind that is worked off names a session that Stripe knows. One that it doesn't know would come back to the
queue's worker for minutes, and end among the messages that failed, which other tests look at.
"""

import hashlib
import hmac
import json
from typing import Any

from hypothesis import strategies as st

from tests.fuzz import oddities
from tests.fuzz.asking import Ask, Draw
from tests.fuzz.stock import Caller, Stock

LABEL = "POST /v1/webhooks/stripe"
SECRETS = ("whsec_local_current", "whsec_local_previous")
"""Those of `dev/stripe_process.py`, which open nothing but a local stack."""
LATE_SECONDS = 301
WORKED_OFF = ("checkout.session.completed", "checkout.session.expired", "checkout.session.async_payment_failed")
PASSED_OVER = ("charge.refunded", "balance.available", "checkout.session", "", "\u0000")
SIGNED = (
    "truly",
    "truly",
    "truly",
    "truly",
    "wrongly",
    "late",
    "early",
    "of another body",
    "by an older scheme",
    "oddly",
)
ODD = (
    *(
        "",
        "t=1",
        "v1=00",
        "t=,v1=",
        "t=x,v1=00",
        "t=-1,v1=00",
        "t=1e9,v1=00",
        "t=" + "9" * 400 + ",v1=00",
        "t=1,v1=\xe9",
    ),
    *(
        ",",
        "=",
        "t=1,t=2,v1=0",
        "t=1,v1",
        "t=\x7f,v1=0",
        "T=1,V1=0",
        "t=1;v1=0",
        "x" * 4_000,
        "t=1_0,v1=0",
        "t= 1,v1=0",
    ),
)


def asks(stock: Stock) -> st.SearchStrategy[Ask]:
    @st.composite
    def ask(draw: Draw) -> Ask:
        body = draw(st.sampled_from([json.dumps(draw(_event(stock))).encode()] * 3 + [draw(_spoiled(stock))]))
        odd = draw(st.integers(0, 19)) == 0
        headers = {"Content-Type": draw(st.sampled_from(oddities.MEDIA_TYPES)) if odd else "application/json"}
        signature = _signature(draw, body, stock.now)
        if signature is not None:
            headers["Stripe-Signature"] = signature
        caller = draw(st.sampled_from([_STRIPE, _STRIPE, *stock.callers]))
        if caller.authorization is not None:
            headers["Authorization"] = caller.authorization
        return Ask(method="POST", path="/v1/webhooks/stripe", headers=headers, body=body, caller=caller)

    return ask()


_STRIPE = Caller(name="Stripe", authorization=None)


def _event(stock: Stock) -> st.SearchStrategy[Any]:
    """An event, whole or with a part missing or of another type."""
    sessions = [session for tenant in stock.tenants for session in tenant.sessions]
    worked_off = st.builds(
        _made,
        st.sampled_from(WORKED_OFF),
        st.uuids().map(lambda name: f"evt_{name.hex}"),
        st.sampled_from(sessions).map(lambda name: {"object": {"id": name, "object": "checkout.session"}}),
    )
    odd: st.SearchStrategy[Any] = st.sampled_from(
        [None, 7, [], {}, {"object": None}, {"object": {}}, {"object": {"id": None}}, {"object": []}]
    )
    broken = st.builds(_made, st.sampled_from(WORKED_OFF), st.just("evt_x"), odd)
    nameless = st.builds(_made, st.sampled_from(WORKED_OFF), st.sampled_from([None, 7, {}]), st.just({"object": {}}))
    passed_over = st.builds(
        _made, st.sampled_from([*PASSED_OVER, None, 7, [], {}]), st.sampled_from(["evt_x", None]), odd
    )
    return st.one_of(worked_off, worked_off, passed_over, broken, nameless)


def _made(kind: object, event_id: object, content: object) -> dict[str, object]:
    made = {"id": event_id, "object": "event", "type": kind, "data": content, "livemode": False}
    return {name: value for name, value in made.items() if value is not None}


def _spoiled(stock: Stock) -> st.SearchStrategy[bytes]:
    spoiled = st.builds(
        lambda event, how: oddities.SPOILED[how](json.dumps(event)),
        _event(stock),
        st.sampled_from(sorted(oddities.SPOILED)),
    )
    return spoiled | st.sampled_from(oddities.BODIES)


def _signature(draw: Draw, body: bytes, now: int) -> str | None:
    how = draw(st.sampled_from([*SIGNED, None]))
    secret = draw(st.sampled_from(SECRETS)) if how != "wrongly" else "whsec_of_nobody"
    if how is None or how == "oddly":
        return None if how is None else str(draw(st.sampled_from(ODD)))
    at = now + {"late": -LATE_SECONDS * 2, "early": LATE_SECONDS * 2}.get(how, 0)
    signed = body + b" " if how == "of another body" else body
    digest = hmac.new(secret.encode(), f"{at}.".encode() + signed, hashlib.sha256).hexdigest()
    return f"t={at},{'v0' if how == 'by an older scheme' else 'v1'}={digest}"

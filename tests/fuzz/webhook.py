"""Requests to Stripe's webhook: signed with the stack's own secrets or wrongly, of events and of what is none.

An event of a kind that is worked off names a session that Stripe knows. One that it doesn't know would come back to the
queue's worker for minutes, and end among the messages that failed.
"""

import hashlib
import hmac
import json
import uuid
from random import Random
from typing import Any

from tests.fuzz import oddities
from tests.fuzz.asking import Ask
from tests.fuzz.stock import Caller, Stock

LABEL = "POST /v1/webhooks/stripe"
SECRETS = ("whsec_local_current", "whsec_local_previous")
"""Those of `dev/stripe_process.py`, which open nothing but a local stack."""
FAR_SECONDS = 600
WORKED_OFF = ("checkout.session.completed", "checkout.session.expired", "checkout.session.async_payment_failed")
PASSED_OVER: tuple[Any, ...] = (
    "charge.refunded",
    "balance.available",
    "checkout.session",
    "",
    "\u0000",
    None,
    7,
    [],
    {},
)
SIGNED = (*["truly"] * 8, "wrongly", "late", "early", "of another body", "by an older scheme", "oddly", "not")
ODD_IDS: tuple[Any, ...] = (None, 7, {}, ["evt_x"])
ODD_CONTENTS: tuple[Any, ...] = (
    None,
    7,
    [],
    {},
    {"object": None},
    {"object": {}},
    {"object": {"id": None}},
    {"object": []},
)
ODD_SIGNATURES = (
    *("", "t=1", "v1=00", "t=,v1=", "t=x,v1=00", "t=-1,v1=00", "t=1e9,v1=00", "t=" + "9" * 400 + ",v1=00", ",", "="),
    *("t=1,v1=\xe9", "t=1,t=2,v1=0", "t=1,v1", "t=\x7f,v1=0", "T=1,V1=0", "t=1;v1=0", "x" * 4_000, "t=1_0,v1=0"),
)

_STRIPE = Caller(name="Stripe", authorization=None)


def made(stock: Stock, chance: Random) -> Ask:
    body = _body(stock, chance)
    odd = chance.randrange(20) == 0
    headers = {"Content-Type": chance.choice(oddities.MEDIA_TYPES) if odd else "application/json"}
    signature = _signature(body, stock.now, chance)
    if signature is not None:
        headers["Stripe-Signature"] = signature
    caller = chance.choice([_STRIPE, chance.choice(stock.callers)])
    if caller.authorization is not None:
        headers["Authorization"] = caller.authorization
    return Ask(method="POST", path="/v1/webhooks/stripe", headers=headers, body=body, caller=caller)


def _body(stock: Stock, chance: Random) -> bytes:
    kind = chance.choice(["event", "event", "event", "spoiled", "odd"])
    if kind == "odd":
        return chance.choice(oddities.BODIES)
    text = json.dumps(_event(stock, chance))
    return oddities.SPOILED[chance.choice(sorted(oddities.SPOILED))](text) if kind == "spoiled" else text.encode()


def _event(stock: Stock, chance: Random) -> dict[str, Any]:
    """An event, whole or with a part missing or of another type."""
    session = chance.choice([session for tenant in stock.tenants for session in tenant.sessions])
    event_id = f"evt_{uuid.UUID(int=chance.getrandbits(128)).hex}"
    whole = {"id": event_id, "type": chance.choice(WORKED_OFF), "data": {"object": {"id": session}}}
    changes: dict[str, dict[str, Any]] = {
        "whole": {},
        "passed over": {"type": chance.choice(PASSED_OVER), "data": chance.choice(ODD_CONTENTS)},
        "of nothing": {"data": chance.choice(ODD_CONTENTS)},
        "nameless": {"id": chance.choice(ODD_IDS)},
    }
    changed = changes[chance.choice(["whole", "whole", "passed over", "of nothing", "nameless"])]
    return {name: value for name, value in {"object": "event", **whole, **changed}.items() if value is not None}


def _signature(body: bytes, now: int, chance: Random) -> str | None:
    how = chance.choice(SIGNED)
    if how == "not":
        return None
    if how == "oddly":
        return chance.choice(ODD_SIGNATURES)
    secret = "whsec_of_nobody" if how == "wrongly" else chance.choice(SECRETS)
    at = now + {"late": -FAR_SECONDS, "early": FAR_SECONDS}.get(how, 0)
    signed = body + b" " if how == "of another body" else body
    digest = hmac.new(secret.encode(), f"{at}.".encode() + signed, hashlib.sha256).hexdigest()
    return f"t={at},{'v0' if how == 'by an older scheme' else 'v1'}={digest}"

"""Checkout Sessions. The API makes them, the page pays them, the API or time expires them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dev.fake_stripe.books import lists, objects
from dev.fake_stripe.errors import Declined, InvalidParameter, MissingParameter, NotBuilt

if TYPE_CHECKING:
    from dev.fake_stripe.books.account import Work
    from dev.fake_stripe.books.store import Object, Params

KIND = "checkout.session"
CURRENCY = "usd"
TOTAL_MIN = 50
TOTAL_MAX = 99_999_999
LINE_ITEMS_MAX = 100
CLIENT_REFERENCE_LENGTH_MAX = 200
URL_LENGTH_MAX = 5_000
LIFE_SECONDS_MIN = 30 * 60
LIFE_SECONDS_MAX = 24 * 60 * 60
EXPIRE = "expire_session"
"""Falls due when a session's time is over."""
_HOST = re.compile(r"[A-Za-z0-9.\-\[\]:]+", re.ASCII)

# For these parameters only the values here are accepted, and they have no effect. Others would change the session.
_ONLY = {
    "allow_promotion_codes": (False,),
    "billing_address_collection": ("auto",),
    "customer_creation": ("if_required",),
    "mode": ("payment",),
    "payment_method_collection": ("if_required", "always"),
    "ui_mode": ("hosted_page",),
}
_ONLY_OFF = ("automatic_tax", "invoice_creation", "phone_number_collection", "tax_id_collection")


def create(work: Work, params: Params) -> Object:
    """POST /v1/checkout/sessions."""
    _check_what_is_built(params)
    _check_urls(params)
    unit_amounts = [_unit_amount(item, number) for number, item in enumerate(params["line_items"])]
    items = [
        objects.line_item(item, unit_amount=unit_amount, now=work.now)
        for item, unit_amount in zip(params["line_items"], unit_amounts, strict=True)
    ]
    session = objects.session(
        params,
        total=_total(items),
        currency=CURRENCY,
        now=work.now,
        expires_at=_expires_at(params, work.now),
        origin=work.account.origin,
    )
    work.store.put(session, private={"payment_intent_data": params.get("payment_intent_data", {})})
    for item in items:
        work.store.put(item, parent=session["id"])
    work.store.fall_due(EXPIRE, session["id"], at=session["expires_at"])
    return session


def retrieve(work: Work, params: Params, session_id: str) -> Object:
    """GET /v1/checkout/sessions/{session}."""
    del params
    return work.found(KIND, session_id, param="session", in_path=True)


def list_all(work: Work, params: Params) -> Object:
    """GET /v1/checkout/sessions, also by payment intent and status."""
    listed = work.store.listed(KIND, lists.created(params), payment_intent=params.get("payment_intent"))
    status = params.get("status")
    return lists.page(
        [each for each in listed if status in (None, each["status"])], params, url="/v1/checkout/sessions"
    )


def list_line_items(work: Work, params: Params, session_id: str) -> Object:
    """GET /v1/checkout/sessions/{session}/line_items."""
    session = work.found(KIND, session_id, param="session", in_path=True)
    return lists.page(work.store.parts(session["id"]), params, url=f"/v1/checkout/sessions/{session_id}/line_items")


def expire(work: Work, params: Params, session_id: str) -> Object:
    """POST /v1/checkout/sessions/{session}/expire: only an open one."""
    del params
    session = work.found(KIND, session_id, param="session", in_path=True)
    if session["status"] != "open":
        raise Declined(
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of `{session['status']}`."
        )
    work.store.settle(EXPIRE, session_id)
    return _expired(work, session)


def expire_due(work: Work, session_id: str) -> None:
    """Expire a session whose time is over, unless it was paid."""
    session = work.found(KIND, session_id)
    if session["status"] == "open":
        _expired(work, session)


def _expired(work: Work, session: Object) -> Object:
    session |= {"status": "expired", "url": None}
    work.store.save(session)
    if session["payment_intent"] is not None:
        intent = work.found("payment_intent", session["payment_intent"])
        intent |= {"status": "canceled", "canceled_at": work.now, "cancellation_reason": "expired"}
        work.store.save(intent)
        work.emit("payment_intent.canceled", intent)
    work.emit("checkout.session.expired", session)
    return session


def _check_what_is_built(params: Params) -> None:
    for name, values in _ONLY.items():
        if name in params and params[name] not in values:
            raise NotBuilt(f"{name}={params[name]}")
    for name in _ONLY_OFF:
        if params.get(name, {}).get("enabled"):
            raise NotBuilt(f"{name}[enabled]")
    for name in ("mode", "line_items"):
        if not params.get(name):
            raise MissingParameter(name)
    types = params.get("allowed_payment_method_types")
    if types is not None and "card" not in types:
        raise NotBuilt("a session without cards")
    if len(params.get("client_reference_id", "")) > CLIENT_REFERENCE_LENGTH_MAX:
        raise InvalidParameter(
            f"Invalid string: client_reference_id; must be at most {CLIENT_REFERENCE_LENGTH_MAX} characters",
            param="client_reference_id",
        )


def _check_urls(params: Params) -> None:
    if "success_url" not in params:
        raise MissingParameter("success_url")
    for name in ("success_url", "cancel_url"):
        if name in params and not _is_url(params[name]):
            raise InvalidParameter("Not a valid URL", code="url_invalid", param=name)


def _is_url(given: str) -> bool:
    try:
        url = urlsplit(given)
        plausible = url.scheme in ("http", "https") and _HOST.fullmatch(url.netloc) is not None and url.port != 0
    except ValueError:
        return False
    return plausible and len(given) <= URL_LENGTH_MAX and given.isascii() and given.isprintable() and " " not in given


def _unit_amount(item: Params, number: int) -> int:
    at = f"line_items[{number}]"
    price_data = item.get("price_data")
    if price_data is None:
        raise MissingParameter(f"{at}[price_data]")
    if "product_data" not in price_data:
        raise MissingParameter(f"{at}[price_data][product_data]")
    if price_data["currency"] != CURRENCY:
        raise NotBuilt(f"{at}[price_data][currency]={price_data['currency']}")
    if "unit_amount" not in price_data:
        raise MissingParameter(f"{at}[price_data][unit_amount]")
    for name, value in (("quantity", item.get("quantity")), ("price_data][unit_amount", price_data["unit_amount"])):
        if value is None:
            raise MissingParameter(f"{at}[{name}]")
        if value < (name == "quantity"):
            raise InvalidParameter(
                f"Invalid non-negative integer: {value}", code="parameter_invalid_integer", param=f"{at}[{name}]"
            )
    return int(price_data["unit_amount"])


def _total(items: list[Object]) -> int:
    if len(items) > LINE_ITEMS_MAX:
        raise InvalidParameter(f"A session has at most {LINE_ITEMS_MAX} line items.", param="line_items")
    total = sum(int(item["amount_total"]) for item in items)
    if total < TOTAL_MIN:
        raise InvalidParameter(
            f"The Checkout Session's total amount due must add up to at least ${TOTAL_MIN / 100:.2f} {CURRENCY}",
            code="amount_too_small",
        )
    if total > TOTAL_MAX:
        raise InvalidParameter(
            f"The Checkout Session's total amount due must be no more than ${TOTAL_MAX / 100:,.2f} {CURRENCY}",
            code="amount_too_large",
        )
    return total


def _expires_at(params: Params, now: int) -> int:
    expires_at = int(params.get("expires_at", now + LIFE_SECONDS_MAX))
    if expires_at < now + LIFE_SECONDS_MIN:
        raise InvalidParameter(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
            param="expires_at",
        )
    if expires_at >= now + LIFE_SECONDS_MAX and "expires_at" in params:
        raise InvalidParameter(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    return expires_at

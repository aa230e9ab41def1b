"""PaymentIntents and Charges. The pay page makes them; the API reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dev.fake_stripe.books import cards, lists, objects, sessions
from dev.fake_stripe.errors import Declined

if TYPE_CHECKING:
    from dev.fake_stripe.books.account import Work
    from dev.fake_stripe.books.objects import Payer
    from dev.fake_stripe.books.store import Object, Params

_DECLINED = {
    "code": "card_declined",
    "decline_code": "generic_decline",
    "message": "Your card was declined.",
}


def retrieve_payment_intent(work: Work, params: Params, intent_id: str) -> Object:
    """GET /v1/payment_intents/{intent}."""
    del params
    return work.found("payment_intent", intent_id, param="intent", in_path=True)


def list_payment_intents(work: Work, params: Params) -> Object:
    """GET /v1/payment_intents."""
    listed = work.store.listed("payment_intent", lists.created(params))
    return lists.page(listed, params, url="/v1/payment_intents")


def retrieve_charge(work: Work, params: Params, charge_id: str) -> Object:
    """GET /v1/charges/{charge}."""
    del params
    return work.found("charge", charge_id, param="id", in_path=True)


def list_charges(work: Work, params: Params) -> Object:
    """GET /v1/charges, also by payment intent."""
    listed = work.store.listed("charge", lists.created(params), payment_intent=params.get("payment_intent"))
    return lists.page(listed, params, url="/v1/charges")


def pay(work: Work, session_id: str, payer: Payer) -> bool:
    """Pay a session, as the pay page's button does. Returns whether the card was accepted.

    Raises Declined if the session isn't open.
    """
    session = work.found(sessions.KIND, session_id)
    if session["status"] != "open":
        raise Declined(f"This Checkout Session has a status of `{session['status']}`.")
    intent = _intent(work, session)
    method = objects.payment_method(payer, now=work.now)
    charge = objects.charge(intent, payer, payment_method_id=method["id"], now=work.now)
    if payer.card.outcome is cards.Outcome.DECLINES:
        _decline(work, intent, objects.failed(charge, **_DECLINED), method)
        return False
    _succeed(work, session, intent, charge)
    _complete(work, session, payer)
    return True


def _intent(work: Work, session: Object) -> Object:
    """The session's payment. The first try makes it; later tries use it too."""
    if session["payment_intent"] is not None:
        return work.found("payment_intent", session["payment_intent"])
    given = work.store.private(session["id"])["payment_intent_data"]
    intent = objects.payment_intent(session, given, now=work.now)
    work.store.put(intent)
    session["payment_intent"] = intent["id"]
    work.store.save(session)
    work.emit("payment_intent.created", intent)
    return intent


def _decline(work: Work, intent: Object, charge: Object, method: Object) -> None:
    work.store.put(charge)
    intent |= {
        "latest_charge": charge["id"],
        "last_payment_error": {
            "advice_code": "try_again_later",
            "charge": charge["id"],
            **_DECLINED,
            "doc_url": "https://docs.stripe.com/error-codes#card-declined",
            "payment_method": method,
            "type": "card_error",
        },
    }
    work.store.save(intent)
    work.emit("charge.failed", charge)
    work.emit("payment_intent.payment_failed", intent)


def _succeed(work: Work, session: Object, intent: Object, charge: Object) -> None:
    work.store.put(charge)
    intent |= {
        "amount_received": intent["amount"],
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "payment_method": charge["payment_method"],
        "status": "succeeded",
    }
    work.store.save(intent)
    work.store.settle(sessions.EXPIRE, session["id"])
    work.emit("charge.succeeded", charge)
    work.emit("payment_intent.succeeded", intent)


def _complete(work: Work, session: Object, payer: Payer) -> None:
    session |= {
        "customer_details": objects.customer_details(payer),
        "payment_status": "paid",
        "status": "complete",
        "url": None,
    }
    work.store.save(session)
    work.emit("checkout.session.completed", session)

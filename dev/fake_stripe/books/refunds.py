"""Refunds of a charge: they succeed at once, and their sum is never more than the charge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dev.fake_stripe.books import lists, objects
from dev.fake_stripe.errors import Declined, InvalidParameter, InvalidRequest, NotBuilt

if TYPE_CHECKING:
    from dev.fake_stripe.books.account import Work
    from dev.fake_stripe.books.store import Object, Params

KIND = "refund"


def create(work: Work, params: Params) -> Object:
    """POST /v1/refunds, of a charge or of a payment intent's charge. Without an amount it refunds the rest."""
    if params.get("reason") == "fraudulent":
        raise NotBuilt("reason=fraudulent")
    charge = _charge(work, params)
    amount = _amount(charge, params)
    refund = objects.refund(charge, params, amount=amount, now=work.now)
    work.store.put(refund)
    previous = {"amount_refunded": charge["amount_refunded"]}
    charge["amount_refunded"] += amount
    if charge["amount_refunded"] == charge["amount"]:
        previous["refunded"], charge["refunded"] = charge["refunded"], True
    work.store.save(charge)
    work.emit("refund.created", refund)
    work.emit("charge.refunded", charge, previous=previous)
    return refund


def retrieve(work: Work, params: Params, refund_id: str) -> Object:
    """GET /v1/refunds/{refund}."""
    del params
    return work.found(KIND, refund_id, param="id", in_path=True)


def update(work: Work, params: Params, refund_id: str) -> Object:
    """POST /v1/refunds/{refund}: change its metadata. An empty value removes a key, an empty `metadata` all keys."""
    refund = work.found(KIND, refund_id, param="id", in_path=True)
    if "metadata" in params:
        kept = refund["metadata"] if params["metadata"] else {}
        changed = objects.metadata({**kept, **(params["metadata"] or {})})
        previous, refund["metadata"] = {"metadata": refund["metadata"]}, changed
        work.store.save(refund)
        work.emit("refund.updated", refund, previous=previous)
        work.emit("charge.refund.updated", refund, previous=previous)
    return refund


def list_all(work: Work, params: Params) -> Object:
    """GET /v1/refunds, also by charge and payment intent."""
    listed = work.store.listed(
        KIND,
        lists.created(params),
        payment_intent=params.get("payment_intent"),
        charge=params.get("charge"),
    )
    return lists.page(listed, params, url="/v1/refunds")


def _charge(work: Work, params: Params) -> Object:
    charge_id, intent_id = params.get("charge"), params.get("payment_intent")
    if charge_id is None and intent_id is None:
        raise InvalidRequest(
            "One of the following params should be provided for this request: payment_intent or charge."
        )
    if intent_id is not None:
        intent = work.found("payment_intent", intent_id, param="payment_intent")
        if intent["status"] != "succeeded":
            raise Declined(
                f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.", param="payment_intent"
            )
        if charge_id not in (None, intent["latest_charge"]):
            raise Declined(f"Charge {charge_id} isn't of PaymentIntent {intent_id}.", param="charge")
        charge_id = intent["latest_charge"]
    charge = work.found("charge", str(charge_id), param="charge")
    if not charge["paid"]:
        raise Declined(
            f"Charge {charge['id']} can't be refunded: it didn't succeed.", code="charge_not_refundable", param="charge"
        )
    return charge


def _amount(charge: Object, params: Params) -> int:
    left = charge["amount"] - charge["amount_refunded"]
    amount: int = params.get("amount", left)
    if left == 0:
        raise Declined(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if amount < 1:
        raise InvalidParameter("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    if amount > left:
        of = "unrefunded amount on charge" if charge["amount_refunded"] else "charge amount"
        raise Declined(f"Refund amount ({_dollars(amount)}) is greater than {of} ({_dollars(left)})", param="amount")
    return amount


def _dollars(cents: int) -> str:
    return f"${cents // 100:,}.{cents % 100:02}"

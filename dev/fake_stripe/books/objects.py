"""The objects as they are when they are made, with all fields of API version 2026-10-28.endive.

A field that the fake never sets is null, so that a reader finds it. The tests compare every object that is emitted
with the stripe package's types: no field is missing, none is too many, none has a wrong type.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dev.fake_stripe.books import ids

if TYPE_CHECKING:
    from dev.fake_stripe.books.cards import Card
    from dev.fake_stripe.books.store import Object, Params

CARD_EXPIRES = (12, 2034)
"""The month and year of every test card: the page doesn't ask for them."""

_NULL_IN_SESSION = (
    *("after_expiration", "allow_promotion_codes", "branding_settings", "client_secret", "collected_information"),
    *("consent", "consent_collection", "currency_conversion", "customer", "customer_account", "customer_details"),
    *("integration_identifier", "invoice", "managed_payments", "name_collection", "optional_items", "origin_context"),
    *("payment_intent", "payment_link", "payment_method_configuration_details", "permissions", "presentment_details"),
    *("recovered_from", "redirect_on_completion", "return_url", "saved_payment_method_options", "setup_intent"),
    *(
        "shipping_address_collection",
        "shipping_cost",
        "subscription",
        "tax_id_collection",
        "excluded_payment_method_types",
    ),
)
_TAKEN_IN_SESSION = (
    *("allowed_payment_method_types", "billing_address_collection", "cancel_url", "client_reference_id"),
    *("customer_email", "locale", "submit_type", "success_url", "wallet_options"),
)
"""Fields that a session shows as they were given, or as null."""
_NULL_IN_PAYMENT_INTENT = (
    *("application", "application_fee_amount", "canceled_at", "cancellation_reason", "customer", "customer_account"),
    *("excluded_payment_method_types", "hooks", "last_payment_error", "latest_charge", "managed_payments"),
    *("next_action", "on_behalf_of", "payment_details", "payment_method", "payment_method_configuration_details"),
    *("payment_record", "presentment_details", "processing", "review", "setup_future_usage", "shipping", "source"),
    *("transfer_data", "transfer_group"),
)
_TAKEN_IN_PAYMENT_INTENT = ("description", "receipt_email", "statement_descriptor", "statement_descriptor_suffix")
_NULL_IN_CHARGE = (
    *("application", "application_fee", "application_fee_amount", "authorization_code", "customer"),
    *("failure_balance_transaction", "failure_code", "failure_message", "on_behalf_of", "presentment_details"),
    *("receipt_number", "receipt_url", "review", "shipping", "source", "source_transfer", "transfer"),
    *("transfer_data", "transfer_group"),
)
_NULL_IN_REFUND = (
    *("customer", "customer_account", "description", "failure_balance_transaction", "failure_reason"),
    *("instructions_email", "next_action", "payment_method", "pending_reason", "presentment_details"),
    *("receipt_number", "source_transfer_reversal", "transfer_reversal"),
)
_EMPTY_ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))


@dataclass(frozen=True, slots=True)
class Payer:
    """The fields of the pay page's form."""

    card: Card
    name: str
    email: str | None


def metadata(given: Any) -> dict[str, str]:
    """Drops keys with an empty value or none: they are unset."""
    return {key: value for key, value in (given or {}).items() if value}


def session(params: Params, *, total: int, currency: str, now: int, expires_at: int, origin: str) -> Object:
    session_id = ids.new("cs_test_a1")
    return {
        "id": session_id,
        "object": "checkout.session",
        **dict.fromkeys(_NULL_IN_SESSION),
        **{name: params.get(name) for name in _TAKEN_IN_SESSION},
        "adaptive_pricing": {"enabled": params.get("adaptive_pricing", {}).get("enabled", True)},
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "created": now,
        "currency": currency,
        "custom_fields": [],
        "custom_text": dict.fromkeys(("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")),
        "customer_creation": "if_required",
        "discounts": [],
        "expires_at": expires_at,
        "invoice_creation": {"enabled": False, "invoice_data": _no_invoice()},
        "livemode": False,
        "metadata": metadata(params.get("metadata")),
        "mode": "payment",
        "payment_method_collection": "if_required",
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "status": "open",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{origin}/c/pay/{session_id}",
    }


def _no_invoice() -> Object:
    nothing = ("account_tax_ids", "custom_fields", "description", "footer", "issuer", "rendering_options")
    return {**dict.fromkeys(nothing), "metadata": {}}


def line_item(params: Params, *, unit_amount: int, now: int) -> Object:
    price_data, quantity = params["price_data"], params["quantity"]
    total, currency = unit_amount * quantity, price_data["currency"]
    return {
        "id": ids.new("li_1"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": currency,
        "description": price_data["product_data"]["name"],
        "metadata": metadata(params.get("metadata")),
        "price": {
            "id": ids.new("price_1"),
            "object": "price",
            "active": False,  # A price that was made for a session can't be used for another.
            "billing_scheme": "per_unit",
            "created": now,
            "currency": currency,
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": None,
            "metadata": {},
            "nickname": None,
            "product": ids.new("prod_"),
            "recurring": None,
            "tax_behavior": price_data.get("tax_behavior", "unspecified"),
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "one_time",
            "unit_amount": unit_amount,
            "unit_amount_decimal": str(unit_amount),
        },
        "quantity": quantity,
    }


def payment_intent(of: Object, given: Params, *, now: int) -> Object:
    """The payment of a session; `given` is the `payment_intent_data` the session was made with."""
    intent_id = ids.new("pi_3")
    return {
        "id": intent_id,
        "object": "payment_intent",
        **dict.fromkeys(_NULL_IN_PAYMENT_INTENT),
        **{name: given.get(name) for name in _TAKEN_IN_PAYMENT_INTENT},
        "allowed_payment_method_types": of["allowed_payment_method_types"],
        "amount": of["amount_total"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "automatic_payment_methods": None,
        "capture_method": "automatic_async",
        "client_secret": f"{intent_id}_secret_{ids.new('')}",
        "confirmation_method": "automatic",
        "created": now,
        "currency": of["currency"],
        "livemode": False,
        "metadata": metadata(given.get("metadata")),
        "payment_method_options": {
            "card": {
                "installments": None,
                "mandate_options": None,
                "network": None,
                "request_three_d_secure": "automatic",
            }
        },
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
    }


def payment_method(payer: Payer, *, now: int) -> Object:
    """The card of a payment, as the payment's last error shows it."""
    return {
        "id": ids.new("pm_1"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": _billing_details(payer),
        "card": {
            **_card(payer.card),
            "checks": dict.fromkeys(("address_line1_check", "address_postal_code_check", "cvc_check")),
            "display_brand": payer.card.brand,
            "generated_from": None,
            "networks": {"available": [payer.card.brand], "preferred": None},
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "created": now,
        "customer": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }


def charge(intent: Object, payer: Payer, *, payment_method_id: str, now: int) -> Object:
    """A charge that succeeded. `failed` turns it into one that didn't."""
    return {
        "id": ids.new("ch_3"),
        "object": "charge",
        **dict.fromkeys(_NULL_IN_CHARGE),
        "amount": intent["amount"],
        "amount_captured": intent["amount"],
        "amount_refunded": 0,
        "balance_transaction": ids.new("txn_3"),
        "billing_details": _billing_details(payer),
        "calculated_statement_descriptor": intent["statement_descriptor"] or "PACKHOUSE",
        "captured": True,
        "created": now,
        "currency": intent["currency"],
        "description": intent["description"],
        "disputed": False,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "outcome": _outcome("authorized", "approved_by_network", "Payment complete.", reason=None),
        "paid": True,
        "payment_intent": intent["id"],
        "payment_method": payment_method_id,
        "payment_method_details": {"card": _charged_card(payer.card, intent["amount"]), "type": "card"},
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "refunded": False,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "succeeded",
    }


def failed(charged: Object, *, code: str, decline_code: str, message: str) -> Object:
    seller = f"The bank returned the decline code `{decline_code}`."
    return charged | {
        "amount_captured": 0,
        "balance_transaction": None,
        "captured": False,
        "failure_code": code,
        "failure_message": message,
        "outcome": _outcome("issuer_declined", "declined_by_network", seller, reason=decline_code),
        "paid": False,
        "status": "failed",
    }


def _outcome(outcome: str, network_status: str, seller_message: str, *, reason: str | None) -> Object:
    return {
        "advice_code": None if reason is None else "try_again_later",
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": network_status,
        "reason": reason,
        "risk_level": "normal",
        "risk_score": 20,
        "seller_message": seller_message,
        "type": outcome,
    }


def _billing_details(payer: Payer) -> Object:
    return {"address": _EMPTY_ADDRESS, "email": payer.email, "name": payer.name or None, "phone": None, "tax_id": None}


def _card(card: Card) -> Object:
    month, year = CARD_EXPIRES
    return {
        "brand": card.brand,
        "country": "US",
        "exp_month": month,
        "exp_year": year,
        "fingerprint": hashlib.sha256(card.number.encode()).hexdigest()[:16],
        "funding": "credit",
        "last4": card.number[-4:],
        "regulated_status": "unregulated",
    }


def _charged_card(card: Card, amount: int) -> Object:
    return _card(card) | {
        "amount_authorized": amount,
        "authorization_code": None,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card.brand,
        "network_token": {"used": False},
        "network_transaction_id": None,
        "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
        "three_d_secure": None,
        "wallet": None,
    }


def customer_details(payer: Payer) -> Object:
    return {
        "address": _EMPTY_ADDRESS,
        "business_name": None,
        "email": payer.email,
        "individual_name": None,
        "name": payer.name or None,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }


def refund(of: Object, params: Params, *, amount: int, now: int) -> Object:
    """A refund that succeeded at once."""
    return {
        "id": ids.new("re_3"),
        "object": "refund",
        **dict.fromkeys(_NULL_IN_REFUND),
        "amount": amount,
        "balance_transaction": ids.new("txn_3"),
        "charge": of["id"],
        "created": now,
        "currency": of["currency"],
        "destination_details": {
            "card": {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"},
            "type": "card",
        },
        "metadata": metadata(params.get("metadata")),
        "payment_intent": of["payment_intent"],
        "reason": params.get("reason"),
        "status": "succeeded",
    }

"""What a shop sends to Stripe, with what doesn't matter to a test filled in."""

from typing import Any

import stripe

from tests.harness.fake_stripe import FakeStripe

SUCCESS_URL = "http://127.0.0.1:8700/console/paid.html?session={CHECKOUT_SESSION_ID}"
CANCEL_URL = "http://127.0.0.1:8700/console/cart.html"


def line(*, unit_amount: int = 1_500, quantity: int = 3, name: str = "Mailbox migration") -> dict[str, Any]:
    price_data = {"currency": "usd", "unit_amount": unit_amount, "product_data": {"name": name}}
    return {"quantity": quantity, "price_data": price_data}


def order(**other: Any) -> Any:
    """The parameters of a session as Packhouse makes it; None leaves one out."""
    params = {
        "mode": "payment",
        "ui_mode": "hosted_page",
        "line_items": [line()],
        "success_url": SUCCESS_URL,
        "cancel_url": CANCEL_URL,
        "customer_email": "orders@northwind.example",
        "client_reference_id": "order_1",
        "metadata": {"order": "order_1"},
        "payment_intent_data": {"metadata": {"order": "order_1"}},
        "allowed_payment_method_types": ["card"],
        "billing_address_collection": "auto",
        "customer_creation": "if_required",
        "adaptive_pricing": {"enabled": False},
        "wallet_options": {"link": {"display": "never"}},
        **other,
    }
    return {name: value for name, value in params.items() if value is not None}


def opened(fake: FakeStripe, **other: Any) -> stripe.checkout.Session:
    return fake.client().v1.checkout.sessions.create(order(**other))


def paid(fake: FakeStripe, **other: Any) -> stripe.checkout.Session:
    """A session that was paid, with its payment and charge."""
    session = opened(fake, **other)
    fake.pay(session.url)
    return read(fake, session.id)


def read(fake: FakeStripe, session_id: str) -> stripe.checkout.Session:
    return fake.client().v1.checkout.sessions.retrieve(session_id, {"expand": ["payment_intent.latest_charge"]})


def intent_of(session: stripe.checkout.Session) -> stripe.PaymentIntent:
    assert isinstance(session.payment_intent, stripe.PaymentIntent)
    return session.payment_intent


def charge_of(session: stripe.checkout.Session) -> stripe.Charge:
    charge = intent_of(session).latest_charge
    assert isinstance(charge, stripe.Charge)
    return charge

"""Stripe as `Payments`: a pinned version, bounded times, and a key of ours on every call that changes something."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import stripe

from packhouse.domain.money import Money
from packhouse.domain.orders import Order, Payment
from packhouse.errors import PaymentProviderUnavailable, PaymentRejected
from packhouse.payments.provider import Notice, OrderName, Session, SessionStatus, TooManyNotices

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams

API_VERSION = "2026-10-28.endive"
CONNECT_SECONDS, READ_SECONDS = 1, 4
RETRIES = 1
CALL_SECONDS_MAX = (RETRIES + 1) * (CONNECT_SECONDS + READ_SECONDS) + 1  # the SDK waits half a second before it resends
EVENTS_PER_PAGE, EVENT_PAGES_MAX = 100, 10
REFUNDS_MAX = 100
EVENT_TYPES = (
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
)
EXPAND = ["payment_intent.latest_charge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The client of our account at Stripe, and whether its money is real."""

    client: stripe.StripeClient
    livemode: bool


def account(api_key: str, *, api_url: str) -> Account:
    client = stripe.StripeClient(
        api_key,
        stripe_version=API_VERSION,
        base_addresses={"api": api_url},
        max_network_retries=RETRIES,
        http_client=stripe.RequestsClient(timeout=(CONNECT_SECONDS, READ_SECONDS)),
    )
    return Account(client=client, livemode=api_key.startswith(("sk_live_", "rk_live_")))


class StripePayments:
    """Stripe for one piece of work. No call is begun after `seconds`.

    `return_url` is the page to which Stripe sends people back. That page only reads.
    """

    def __init__(self, account: Account, *, return_url: str, seconds: float) -> None:
        self._client = account.client
        self._livemode = account.livemode
        self._return_url = return_url
        self._until = time.monotonic() + seconds

    @property
    def livemode(self) -> bool:
        return self._livemode

    def open_checkout(self, order: Order) -> Session:
        key = f"checkout:{order.order_id}:{order.checkout.number}"
        sessions = self._client.v1.checkout.sessions
        return _session(self._asked(lambda: sessions.create(self._page(order), {"idempotency_key": key})))

    def read_checkout(self, session_id: str) -> Session:
        sessions = self._client.v1.checkout.sessions
        return _session(self._asked(lambda: sessions.retrieve(session_id, {"expand": EXPAND})))

    def close_checkout(self, session_id: str) -> Session:
        sessions = self._client.v1.checkout.sessions
        # Closing twice does no harm, so each try has a key of its own: under one key Stripe would repeat its refusal.
        key = f"close:{session_id}:{uuid.uuid4()}"
        try:
            return _session(
                self._asked(lambda: sessions.expire(session_id, {"expand": EXPAND}, {"idempotency_key": key}))
            )
        except PaymentRejected:
            seen = self.read_checkout(session_id)
        if seen.status is SessionStatus.OPEN:  # a payment is under way there, and nobody knows yet how it ends
            raise PaymentProviderUnavailable
        return seen

    def notices(self, since: datetime, until: datetime) -> Sequence[Notice]:
        found: list[Notice] = []
        created = {"gte": int(since.timestamp()), "lt": int(until.timestamp())}
        after: dict[str, str] = {}
        for _ in range(EVENT_PAGES_MAX):
            params: Any = {"types": list(EVENT_TYPES), "created": created, "limit": EVENTS_PER_PAGE, **after}
            page = self._asked(lambda params=params: self._client.v1.events.list(params))  # type: ignore[misc]  # bound now
            found += [_notice(event) for event in page["data"]]
            if not page["has_more"]:
                return found[::-1]
            after = {"starting_after": found[-1].event_id}
        raise TooManyNotices

    def refund(self, charge_id: str, amount: Money, *, refund_id: str) -> str:
        refunds = self._client.v1.refunds
        sent = self._asked(lambda: refunds.list({"charge": charge_id, "limit": REFUNDS_MAX}))
        for refund in sent["data"]:  # Stripe forgets keys after a day, but never a refund
            if refund["metadata"].get("refund_id") == refund_id:
                return str(refund["id"])
        created = self._asked(
            lambda: refunds.create(
                {"charge": charge_id, "amount": amount.amount, "metadata": {"refund_id": refund_id}},
                {"idempotency_key": f"refund:{refund_id}"},
            )
        )
        return str(created["id"])

    def _asked(self, call: Callable[[], stripe.StripeObject]) -> Mapping[str, Any]:
        """Stripe's answer as plain data."""
        if time.monotonic() > self._until:
            raise PaymentProviderUnavailable
        try:
            answer: Mapping[str, Any] = call().to_dict()
        except stripe.InvalidRequestError as error:
            raise PaymentRejected from error
        except stripe.StripeError as error:
            raise PaymentProviderUnavailable from error
        return answer

    def _page(self, order: Order) -> "SessionCreateParams":
        named = {"workgroup_id": order.workgroup_id, "order_id": order.order_id}
        back = f"{self._return_url}?workgroup={order.workgroup_id}&order={order.order_id}"
        return {
            "mode": "payment",
            "ui_mode": "hosted_page",
            "allowed_payment_method_types": ["card"],
            "adaptive_pricing": {"enabled": False},
            "billing_address_collection": "auto",  # we have both addresses
            "customer_creation": "if_required",
            "customer_email": order.email,
            "client_reference_id": order.order_id,
            "expires_at": int(order.checkout.expires_at.timestamp()),
            "line_items": [
                {
                    "quantity": line.quantity,
                    "price_data": {
                        "currency": line.unit_price.currency,
                        "unit_amount": line.unit_price.amount,
                        "product_data": {"name": line.name},
                    },
                }
                for line in order.lines
            ],
            "metadata": named,
            "payment_intent_data": {"metadata": named},
            "wallet_options": {"link": {"display": "never"}},
            "success_url": f"{back}&outcome=success",
            "cancel_url": f"{back}&outcome=cancel",
        }


def _session(session: Mapping[str, Any]) -> Session:
    intent = session.get("payment_intent")
    intent = intent if isinstance(intent, Mapping) else None
    paid = session["payment_status"] == "paid" and intent is not None
    return Session(
        session_id=session["id"],
        url=session.get("url"),
        status=SessionStatus(session["status"]),
        livemode=session["livemode"],
        amount=Money(session["amount_total"], session["currency"]),
        order=_order(session.get("metadata")),
        payment=_payment(intent) if paid and intent else None,
        payment_order=_order(intent.get("metadata")) if intent else None,
    )


def _payment(intent: Mapping[str, Any]) -> Payment:
    charge = intent["latest_charge"]
    return Payment(
        payment_id=intent["id"],
        charge_id=charge["id"],
        amount=Money(intent["amount_received"], intent["currency"]),
        charged_at=datetime.fromtimestamp(charge["created"], UTC),
    )


def _order(metadata: Mapping[str, str] | None) -> OrderName | None:
    if not metadata or not {"workgroup_id", "order_id"} <= metadata.keys():
        return None
    return OrderName(workgroup_id=metadata["workgroup_id"], order_id=metadata["order_id"])


def _notice(event: Mapping[str, Any]) -> Notice:
    return Notice(
        event_id=event["id"],
        event_type=event["type"],
        object_id=event["data"]["object"]["id"],
        created_at=datetime.fromtimestamp(event["created"], UTC),
    )

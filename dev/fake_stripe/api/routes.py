"""The routes of the fake: for each the type that checks its parameters, its endpoint, and the parameters it acts on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dev.fake_stripe.api import contract
from dev.fake_stripe.books import events, payments, refunds, sessions
from dev.fake_stripe.errors import NotBuilt, UnknownUrl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dev.fake_stripe.api.forms import Tree
    from dev.fake_stripe.books.store import Object, Params

_PAGED = frozenset({"limit", "starting_after", "ending_before", "expand"})
_READ = frozenset({"expand"})
_OF_SESSION = frozenset(
    {
        *("adaptive_pricing", "allow_promotion_codes", "allowed_payment_method_types", "billing_address_collection"),
        *(
            "automatic_tax.enabled",
            "cancel_url",
            "client_reference_id",
            "customer_creation",
            "customer_email",
            "expand",
        ),
        *("expires_at", "invoice_creation.enabled", "locale", "metadata", "mode", "payment_method_collection"),
        *("phone_number_collection.enabled", "submit_type", "success_url", "tax_id_collection.enabled", "ui_mode"),
        "wallet_options",
        *(f"payment_intent_data.{name}" for name in ("description", "metadata", "receipt_email")),
        *(f"payment_intent_data.{name}" for name in ("statement_descriptor", "statement_descriptor_suffix")),
        *(f"line_items[].{name}" for name in ("metadata", "quantity")),
        *(f"line_items[].price_data.{name}" for name in ("currency", "tax_behavior", "unit_amount")),
        *(f"line_items[].price_data.product_data.{name}" for name in ("description", "images", "metadata", "name")),
        *(f"line_items[].price_data.product_data.{name}" for name in ("tax_code", "unit_label")),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    method: str
    path: str
    """`{id}` stands for a part of the path; it is the endpoint's last argument."""
    params: str
    """The type of the stripe package, below `stripe.params`."""
    endpoint: Callable[..., Object]
    built: frozenset[str]
    """The parameters that are built. All others are refused."""

    def read(self, given: Mapping[str, Tree]) -> Params:
        """The parameters, checked. Raises NotBuilt, and the refusals of `contract.read`."""
        params = contract.read(f"stripe.params.{self.params}", given)
        for path in _paths(params, ""):
            if not any(path == built or path.startswith((f"{built}.", f"{built}[]")) for built in self.built):
                raise NotBuilt(path)
        return params


def _paths(value: Any, path: str) -> Iterator[str]:
    match value:
        case dict() if value:
            for name, inner in value.items():
                yield from _paths(inner, f"{path}.{name}" if path else name)
        case list() if value:
            for inner in value:
                yield from _paths(inner, f"{path}[]")
        case _ if path:
            yield path


ROUTES = (
    Route(
        method="POST",
        path="/v1/checkout/sessions",
        params="checkout._session_create_params.SessionCreateParams",
        endpoint=sessions.create,
        built=_OF_SESSION,
    ),
    Route(
        method="GET",
        path="/v1/checkout/sessions",
        params="checkout._session_list_params.SessionListParams",
        endpoint=sessions.list_all,
        built=_PAGED | {"created", "payment_intent", "status"},
    ),
    Route(
        method="GET",
        path="/v1/checkout/sessions/{id}",
        params="checkout._session_retrieve_params.SessionRetrieveParams",
        endpoint=sessions.retrieve,
        built=_READ,
    ),
    Route(
        method="POST",
        path="/v1/checkout/sessions/{id}/expire",
        params="checkout._session_expire_params.SessionExpireParams",
        endpoint=sessions.expire,
        built=_READ,
    ),
    Route(
        method="GET",
        path="/v1/checkout/sessions/{id}/line_items",
        params="checkout._session_line_item_list_params.SessionLineItemListParams",
        endpoint=sessions.list_line_items,
        built=_PAGED,
    ),
    Route(
        method="GET",
        path="/v1/payment_intents",
        params="_payment_intent_list_params.PaymentIntentListParams",
        endpoint=payments.list_payment_intents,
        built=_PAGED | {"created"},
    ),
    Route(
        method="GET",
        path="/v1/payment_intents/{id}",
        params="_payment_intent_retrieve_params.PaymentIntentRetrieveParams",
        endpoint=payments.retrieve_payment_intent,
        built=_READ,
    ),
    Route(
        method="GET",
        path="/v1/charges",
        params="_charge_list_params.ChargeListParams",
        endpoint=payments.list_charges,
        built=_PAGED | {"created", "payment_intent"},
    ),
    Route(
        method="GET",
        path="/v1/charges/{id}",
        params="_charge_retrieve_params.ChargeRetrieveParams",
        endpoint=payments.retrieve_charge,
        built=_READ,
    ),
    Route(
        method="POST",
        path="/v1/refunds",
        params="_refund_create_params.RefundCreateParams",
        endpoint=refunds.create,
        built=_READ | {"amount", "charge", "metadata", "payment_intent", "reason"},
    ),
    Route(
        method="GET",
        path="/v1/refunds",
        params="_refund_list_params.RefundListParams",
        endpoint=refunds.list_all,
        built=_PAGED | {"charge", "created", "payment_intent"},
    ),
    Route(
        method="GET",
        path="/v1/refunds/{id}",
        params="_refund_retrieve_params.RefundRetrieveParams",
        endpoint=refunds.retrieve,
        built=_READ,
    ),
    Route(
        method="POST",
        path="/v1/refunds/{id}",
        params="_refund_update_params.RefundUpdateParams",
        endpoint=refunds.update,
        built=_READ | {"metadata"},
    ),
    Route(
        method="GET",
        path="/v1/events",
        params="_event_list_params.EventListParams",
        endpoint=events.list_all,
        built=_PAGED | {"created", "delivery_success", "type", "types"},
    ),
    Route(
        method="GET",
        path="/v1/events/{id}",
        params="_event_retrieve_params.EventRetrieveParams",
        endpoint=events.retrieve,
        built=_READ,
    ),
)


def found(method: str, path: str) -> tuple[Route, list[str]]:
    """The route of a request, and the ids in its path. Raises UnknownUrl."""
    given = path.split("/")
    for route in ROUTES:
        wanted = route.path.split("/")
        if route.method == method and len(wanted) == len(given):
            pairs = list(zip(wanted, given, strict=True))
            if all(want == part or (want == "{id}" and part) for want, part in pairs):
                return route, [part for want, part in pairs if want == "{id}"]
    raise UnknownUrl(method, path)

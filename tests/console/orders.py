"""Orders written by hand, as the API shows them; the desk holds them against openapi.json."""

from typing import Any

NOW = "2026-11-24T09:00:00Z"
PAY_PAGE = "http://127.0.0.1:9/c/pay/cs_test_1"


def usd(cents: int) -> dict[str, Any]:
    return {"amount": cents, "currency": "usd"}


def order(**differences: Any) -> dict[str, Any]:
    """An open order as the API shows one."""
    address = {
        "name": "Ada Lovelace",
        "line1": "1 Main Street",
        "city": "New York",
        "state": "NY",
        "postal_code": "10001",
        "country": "US",
    }
    return {
        "order_id": "ord_1",
        "status": "open",
        "method": "card",
        "created_at": "2026-11-24T08:00:00Z",
        "expires_at": "2026-11-25T08:00:00Z",
        "lines": [
            {
                "sku": "mailbox-migration",
                "name": "Mailbox migration",
                "quantity": 1500,
                "unit_price": usd(1205),
                "amount": usd(1_807_500),
            }
        ],
        "total": usd(1_807_500),
        "refunded": usd(0),
        "billing_address": address,
        "shipping_address": address,
        "email": "ada@northwind.example",
        "reference": "PO 7",
        "checkout_url": PAY_PAGE,
        "packs": [],
        "history": [{"at": "2026-11-24T08:00:00Z", "status": "open", "by": "somebody-else"}],
        **differences,
    }


def ended(status: str, at: str = "2026-11-24T08:30:00Z", by: str = "stripe") -> dict[str, Any]:
    """What changes with the state."""
    history = [*order()["history"], {"at": at, "status": status, "by": by}]
    return {key: value for key, value in order(status=status, history=history).items() if key != "checkout_url"}


def paid() -> dict[str, Any]:
    line = {**order()["lines"][0], "pack_id": "pack_1"}
    return {**ended("paid"), "paid_at": "2026-11-24T08:29:00Z", "lines": [line], "packs": ["pack_1"]}

"""Real values for the names that bodies and queries have; a new route's field of such a name is filled, too."""

import uuid
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from packhouse.catalog import catalog
from tests.fuzz.stock import Place, Stock, Tenant
from tests.harness.shop import ADDRESS

TEXTS = (
    *(
        "Move",
        "Zürich",
        "Zu\u0308rich",
        "東京",
        "🚚 van",
        "  spaces  ",
        "O'Brien & Sons",
        "x" * 80,
        "é" * 40,
        "<b>bold</b>",
    ),
    *("=1+1", "a/b", "a#b", "%41", "null", "\u0130stanbul", "ﬁn", "عمل", "{}", "-"),
)
ADDRESSES = (
    ADDRESS,
    {"name": "Jürgen Groß", "line1": "Hauptstraße 1", "city": "Köln", "postal_code": "50667", "country": "DE"},
    {"name": "J. Doe", "line1": "1 High St", "city": "London", "postal_code": "SW1A 1AA", "country": "GB"},
    {"name": "山田", "line1": "1-1", "city": "千代田区", "state": "東京都", "postal_code": "100-0001", "country": "JP"},
)
EMAILS = ("ada@northwind.example", "A.B+c@contoso.example", "jürgen@köln.example", "x@y.example")
ZONES = ("UTC", "America/New_York", "Pacific/Kiritimati", "Etc/GMT+12", "Asia/Kolkata", "US/Eastern")
KINDS = ("run.held", "run.consumed", "pack.granted", "order.placed", "project.created", "no.kind")
DAYS = ("2026-01-01", "2026-02-28", "2024-02-29", "2027-12-31", "2000-01-01", "2999-12-31")
SERVICES = tuple(service for kind in catalog() for service in kind.services)
SPENT_ON = tuple(service for service in SERVICES if catalog().spent_by(service))
SKUS = tuple(kind.sku for kind in catalog())
MANY = 5
ABSENT_RUNS = (f"run_{'0' * 32}", "run_x", "", "RUN#x")

type Word = Callable[[Random], Any]
type Words = Mapping[str, Word]


def words(stock: Stock, tenant: Tenant, place: Place) -> Words:
    """By name; ids are the tenant's own, most of them, and of the project in the path."""
    project = place.get("project_id")
    own = [one["run_id"] for one in tenant.at("run_id") if one["project_id"] == project] or ABSENT_RUNS
    run = _either(_of(*own), _of(*own), _of(*ABSENT_RUNS, *_everybodys(stock, "run_id")))
    return _PLAIN | {
        "run_id": run,
        "parent_run_id": _either(_of(None), run),
        "run_ids": _several(run, least=1),
        "project": _of(*_everybodys(stock, "project_id")),
        "pack": _of(*_everybodys(stock, "pack_id")),
        "cursor": _of(*(cursor for each in stock.tenants for cursor in each.cursors)),
    }


def _everybodys(stock: Stock, name: str) -> list[str]:
    return [one for tenant in stock.tenants for one in tenant.ids(name)]


def _of(*options: Any) -> Word:  # noqa: ANN401  # any JSON
    return lambda chance: chance.choice(options)


def _number(least: int, most: int) -> Word:
    return lambda chance: chance.randint(least, most)


def _either(*options: Word) -> Word:
    return lambda chance: chance.choice(options)(chance)


def _several(word: Word, *, least: int = 0) -> Word:
    """A list without the same thing twice."""
    return lambda chance: list(dict.fromkeys(word(chance) for _ in range(chance.randint(least, MANY))))


def _fresh(chance: Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


_TEXT = _of(*TEXTS)
_LICENSES = _of(1, 1, 1, 2, 3, 40)
_PLAIN: dict[str, Word] = {
    "service": _of(*SPENT_ON, *SERVICES, "gardening"),
    "sku": _of(*SKUS, *SKUS, "gardening"),
    "quantity": _number(1, 20),
    "name": _TEXT,
    "customer": _either(_of(None), _TEXT),
    "reference": _either(_of(None), _TEXT),
    "item_id": _fresh,
    "user": _of(None, *EMAILS),
    "licenses": _LICENSES,
    "licenses_used": _either(_of(None), _LICENSES),
    "lease_seconds": _number(60, 86_400),
    "max_licenses_per_item": _number(1, 100),
    "inactivity_days": _either(_of(None), _number(31, 730)),
    "errors": _several(_fresh),
    "error_count": _either(_of(None), _number(0, 100)),
    "billing_address": _of(*ADDRESSES),
    "shipping_address": _of(None, *ADDRESSES),
    "email": _of(*EMAILS),
    "expected_total": _of(None, None, None, {"amount": 1, "currency": "usd"}),
    "time_zone": _of(*ZONES),
    "low_balance": lambda chance: {sku: chance.randint(0, 100) for sku in chance.sample(SKUS, 2)},
    "notify": _several(_of(*EMAILS)),
    "managers_redeem": _of(True, False),  # noqa: FBT003  # any JSON
    "kind": _several(_of(*KINDS), least=1),
    "from": _of(*DAYS),
    "to": _of(*DAYS),
    "limit": _number(1, 100),
}
"""What means the same to every tenant."""

"""Real values for the names that bodies and queries have; a new route's field of such a name is filled, too."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from hypothesis import strategies as st

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
MANY = 5
SERVICES = [service for kind in catalog() for service in kind.services]
SKUS = [kind.sku for kind in catalog()]

type Words = Mapping[str, st.SearchStrategy[Any]]


def words(stock: Stock, tenant: Tenant, place: Place) -> Words:
    """By name; ids are the tenant's own, most of them, and of the project in the path."""
    project = place.get("project_id")
    own = [one["run_id"] for one in tenant.at("run_id") if one["project_id"] == project] or ["run_none"]
    others = [run for each in stock.tenants for run in each.ids("run_id")]
    absent = [f"run_{'0' * 32}", "run_x", "", "RUN#x"]
    run = st.sampled_from(own) | st.sampled_from(own) | st.sampled_from(others + absent)
    return _plain() | {
        "run_id": run,
        "parent_run_id": st.none() | run,
        "run_ids": st.lists(run, min_size=1, max_size=MANY, unique=True),
        "project": st.sampled_from([one for each in stock.tenants for one in each.ids("project_id")]),
        "pack": st.sampled_from([one for each in stock.tenants for one in each.ids("pack_id")]),
        "cursor": st.sampled_from([cursor for each in stock.tenants for cursor in each.cursors]),
    }


@cache
def _plain() -> dict[str, st.SearchStrategy[Any]]:
    """What means the same to every tenant."""
    text = st.sampled_from(TEXTS)
    item = st.integers(0, 30).map(lambda number: f"box-{number}") | st.uuids().map(str)
    low = st.sampled_from([1, 1, 1, 2, 3])
    return {
        "service": st.sampled_from([*SERVICES, *SERVICES, "gardening"]),
        "sku": st.sampled_from([*SKUS, *SKUS, "gardening"]),
        "quantity": st.integers(1, 20),
        "name": text,
        "customer": st.none() | text,
        "reference": st.none() | text,
        "item_id": item,
        "user": st.none() | st.sampled_from(EMAILS),
        "licenses": low,
        "licenses_used": st.none() | low,
        "lease_seconds": st.integers(60, 86_400),
        "max_licenses_per_item": st.integers(1, 100),
        "inactivity_days": st.none() | st.integers(31, 730),
        "errors": st.lists(item, max_size=MANY, unique=True),
        "error_count": st.none() | st.integers(0, 100),
        "billing_address": st.sampled_from(ADDRESSES),
        "shipping_address": st.none() | st.sampled_from(ADDRESSES),
        "email": st.sampled_from(EMAILS),
        "expected_total": st.sampled_from([None, None, None, {"amount": 1, "currency": "usd"}]),
        "time_zone": st.sampled_from(ZONES),
        "low_balance": st.dictionaries(st.sampled_from(SKUS), st.integers(0, 100), max_size=MANY),
        "notify": st.lists(st.sampled_from(EMAILS), max_size=MANY),
        "managers_redeem": st.booleans(),
        "kind": st.lists(st.sampled_from(KINDS), min_size=1, max_size=MANY),
        "from": st.sampled_from(DAYS),
        "to": st.sampled_from(DAYS),
        "limit": st.integers(1, 100),
    }

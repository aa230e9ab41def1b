"""The catalog, read from `catalog.json` and checked. A wrong file stops the cold start."""

import json
from collections import Counter
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any

from packhouse.domain.ids import CROCKFORD
from packhouse.domain.licenses import Catalog, Consumption, LicenseType
from packhouse.domain.money import Money
from packhouse.domain.runs import LEASE_SECONDS_MAX, LEASE_SECONDS_MIN

UNIT_PRICE_MIN = 50  # cents: the least that a card is charged with


class CatalogWrong(ValueError):
    """A mistake in `catalog.json`."""


@cache
def catalog() -> Catalog:
    return checked(json.loads(resources.files("packhouse").joinpath("catalog.json").read_text()))


def checked(entries: Iterable[dict[str, Any]]) -> Catalog:
    """The catalog of these entries, or `CatalogWrong` with the first mistake."""
    types = [_license_type(entry) for entry in entries]
    _once("sku", [license_type.sku for license_type in types])
    _once("code", [license_type.code for license_type in types])
    spent = [license_type for license_type in types if license_type.consumption is Consumption.ON_SUCCESS]
    _once("on_success service", [service for license_type in spent for service in license_type.services])
    return Catalog({license_type.sku: license_type for license_type in types})


def _license_type(entry: dict[str, Any]) -> LicenseType:
    license_type = LicenseType(
        **{
            **entry,
            "unit_price": Money(entry["unit_price"]),
            "consumption": Consumption(entry["consumption"]),
            "services": tuple(entry["services"]),
        }
    )
    code = license_type.code
    rules = {
        "code must be two Crockford symbols": len(code) == 2 and set(code) <= set(CROCKFORD),  # noqa: PLR2004  # says it
        "services must not be empty": bool(license_type.services),
        "unit_price must be whole cents, 50 or more": type(entry["unit_price"]) is int
        and entry["unit_price"] >= UNIT_PRICE_MIN,
        "validity_months must be 1 or more": license_type.validity_months >= 1,
        "lease_seconds_default must be a lease": LEASE_SECONDS_MIN
        <= license_type.lease_seconds_default
        <= LEASE_SECONDS_MAX,
    }
    for rule, kept in rules.items():
        if not kept:
            message = f"{license_type.sku}: {rule}"
            raise CatalogWrong(message)
    return license_type


def _once(name: str, values: Iterable[str]) -> None:
    for value, times in Counter(values).items():
        if times > 1:
            message = f"{name} {value} appears {times} times"
            raise CatalogWrong(message)

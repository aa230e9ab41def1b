import json
from collections.abc import Callable
from importlib import resources
from typing import Any

import pytest

from packhouse.catalog import CatalogWrong, catalog, checked
from packhouse.domain.licenses import Consumption
from packhouse.errors import ServiceNotCovered, UnknownSku


def entries() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(resources.files("packhouse").joinpath("catalog.json").read_text())
    return found


def test_the_catalog_sells_what_it_should() -> None:
    sold = {kind.sku: (kind.unit_price.amount, kind.consumption, kind.lease_seconds_default) for kind in catalog()}

    assert sold == {
        "mailbox-migration": (1200, Consumption.ON_SUCCESS, 21_600),
        "public-folder-migration": (11_400, Consumption.ON_SUCCESS, 21_600),
        "document-migration": (2500, Consumption.ON_SUCCESS, 21_600),
        "user-migration-bundle": (1750, Consumption.ON_ASSIGNMENT, 21_600),
        "device-management": (2400, Consumption.ON_ASSIGNMENT, 900),
    }
    assert all(kind.validity_months == 12 for kind in catalog())


def test_a_service_is_sold_as_what_its_success_spends_else_as_the_cheapest_to_assign() -> None:
    assert catalog().sold_for("mailbox-migration").sku == "mailbox-migration"
    assert catalog().sold_for("health-check").sku == "device-management"
    with pytest.raises(ServiceNotCovered):
        catalog().sold_for("gardening")


def test_a_sku_that_is_not_sold_is_unknown() -> None:
    with pytest.raises(UnknownSku) as refusal:
        catalog().of("gardening")

    assert refusal.value.sku == "gardening"


def _same_code(found: list[dict[str, Any]]) -> None:
    found[1]["code"] = found[0]["code"]


def _same_sku(found: list[dict[str, Any]]) -> None:
    found[1]["sku"] = found[0]["sku"]


def _spent_by_two(found: list[dict[str, Any]]) -> None:
    found[1]["services"] = found[0]["services"]


def _code_not_crockford(found: list[dict[str, Any]]) -> None:
    found[0]["code"] = "MO"


def _float_price(found: list[dict[str, Any]]) -> None:
    found[0]["unit_price"] = 12.5


def _free(found: list[dict[str, Any]]) -> None:
    found[0]["unit_price"] = 0


def _no_services(found: list[dict[str, Any]]) -> None:
    found[0]["services"] = []


def _no_validity(found: list[dict[str, Any]]) -> None:
    found[0]["validity_months"] = 0


def _no_lease(found: list[dict[str, Any]]) -> None:
    found[0]["lease_seconds_default"] = 1


@pytest.mark.parametrize(
    "spoil",
    [
        _same_code,
        _same_sku,
        _spent_by_two,
        _code_not_crockford,
        _float_price,
        _free,
        _no_services,
        _no_validity,
        _no_lease,
    ],
)
def test_a_wrong_catalog_stops_the_cold_start(spoil: Callable[[list[dict[str, Any]]], None]) -> None:
    found = entries()
    spoil(found)

    with pytest.raises(CatalogWrong):
        checked(found)

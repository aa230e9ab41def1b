"""License types: which of them covers a service, whatever the order of the catalog."""

import pytest

from packhouse.domain.licenses import Catalog, Consumption, LicenseType
from packhouse.errors import ServiceNotCovered, UnknownSku
from tests.unit.purchases import license_type

SPENT = license_type("spent", services=("mail", "files"))


def assigned(sku: str, price: int, *services: str) -> LicenseType:
    return license_type(sku, price, consumption=Consumption.ON_ASSIGNMENT, services=services)


def catalog(*types: LicenseType) -> Catalog:
    return Catalog({kind.sku: kind for kind in types})


DEAR, CHEAP, MIDDLE = assigned("dear", 300, "mail"), assigned("cheap", 100, "mail"), assigned("middle", 200, "mail")


def test_the_types_to_assign_are_told_cheapest_first_however_the_catalog_lists_them() -> None:
    listed = catalog(DEAR, CHEAP, SPENT, MIDDLE, assigned("other", 1, "files"))

    assert [kind.sku for kind in listed.assigned_for("mail")] == ["cheap", "middle", "dear"]


def test_a_success_spends_the_type_that_covers_its_service() -> None:
    listed = catalog(CHEAP, SPENT)

    assert listed.spent_by("files") is SPENT
    assert listed.spent_by("mail") is SPENT
    assert catalog(CHEAP).spent_by("mail") is None


def test_for_a_service_is_sold_what_its_success_spends_else_the_cheapest_to_assign() -> None:
    assert catalog(CHEAP, SPENT, DEAR).sold_for("mail") is SPENT
    assert catalog(DEAR, CHEAP).sold_for("mail") is CHEAP
    with pytest.raises(ServiceNotCovered) as refusal:
        catalog(DEAR, CHEAP).sold_for("gardening")
    assert refusal.value.service == "gardening"


def test_a_type_that_is_not_sold_any_more_is_called_by_its_sku_and_permits_nothing() -> None:
    listed = catalog(SPENT)

    assert (listed.name_of("spent"), listed.services_of("spent")) == ("Spent", ["mail", "files"])
    assert (listed.name_of("gone"), listed.services_of("gone")) == ("gone", [])


def test_a_type_is_found_by_its_sku_or_refused() -> None:
    listed = catalog(SPENT, DEAR)

    assert listed.of("dear") is DEAR
    assert list(listed) == [SPENT, DEAR]
    with pytest.raises(UnknownSku):
        listed.of("gone")

"""License types: what a license permits, and which types cover a service."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from packhouse.domain.money import Money
from packhouse.errors import ServiceNotCovered, UnknownSku

LINE_MAX = 10_000
"""How many licenses one line of an order may have."""


class Consumption(StrEnum):
    """When a license is consumed: when a run succeeds, or when the license is assigned to a user."""

    ON_SUCCESS = "on_success"
    ON_ASSIGNMENT = "on_assignment"


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseType:
    """What a license permits. Pack ids of this type start with `code`, two symbols."""

    sku: str
    code: str
    name: str
    unit_price: Money
    validity_months: int
    consumption: Consumption
    services: tuple[str, ...]
    lease_seconds_default: int


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every license type by its sku, in the order of the catalog."""

    types: Mapping[str, LicenseType]

    def __iter__(self) -> Iterator[LicenseType]:
        return iter(self.types.values())

    def of(self, sku: str) -> LicenseType:
        """The type of this sku. `UnknownSku` if the catalog doesn't have it."""
        if sku not in self.types:
            raise UnknownSku(sku=sku)
        return self.types[sku]

    def name_of(self, sku: str) -> str:
        """The name of a type; its sku, if the catalog doesn't have it any more."""
        return self.types[sku].name if sku in self.types else sku

    def services_of(self, sku: str) -> list[str]:
        """The services of a type; none, if the catalog doesn't have it any more."""
        return list(self.types[sku].services) if sku in self.types else []

    def spent_by(self, service: str) -> LicenseType | None:
        """The type of which a success of the service spends licenses, if there is such a type."""
        return next(iter(self._covering(service, Consumption.ON_SUCCESS)), None)

    def assigned_for(self, service: str) -> list[LicenseType]:
        """The types whose assignment covers the service, cheapest first."""
        return sorted(self._covering(service, Consumption.ON_ASSIGNMENT), key=lambda each: each.unit_price.amount)

    def sold_for(self, service: str) -> LicenseType:
        """The type to buy for the service: the type that its success spends or, without one, the cheapest to assign."""
        for license_type in filter(None, (self.spent_by(service), *self.assigned_for(service))):
            return license_type
        raise ServiceNotCovered(service=service)

    def _covering(self, service: str, consumption: Consumption) -> list[LicenseType]:
        return [each for each in self if each.consumption is consumption and service in each.services]


@dataclass(frozen=True, slots=True)
class Line:
    """A quantity of one license type, to buy or bought."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Price:
    """What one license of a type costs."""

    sku: str
    unit_price: Money

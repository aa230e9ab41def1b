from packhouse.domain.licenses import Consumption, LicenseType
from packhouse.web.fields import Amount, View


class LicenseTypeView(View):
    sku: str
    name: str
    unit_price: Amount
    validity_months: int
    consumption: Consumption
    services: list[str]
    lease_seconds_default: int

    @classmethod
    def of(cls, license_type: LicenseType) -> "LicenseTypeView":
        return cls(
            sku=license_type.sku,
            name=license_type.name,
            unit_price=Amount.of(license_type.unit_price),
            validity_months=license_type.validity_months,
            consumption=license_type.consumption,
            services=list(license_type.services),
            lease_seconds_default=license_type.lease_seconds_default,
        )


class Support(View):
    email: str


class CatalogView(View):
    """The license types for sale, the numbers in Packhouse's rules, and the address for questions."""

    license_types: list[LicenseTypeView]
    policies: dict[str, int]
    support: Support

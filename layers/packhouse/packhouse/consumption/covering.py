"""Coverage: what a workgroup has now, and so how each need of a service could be covered."""

from collections.abc import Iterable, Sequence

from packhouse.domain import coverage
from packhouse.domain.coverage import Decisions, Need
from packhouse.domain.entitlements import Entitlement
from packhouse.domain.licenses import Catalog
from packhouse.store import entitlements, packs
from packhouse.store.table import StampedTable


def decide(table: StampedTable, catalog: Catalog, wg: str, service: str, needs: Sequence[Need]) -> Decisions:
    """A decision on each need, by the licenses in stock and the users' entitlements."""
    license_types = coverage.types_covering(catalog, service)
    now = table.stamp.at
    stock = {each.sku: sum(packs.stock(table, wg, each, now=now).values()) for each in license_types}
    entitled = entitlements_covering(table, catalog, wg, service, [need.user for need in needs if need.user])
    return coverage.decide(catalog, service, needs, entitlements=entitled, stock=stock)


def entitlements_covering(
    table: StampedTable, catalog: Catalog, wg: str, service: str, users: Iterable[str]
) -> list[Entitlement]:
    """The entitlements of these users that cover the service now."""
    license_types = catalog.assigned_for(service)
    names = [(user, license_type.sku) for user in dict.fromkeys(users) for license_type in license_types]
    return [each for each in entitlements.read_many(table, wg, names) if each.covers(table.stamp.at)]

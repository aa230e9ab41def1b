"""What needs of a service may run on, out of what a workgroup has now."""

from collections.abc import Iterable, Sequence

from packhouse.domain import coverage
from packhouse.domain.coverage import Covering, Need
from packhouse.domain.entitlements import Entitlement
from packhouse.domain.licenses import Catalog
from packhouse.store import entitlements, packs
from packhouse.store.table import StampedTable


def look(table: StampedTable, catalog: Catalog, wg: str, service: str, needs: Sequence[Need]) -> Covering:
    """The decisions on the needs, by everything that could cover them."""
    kinds = coverage.types_covering(catalog, service)
    stock = {kind.sku: sum(packs.stock(table, wg, kind, now=table.stamp.at).values()) for kind in kinds}
    entitled = covering_now(table, catalog, wg, service, [need.user for need in needs if need.user])
    return coverage.decide(catalog, service, needs, entitlements=entitled, stock=stock)


def covering_now(
    table: StampedTable, catalog: Catalog, wg: str, service: str, users: Iterable[str]
) -> list[Entitlement]:
    """The entitlements of these users that cover the service now."""
    kinds = catalog.assigned_for(service)
    held = [(user, kind.sku) for user in dict.fromkeys(users) for kind in kinds]
    return [one for one in entitlements.read_many(table, wg, held) if one.covers(table.stamp.at)]

"""What needs of a service may run on, out of what a workgroup has now."""

from collections.abc import Iterable, Sequence

from packhouse.domain import coverage
from packhouse.domain.coverage import Decisions, Need
from packhouse.domain.entitlements import Entitlement
from packhouse.domain.licenses import Catalog
from packhouse.store import entitlements, packs
from packhouse.store.table import StampedTable


def look(table: StampedTable, catalog: Catalog, wg: str, service: str, needs: Sequence[Need]) -> Decisions:
    """The decisions on the needs, by everything that could cover them."""
    types = coverage.types_covering(catalog, service)
    stock = {each.sku: sum(packs.stock(table, wg, each, now=table.stamp.at).values()) for each in types}
    entitled = covering_now(table, catalog, wg, service, [need.user for need in needs if need.user])
    return coverage.decide(catalog, service, needs, entitlements=entitled, stock=stock)


def covering_now(
    table: StampedTable, catalog: Catalog, wg: str, service: str, users: Iterable[str]
) -> list[Entitlement]:
    """The entitlements of these users that cover the service now."""
    types = catalog.assigned_for(service)
    held = [(user, each.sku) for user in dict.fromkeys(users) for each in types]
    return [one for one in entitlements.read_many(table, wg, held) if one.covers(table.stamp.at)]

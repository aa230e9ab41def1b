"""Entitlements: a license is assigned to a user once, and can be withdrawn until it has covered a run."""

from dataclasses import replace

from packhouse.domain import ids
from packhouse.domain.coverage import Purchase
from packhouse.domain.entitlements import Entitlement, EntitlementStanding, EntitlementState
from packhouse.domain.licenses import Catalog, Consumption, LicenseType, Line
from packhouse.domain.packs import PackStanding, PackState
from packhouse.errors import EntitlementUsed, LicensesExhausted, NotAssignable, NotFound, PackNotUsable
from packhouse.store import entitlements, packs
from packhouse.store.patience import Moved, until_settled
from packhouse.store.table import StampedTable


def assign(table: StampedTable, catalog: Catalog, wg: str, user: str, sku: str) -> tuple[Entitlement, bool]:
    """The user's entitlement to a type, and whether this request assigned it. Otherwise the user had it before."""
    license_type = catalog.of(sku)
    if license_type.consumption is not Consumption.ON_ASSIGNMENT:
        raise NotAssignable(sku=sku)

    def attempt(met: Entitlement | None) -> tuple[Entitlement, bool]:
        if met is not None and met.covers(table.stamp.at):
            return met, False
        wanted = _from_stock(table, license_type, wg, user, met)
        if wanted is None:
            if entitlements.read(table, wg, user, sku) != met:  # another request took the last license in between
                raise Moved
            purchase = Purchase(lines=[Line(sku, 1)], total=license_type.unit_price)
            raise LicensesExhausted(sku=sku, asked=1, available=0, purchase=purchase)
        entitlements.assign(table, wanted, met=met)
        return wanted, True

    return until_settled(lambda: entitlements.read(table, wg, user, sku), attempt)


def withdraw(table: StampedTable, wg: str, user: str, sku: str) -> Entitlement:
    """The entitlement, withdrawn: its license is back in its pack."""

    def attempt(met: Entitlement | None) -> Entitlement:
        if met is None:
            raise NotFound
        match met.standing(table.stamp.at):
            case EntitlementStanding.WITHDRAWN:
                return met
            case _ if met.used_at is not None:
                raise EntitlementUsed
            case EntitlementStanding.ENDED:
                raise PackNotUsable(state=PackStanding.EXPIRED)
        try:
            entitlements.withdraw(table, met)
        except Moved:
            _require_not_revoked(table, met)
            raise
        return replace(met, state=EntitlementState.WITHDRAWN)  # not read again: it may have been assigned again by now

    return until_settled(lambda: entitlements.read(table, wg, user, sku), attempt)


def _from_stock(
    table: StampedTable, license_type: LicenseType, wg: str, user: str, met: Entitlement | None
) -> Entitlement | None:
    """The entitlement to assign, from the pack that expires soonest. None: no pack has a license left."""
    stock = packs.stock(table, wg, license_type, now=table.stamp.at)
    if not stock:
        return None
    pack_id = min(stock)
    return Entitlement(
        workgroup_id=wg,
        user=user,
        sku=license_type.sku,
        pack_id=pack_id,
        assigned_at=table.stamp.at,
        assigned_by=table.stamp.principal,
        until=ids.pack_expiry(pack_id),
        earlier=met.spent() if met else (),
    )


def _require_not_revoked(table: StampedTable, entitlement: Entitlement) -> None:
    pack = packs.read(table, entitlement.workgroup_id, entitlement.pack_id)
    if pack.state is PackState.REVOKED:
        raise PackNotUsable(state=PackStanding.REVOKED)

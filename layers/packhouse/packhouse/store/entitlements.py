"""Entitlements as items. Each is assigned and withdrawn in one transaction with its pack's counters."""

from collections.abc import Iterable

from packhouse.domain import instants
from packhouse.domain.entitlements import Entitlement, EntitlementState
from packhouse.store import keys, packs
from packhouse.store.patience import Moved, WriteRefused
from packhouse.store.table import ABSENT, StampedTable, Table, Write, as_met, if_absent
from packhouse.store.wire import Item

SKU_MAX = 100  # symbols: a longer text names no license type, and could be too long for a key


def read(table: Table, wg: str, user: str, sku: str) -> Entitlement | None:
    item = table.read(keys.entitlement(wg, user, sku)) if len(sku) <= SKU_MAX else None
    return of_item(item) if item else None


def read_many(table: Table, wg: str, held: Iterable[tuple[str, str]]) -> list[Entitlement]:
    """The entitlements of these users and types that exist."""
    found = table.read_many_pages([keys.entitlement(wg, user, sku) for user, sku in held])
    return [of_item(item) for item in found if item]


def assign(table: StampedTable, entitlement: Entitlement, *, met: Entitlement | None) -> None:
    """Take a license out of its pack for a user, in place of the entitlement that was met (None: there was none).

    `Moved` if the entitlement isn't as it was met, or the pack has no license left.
    """
    wg, now = entitlement.workgroup_id, entitlement.assigned_at
    unchanged, values = _unchanged(met)
    put = table.put(_item(entitlement), only_if=unchanged, **values)
    try:
        table.write(put, packs.assigned(table, wg, entitlement.pack_id, now=now))
    except WriteRefused as refused:
        raise Moved from refused


def withdraw(table: StampedTable, entitlement: Entitlement) -> None:
    """Give the license of an unused entitlement back to its pack. `Moved` if it was used, or its pack was revoked."""
    update = table.update(
        keys.entitlement(entitlement.workgroup_id, entitlement.user, entitlement.sku),
        sets={"state": EntitlementState.WITHDRAWN},
        only_if="#state = :active AND pack_id = :pack_id AND attribute_not_exists(used_at) AND #until > :now",
        active=EntitlementState.ACTIVE,
        pack_id=entitlement.pack_id,
        now=table.stamp.at,
    )
    back = packs.unassigned(table, entitlement.workgroup_id, entitlement.pack_id)
    try:
        table.write(update, back)
    except WriteRefused as refused:
        raise Moved from refused


def used(table: StampedTable, entitlement: Entitlement) -> Write:
    """The write that makes an entitlement final, with the first run that it covers."""
    return table.update(
        keys.entitlement(entitlement.workgroup_id, entitlement.user, entitlement.sku),
        sets={"used_at": if_absent(table.stamp.at)},
        only_if="#state = :active AND pack_id = :pack_id AND #until > :now",
        active=EntitlementState.ACTIVE,
        pack_id=entitlement.pack_id,
        now=table.stamp.at,
    )


def of_item(item: Item) -> Entitlement:
    return Entitlement(
        workgroup_id=keys.workgroup_of(item),
        user=item["user"],
        sku=item["sku"],
        pack_id=item["pack_id"],
        assigned_at=instants.parse(item["assigned_at"]),
        assigned_by=item["assigned_by"],
        until=instants.parse(item["until"]),
        used_at=instants.of(item, "used_at"),
        state=EntitlementState(item["state"]),
        earlier=tuple(item["earlier"]),
    )


def _unchanged(met: Entitlement | None) -> tuple[str, dict[str, object]]:
    """The condition that nothing came in between: two assignments to one user at once take one license."""
    if met is None:
        return ABSENT, {}
    return as_met(state=met.state, pack_id=met.pack_id, assigned_at=met.assigned_at)


def _item(entitlement: Entitlement) -> Item:
    return {
        **keys.entitlement(entitlement.workgroup_id, entitlement.user, entitlement.sku),
        "user": entitlement.user,
        "sku": entitlement.sku,
        "pack_id": entitlement.pack_id,
        "assigned_at": entitlement.assigned_at,
        "assigned_by": entitlement.assigned_by,
        "until": entitlement.until,
        "state": entitlement.state,
        "earlier": list(entitlement.earlier),
    }

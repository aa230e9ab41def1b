from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from packhouse.domain import ids, instants, reminders
from packhouse.domain.licenses import LicenseType
from packhouse.domain.money import Money
from packhouse.domain.packs import Pack, PackState, Source, SourceKind
from packhouse.domain.runs import Allocation
from packhouse.errors import NotFound
from packhouse.store import keys, queues, wire
from packhouse.store.patience import Moved, WriteRefused
from packhouse.store.table import ABSENT, Only, StampedTable, Table, Write, minus, plus, plus_all_of
from packhouse.store.wire import Item


def granted(table: StampedTable, pack: Pack, *, reminder_days: int) -> Write:
    """The write that makes a pack exist, due for the first reminder of its end that is still to come."""
    first_look = reminders.next_look(pack.expires_at, reminders.days_before(reminder_days), now=table.stamp.at)
    return table.put(
        {
            **keys.pack(pack.workgroup_id, pack.pack_id),
            **keys.due_pack(first_look),
            "sku": pack.sku,
            "source": wire.present(asdict(pack.source)),
            "quantity": pack.quantity,
            "available": pack.available,
            "assigned": pack.assigned,
            "in_coupons": pack.in_coupons,
            "expired": pack.expired,
            "revoked": pack.revoked,
            "state": pack.state,
            "unit_price": pack.unit_price.amount if pack.unit_price else None,
            "acquired_at": pack.acquired_at,
            "expires_at": pack.expires_at,
        },
        only_if=ABSENT,
    )


def grant(table: StampedTable, packs: Sequence[Pack], *also: Write, reminder_days: int) -> None:
    """Make packs exist, in one transaction with the writes that they follow from. `Moved` if one of them is refused."""
    try:
        table.write(*also, *(granted(table, pack, reminder_days=reminder_days) for pack in packs))
    except WriteRefused as refused:
        raise Moved from refused


def taken(table: StampedTable, wg: str, pack_id: str, quantity: int, *, now: datetime) -> Write:
    """The write that takes licenses out of a pack: only out of an active, unexpired pack that has enough."""
    return table.update(
        keys.pack(wg, pack_id),
        sets={"available": minus(quantity)},
        only_if="available >= :quantity AND expires_at > :now AND #state = :active",
        quantity=quantity,
        now=now,
        active=PackState.ACTIVE,
    )


def assigned(table: StampedTable, wg: str, pack_id: str, *, now: datetime) -> Write:
    """The write that takes one license out of a pack to assign it."""
    return table.update(
        keys.pack(wg, pack_id),
        sets={"available": minus(1), "assigned": plus(1)},
        only_if="available >= :one AND expires_at > :now AND #state = :active",
        one=1,
        now=now,
        active=PackState.ACTIVE,
    )


def unassigned(table: StampedTable, wg: str, pack_id: str) -> Write:
    """The write that gives an assigned license back to a pack that isn't revoked."""
    return table.update(
        keys.pack(wg, pack_id),
        sets={"available": plus(1), "assigned": minus(1)},
        only_if="assigned >= :one AND #state <> :revoked_state",
        one=1,
        revoked_state=PackState.REVOKED,
    )


def restored(table: StampedTable, wg: str, pack_id: str, quantity: int, *, to_revoked: bool = False) -> Write:
    """The write that gives licenses back to their pack: to *available*, or after the pack's end to *expired*.

    `to_revoked` gives them to a revoked pack, and to no other. Without it a revoked pack refuses.
    """
    if to_revoked:
        counter, standing = "revoked", "#state = :revoked_state"
    else:
        counter = "expired" if ids.pack_expiry(pack_id) <= table.stamp.at else "available"
        standing = "#state <> :revoked_state"
    return table.update(
        keys.pack(wg, pack_id),
        sets={counter: plus(quantity)},
        only_if=f"attribute_exists(PK) AND {standing}",
        revoked_state=PackState.REVOKED,
    )


def remind(table: StampedTable, item: Item, *, days: int, until: datetime) -> None:
    """Remember a reminder, from which its mails follow, and be due for the next. Only while a license can be used."""
    queues.move(
        table,
        item,
        until=until,
        sets={"reminded_days": days},
        only_if="#state = :active AND available > :zero "
        "AND (attribute_not_exists(reminded_days) OR reminded_days > :days)",
        days=days,
        active=PackState.ACTIVE,
        zero=0,
    )


def expire(table: StampedTable, item: Item, *, look_again: datetime | None) -> None:
    """Move a pack's available licenses to *expired* after its end. Applied twice, it moves nothing more."""
    queues.move(
        table,
        item,
        until=look_again,
        sets={"expired": plus_all_of("available"), "available": 0},
        only_if="expires_at <= :now AND #state IN (:active, :frozen)",
        now=table.stamp.at,
        active=PackState.ACTIVE,
        frozen=PackState.FROZEN,
    )


def read(table: Table, wg: str, pack_id: str) -> Pack:
    if not ids.is_id(ids.Prefix.PACK, pack_id):
        raise NotFound
    item = table.read(keys.pack(wg, pack_id))
    if item is None:
        raise NotFound
    return of_item(item)


def read_many(table: Table, wg: str, pack_ids: Sequence[str]) -> list[Pack]:
    """The packs of these ids that exist, in the order of the ids."""
    found = table.read_many([keys.pack(wg, pack_id) for pack_id in pack_ids])
    return [of_item(item) for item in found if item is not None]


def every(table: Table, wg: str) -> list[Pack]:
    return [of_item(item) for item in table.query_all(keys.packs(wg))]


def stock(table: Table, wg: str, license_type: LicenseType, *, now: datetime) -> Allocation:
    """The licenses of one type that could be taken now, by pack in burn-down order."""
    usable = Only("available > :none AND #state = :active", {"none": 0, "active": PackState.ACTIVE})
    found = table.query_all(keys.unexpired_packs(wg, license_type.code, now), only=usable)
    return {keys.subject(item): item["available"] for item in found}


def of_item(item: Item) -> Pack:
    source = item["source"]
    return Pack(
        workgroup_id=keys.workgroup_of(item),
        pack_id=keys.subject(item),
        sku=item["sku"],
        source=Source(kind=SourceKind(source["kind"]), label=source.get("label"), order_id=source.get("order_id")),
        quantity=item["quantity"],
        available=item["available"],
        assigned=item["assigned"],
        in_coupons=item["in_coupons"],
        expired=item["expired"],
        revoked=item["revoked"],
        state=PackState(item["state"]),
        unit_price=Money(item["unit_price"]) if "unit_price" in item else None,
        acquired_at=instants.parse(item["acquired_at"]),
        expires_at=instants.parse(item["expires_at"]),
        reminded_days=item.get("reminded_days"),
    )

"""Workgroups, and the operators' list of them."""

from collections.abc import Mapping
from dataclasses import asdict

from packhouse.domain import instants
from packhouse.domain.workgroups import LowBalance, Workgroup
from packhouse.errors import NotFound
from packhouse.store import keys
from packhouse.store.patience import Moved, WriteRefused
from packhouse.store.table import ABSENT, StampedTable, Table, Write
from packhouse.store.wire import Item


def created(table: StampedTable, workgroup: Workgroup) -> Write:
    """The write that makes a workgroup exist."""
    return table.put(
        {
            **keys.workgroup(workgroup.workgroup_id),
            **keys.owned_workgroup(workgroup.workgroup_id, workgroup.name),
            "name": workgroup.name,
            "time_zone": workgroup.time_zone,
            "low_balance": dict(workgroup.low_balance),
            "notify": list(workgroup.notify),
            "managers_redeem": workgroup.managers_redeem,
            "created_at": workgroup.created_at,
        },
        only_if=ABSENT,
    )


def read(table: Table, wg: str) -> Workgroup:
    item = table.read(keys.workgroup(wg))
    if item is None:
        raise NotFound
    return of_item(item)


def read_many(table: Table, wgs: list[str]) -> list[Workgroup]:
    """The workgroups that exist, in the given order."""
    return [of_item(item) for item in table.read_many([keys.workgroup(wg) for wg in wgs]) if item]


def change(table: StampedTable, wg: str, changes: Mapping[str, object]) -> Workgroup:
    """Change these attributes, and return the workgroup. A new name also moves it in the operators' list."""
    if not changes:
        return read(table, wg)
    listed = {"owner_at": keys.owned_workgroup(wg, str(changes["name"]))["owner_at"]} if "name" in changes else {}
    attributes = {**changes, **listed}
    try:
        return of_item(table.change(table.update(keys.workgroup(wg), sets=attributes, only_if="attribute_exists(PK)")))
    except WriteRefused as refused:
        raise NotFound from refused


def remember_low(table: StampedTable, workgroup: Workgroup, low_types: Mapping[str, LowBalance]) -> None:
    """Remember which license types are below their thresholds. `Moved` if those or the thresholds have changed."""
    known = "low_types = :known" if workgroup.low_types else "(attribute_not_exists(low_types) OR low_types = :known)"
    update = table.update(
        keys.workgroup(workgroup.workgroup_id),
        sets={"low_types": _low_types(low_types)},
        only_if=f"low_balance = :low_balance AND {known}",
        low_balance=dict(workgroup.low_balance),
        known=_low_types(workgroup.low_types),
    )
    try:
        table.write(update)
    except WriteRefused as refused:
        raise Moved from refused


def _low_types(low_types: Mapping[str, LowBalance]) -> dict[str, object]:
    return {sku: asdict(low_balance) for sku, low_balance in low_types.items()}


def of_item(item: Item) -> Workgroup:
    return Workgroup(
        workgroup_id=keys.subject(item),
        name=item["name"],
        time_zone=item["time_zone"],
        low_balance=item["low_balance"],
        notify=tuple(item["notify"]),
        managers_redeem=item["managers_redeem"],
        low_types={sku: LowBalance(**fields) for sku, fields in item.get("low_types", {}).items()},
        created_at=instants.parse(item["created_at"]),
    )

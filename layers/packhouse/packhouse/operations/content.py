"""The content of the tables, parsed for the checks of the invariants."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from packhouse.domain import ids, instants
from packhouse.domain.entitlements import Entitlement
from packhouse.domain.journal import Entry
from packhouse.domain.orders import Order
from packhouse.domain.packs import Pack
from packhouse.domain.runs import Run
from packhouse.journal.entries import journaled_attributes, owner
from packhouse.store import entitlements, keys, orders, packs, runs, workgroups
from packhouse.store.wire import Item

REQUEST_MAX = timedelta(seconds=30)  # no function that changes a workgroup runs longer
STAMPS = ("request_id", "changed_at")
COUNTERS = ("available", "assigned", "in_coupons", "expired", "revoked")
UNREADABLE = (AttributeError, LookupError, TypeError, ValueError)
"""The errors that parsing raises for an item that somebody wrote by hand and that makes no sense."""

type RunName = tuple[str, str | None, str]
"""Workgroup, project and id of a run."""

type Broken = tuple[str, str]
"""The name of an item for which an invariant doesn't hold, and why not."""


@dataclass(frozen=True, slots=True)
class Content:
    """All items of some workgroups, and all entries of their journals in the order of the stream."""

    items: Sequence[Item]
    packs: Sequence[Pack]
    runs: Sequence[Run]
    entitlements: Sequence[Entitlement]
    orders: Sequence[Order]
    entries: Sequence[Entry]
    errors: Mapping[RunName, frozenset[str]]
    late: frozenset[tuple[str, str]]
    """Owner and name of each item whose last entry is missing, and may be: the item was changed just now."""
    stamps: Mapping[str, str]
    """By an item's name, the time and the request of its last change."""
    unreadable: Sequence[tuple[str, str]]
    """The name of each item that can't be read, and why not."""


def read(items: Iterable[Item], entries: Iterable[Entry], *, late_since: datetime | None) -> Content:
    """Parse all items. The entries of changes after `late_since` may be missing."""
    parsed: dict[str, list[Any]] = {prefix: [] for prefix in READERS}
    readable: list[Item] = []
    stamps: dict[str, str] = {}
    unreadable: list[tuple[str, str]] = []
    for item in items:
        prefix, name = keys.entity(item), keys.subject(item)
        stamps[name] = max(stamps.get(name, ""), f"{item.get('changed_at')} {item.get('request_id')}")
        try:
            _expect(str, *(item[stamp] for stamp in STAMPS if stamp in item))
            journaled_attributes(item)
            if prefix in READERS:
                parsed[prefix].append(READERS[prefix](item))
        except UNREADABLE as error:
            unreadable.append((name, f"{type(error).__name__}: {error}"))
        else:
            readable.append(item)
    ordered = sorted(entries, key=lambda entry: int(entry.sequence))
    return Content(
        items=readable,
        packs=parsed["PACK"],
        runs=parsed["RUN"],
        entitlements=parsed["ENT"],
        orders=parsed["ORDER"],
        entries=ordered,
        errors=dict(parsed["ERRORS"]),
        late=_late(readable, ordered, instants.precise(late_since)) if late_since else frozenset(),
        stamps=stamps,
        unreadable=unreadable,
    )


def _late(items: Iterable[Item], entries: Iterable[Entry], since: str) -> frozenset[tuple[str, str]]:
    journaled_changes = {(entry.owner, entry.item, entry.at, entry.request_id) for entry in entries if entry.at > since}
    changed = {
        (owner(item), keys.subject(item), item["changed_at"], item.get("request_id"))
        for item in items
        if item.get("changed_at", "") > since
    }
    return frozenset((owner, name) for owner, name, _, _ in changed - journaled_changes)


def _pack(item: Item) -> Pack:
    pack = packs.of_item(item)
    _expect(int, pack.quantity, *(getattr(pack, name) for name in COUNTERS))
    if not ids.is_id(ids.Prefix.PACK, pack.pack_id):
        message = "its key isn't the key of a pack"
        raise ValueError(message)
    return pack


def _run(item: Item) -> Run:
    run = runs.of_item(item)
    _expect(int, *run.allocation.values(), *([] if run.licenses_used is None else [run.licenses_used]))
    return run


def _order(item: Item) -> Order:
    order = orders.of_item(item)
    _expect(str, *order.packs)
    return order


def _expect(expected: type, *values: object) -> None:
    for value in values:
        if not isinstance(value, expected):
            message = f"{value!r} isn't of the type {expected.__name__}"
            raise TypeError(message)


def name_of(entitlement: Entitlement) -> str:
    """An entitlement's name in a finding. It leaves out the user, because no log may name a user."""
    return f"entitlement {entitlement.sku} of {entitlement.pack_id}"


def _run_name(item: Item) -> RunName:
    return keys.workgroup_of(item), keys.project_of(item), keys.subject(item)


READERS: Mapping[str, Callable[[Item], object]] = {
    "WG": workgroups.of_item,
    "PACK": _pack,
    "RUN": _run,
    "ERRORS": lambda item: (_run_name(item), frozenset(item["errors"])),
    "ENT": entitlements.of_item,
    "ORDER": _order,
}

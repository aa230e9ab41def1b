"""All keys: a function for each entity, and for each access pattern. docs/data-model.md has the table."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from urllib.parse import quote

from packhouse.domain import ids, instants
from packhouse.store.wire import Item, Key


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRange:
    """The items of one partition, of the table or of an index, whose sort keys have a prefix or are in a range."""

    partition: str
    prefix: str | None = None
    between: tuple[str, str] | None = None
    index: Literal["by_owner", "due"] | None = None


def of(item: Mapping[str, Any]) -> Key:
    """The key of an item that was read, from the table or from an index."""
    return {"PK": item["PK"], "SK": item["SK"]}


def workgroup(wg: str) -> Key:
    return {"PK": f"WG#{wg}", "SK": "WG"}


def pack(wg: str, pack_id: str) -> Key:
    return {"PK": f"WG#{wg}", "SK": f"PACK#{pack_id}"}  # ids sort in burn-down order


def project(wg: str, project_id: str) -> Key:
    return {"PK": f"WG#{wg}", "SK": f"PROJECT#{project_id}"}


def run(wg: str, project_id: str, run_id: str) -> Key:
    return {"PK": f"WG#{wg}#PRJ#{project_id}", "SK": f"RUN#{run_id}"}


def run_errors(wg: str, project_id: str, run_id: str) -> Key:
    return {"PK": f"WG#{wg}#PRJ#{project_id}", "SK": f"ERRORS#{run_id}"}


def entitlement(wg: str, user: str, sku: str) -> Key:
    """The user is percent-encoded: callers choose the name, and it must not look like another part of the key."""
    return {"PK": f"WG#{wg}", "SK": f"ENT#{quote(user, safe='')}#{sku}"}


def entitlements(wg: str, user: str | None) -> KeyRange:
    """The entitlements of a workgroup, or of one of its users."""
    of_user = f"{quote(user, safe='')}#" if user is not None else ""
    return KeyRange(partition=f"WG#{wg}", prefix=f"ENT#{of_user}")


def member(subject: str, wg: str) -> Key:
    return {"PK": f"USER#{subject}", "SK": f"MEMBER#{wg}"}


def api_key(key_id: str) -> Key:
    return {"PK": f"KEY#{key_id}", "SK": "KEY"}


def order(wg: str, order_id: str) -> Key:
    return {"PK": f"WG#{wg}", "SK": f"ORDER#{order_id}"}


def mark() -> Key:
    """The mark up to which the reconciler has read Stripe's events."""
    return {"PK": "MARK", "SK": "stripe"}


def audit() -> Key:
    """The progress of the auditor's round."""
    return {"PK": "MARK", "SK": "audit"}


def finding(wg: str, finding_id: str) -> Key:
    return {"PK": f"WG#{wg}", "SK": f"FINDING#{finding_id}"}


def parked(object_id: str) -> Key:
    return {"PK": f"PARKED#{object_id}", "SK": "PARKED"}


def mail(event_id: str, to: str) -> Key:
    """The mail of an event to one address."""
    return {"PK": f"MAIL#{event_id}#{hashlib.sha256(to.encode()).hexdigest()[:_DIGEST_SYMBOLS]}", "SK": "MAIL"}


def operator_read(wg: str, request_id: str) -> Key:
    return {"PK": f"WG#{wg}", "SK": f"READ#{request_id}"}


def workgroups() -> KeyRange:
    return KeyRange(index="by_owner", partition="WORKGROUPS")


def kept_with_workgroup(wg: str) -> KeyRange:
    """Everything in a workgroup's partition: the workgroup, its packs, projects, orders and more."""
    return KeyRange(partition=f"WG#{wg}")


def kept_with_project(wg: str, project_id: str) -> KeyRange:
    """Everything in a project's partition: its runs and their errors."""
    return KeyRange(partition=f"WG#{wg}#PRJ#{project_id}")


def members(wg: str) -> KeyRange:
    return KeyRange(index="by_owner", partition=f"MEMBERS#{wg}")


def api_keys(wg: str) -> KeyRange:
    return KeyRange(index="by_owner", partition=f"KEYS#{wg}")


def packs(wg: str, code: str = "") -> KeyRange:
    """Packs by license type, each type in burn-down order. `code`: the 2-symbol code of one type."""
    return KeyRange(partition=f"WG#{wg}", prefix=f"PACK#pack_{code}")


def unexpired_packs(wg: str, code: str, now: datetime) -> KeyRange:
    """The packs of one type that expire after `now`, soonest first. The id holds `expires_at`, which is exclusive."""
    first = f"PACK#pack_{code}{ids.crockford(now)}{_LAST}"
    return KeyRange(partition=f"WG#{wg}", between=(first, f"PACK#pack_{code}{_LAST}"))


def runs(wg: str, project_id: str) -> KeyRange:
    return KeyRange(partition=f"WG#{wg}#PRJ#{project_id}", prefix="RUN#")


def memberships(subject: str) -> KeyRange:
    return KeyRange(partition=f"USER#{subject}", prefix="MEMBER#")


def projects(wg: str) -> KeyRange:
    return KeyRange(index="by_owner", partition=f"PROJECTS#{wg}")


def orders(wg: str, first: datetime | None, last: datetime | None) -> KeyRange:
    """Orders by the time they were placed, from `first` (included) to `last` (excluded)."""
    between = (instants.precise(first) if first else "0", instants.precise(last) if last else _LAST)
    return KeyRange(index="by_owner", partition=f"ORDERS#{wg}", between=between)


QUEUED = ("due", "due_at", "tries", "retry_at", "waits_since")
"""The attributes of an item that belong to its queue: its place there, and its failed tries."""


def queue_parts(queue: str) -> list[str]:
    """The partitions of a queue: sixteen for runs, one for every other queue."""
    return [f"RUN#{symbol}" for symbol in _HEX] if queue == "RUN" else [queue]


def due(queue: str, until: datetime) -> KeyRange:
    """The items that are due in a partition of a queue, the most overdue first."""
    return KeyRange(index="due", partition=queue, between=("0", instants.text(until)))


def journal_month(owner: str, month: str) -> str:
    """The partition of the journal for a month (yyyymm) of a workgroup, or of PLATFORM."""
    return f"{owner}#{month}"


def journal_entry(owner: str, month: str, at: str, entry_id: str) -> Key:
    """An entry in its month. `at` is RFC 3339, to the microsecond, so the keys sort by time."""
    return {"PK": journal_month(owner, month), "SK": f"{at}#{entry_id}"}


def usage_row(wg: str, day: date, project_id: str, sku: str, first: datetime) -> Key:
    """The usage of a project and license type in one part of the log. `first`: the first instant of that part."""
    return {"PK": f"USAGE#{wg}", "SK": f"{day:%Y%m%d}#{project_id}#{sku}#{instants.precise(first)}"}


def usage_rows(wg: str, first: date | None, last: date) -> KeyRange:
    """The rows from `first` to `last`, both included."""
    between = (f"{first:%Y%m%d}" if first else "0", f"{last:%Y%m%d}{_LAST}")
    return KeyRange(partition=f"USAGE#{wg}", between=between)


def counted_part(wg: str, first: datetime) -> Key:
    """A counted part of the log, by its first instant: no two parts can begin at the same instant."""
    return {"PK": f"COUNTED#{wg}", "SK": instants.precise(first)}


def counted_parts(wg: str, soonest: datetime | None = None, latest: datetime | None = None) -> KeyRange:
    """The counted parts that begin between these instants."""
    between = (instants.precise(soonest) if soonest else "0", instants.precise(latest) if latest else _LAST)
    return KeyRange(partition=f"COUNTED#{wg}", between=between)


def rolled_up() -> Key:
    """The progress of the roll-up of usage; in the journal's table."""
    return {"PK": "MARK", "SK": "usage"}


def owned_project(wg: str, project_id: str, created_at: datetime) -> Item:
    """The attributes that put a project into its workgroup's list, by the time it was created, to the microsecond."""
    return {"owner": f"PROJECTS#{wg}", "owner_at": f"{instants.precise(created_at)}#{project_id}"}


def owned_order(wg: str, order_id: str, created_at: datetime) -> Item:
    return {"owner": f"ORDERS#{wg}", "owner_at": f"{instants.precise(created_at)}#{order_id}"}


def owned_workgroup(wg: str, name: str) -> Item:
    return {"owner": "WORKGROUPS", "owner_at": f"{name.lower()}#{wg}"}


def owned_member(subject: str, wg: str) -> Item:
    return {"owner": f"MEMBERS#{wg}", "owner_at": subject}


def owned_key(wg: str | None, key_id: str, created_at: datetime) -> Item:
    owner = f"KEYS#{wg}" if wg else "KEYS"
    return {"owner": owner, "owner_at": f"{instants.text(created_at)}#{key_id}"}


def due_run(run_id: str, at: datetime) -> Item:
    """The queue of open holds. The first hex digit of the id picks one of sixteen partitions, to spread the writes."""
    return {"due": f"RUN#{run_id.removeprefix('run_')[0].upper()}", "due_at": instants.text(at)}


def due_pack(at: datetime) -> Item:
    return {"due": "PACK", "due_at": instants.text(at)}


def due_project(at: datetime) -> Item:
    return {"due": "PROJECT", "due_at": instants.text(at)}


def due_order(at: datetime) -> Item:
    return {"due": "ORDER", "due_at": instants.text(at)}


def queued_parked(queue: str, at: datetime) -> Item:
    return {"due": f"PARKED#{queue}", "due_at": instants.text(at)}


def entity(item: Mapping[str, Any]) -> str:
    """The kind of an item, from its sort key: WG, PACK, RUN and so on."""
    return str(item["SK"].partition("#")[0])


def subject(item: Mapping[str, Any]) -> str:
    """The id of an item: the id in its sort key or, if that has none, in its partition key.

    The subject of a member is the person, whose id stands in the partition key.
    """
    prefix, _, in_sort_key = item["SK"].partition("#")
    return str(in_sort_key) if in_sort_key and prefix != "MEMBER" else str(item["PK"].partition("#")[2])


def loggable(subject: str) -> str:
    """A subject without the name of a user, which no log may hold: an entitlement's subject is `user#sku`."""
    return subject.rpartition("#")[2]


def has_workgroup(item: Mapping[str, Any]) -> bool:
    """Whether an item's key holds the id of its workgroup."""
    return item["PK"].startswith("WG#") or entity(item) == "MEMBER"


def workgroup_of(item: Mapping[str, Any]) -> str:
    """The workgroup in an item's key; see `has_workgroup`."""
    key = item["SK"] if entity(item) == "MEMBER" else item["PK"]
    return str(key.split("#")[1])


def project_of(item: Mapping[str, Any]) -> str | None:
    """The project of an item: the item itself, or the project whose partition holds it. None for all others."""
    if entity(item) == "PROJECT":
        return subject(item)
    _, _, project_id = item["PK"].partition("#PRJ#")
    return project_id or None


_HEX = "0123456789ABCDEF"
_DIGEST_SYMBOLS = 16
_LAST = "~"  # sorts after every symbol of an id

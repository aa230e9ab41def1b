"""The only place that spells keys: one function per entity, one per access pattern. The table: docs/data-model.md."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from packhouse.domain import ids, instants
from packhouse.store.table import KeyRange
from packhouse.store.wire import Item, Key


def workgroup(wg: str) -> Key:
    return {"PK": f"WG#{wg}", "SK": "WG"}


def pack(wg: str, pack_id: str) -> Key:
    return {"PK": f"WG#{wg}", "SK": f"PACK#{pack_id}"}  # the id sorts in burn-down order


def project(wg: str, project_id: str) -> Key:
    return {"PK": f"WG#{wg}", "SK": f"PROJECT#{project_id}"}


def run(wg: str, project_id: str, run_id: str) -> Key:
    return {"PK": f"WG#{wg}#PRJ#{project_id}", "SK": f"RUN#{run_id}"}


def run_errors(wg: str, project_id: str, run_id: str) -> Key:
    return {"PK": f"WG#{wg}#PRJ#{project_id}", "SK": f"ERRORS#{run_id}"}


def entitlement(wg: str, user: str, sku: str) -> Key:
    """A user is a name from outside: percent-encoded, it can't be mistaken for a part of the key."""
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
    """How far Stripe's events have been gone through."""
    return {"PK": "MARK", "SK": "stripe"}


def audit() -> Key:
    """How far the auditor has come."""
    return {"PK": "MARK", "SK": "audit"}


def finding(wg: str, finding_id: str) -> Key:
    return {"PK": f"WG#{wg}", "SK": f"FINDING#{finding_id}"}


def parked(object_id: str) -> Key:
    return {"PK": f"PARKED#{object_id}", "SK": "PARKED"}


def mail(event_id: str, to: str) -> Key:
    """The mail that an event asks for, to one of those it is for."""
    return {"PK": f"MAIL#{event_id}#{hashlib.sha256(to.encode()).hexdigest()[:_DIGEST_SYMBOLS]}", "SK": "MAIL"}


def operator_read(wg: str, request_id: str) -> Key:
    return {"PK": f"WG#{wg}", "SK": f"READ#{request_id}"}


def workgroups() -> KeyRange:
    return KeyRange(index="by_owner", partition="WORKGROUPS")


def kept_with_workgroup(wg: str) -> KeyRange:
    """Everything in a workgroup's own partition: itself, its packs, projects, orders."""
    return KeyRange(partition=f"WG#{wg}")


def kept_with_project(wg: str, project_id: str) -> KeyRange:
    """Everything in a project's partition: its runs and what they left."""
    return KeyRange(partition=f"WG#{wg}#PRJ#{project_id}")


def members(wg: str) -> KeyRange:
    return KeyRange(index="by_owner", partition=f"MEMBERS#{wg}")


def api_keys(wg: str) -> KeyRange:
    return KeyRange(index="by_owner", partition=f"KEYS#{wg}")


def packs(wg: str, code: str = "") -> KeyRange:
    """Packs by type and in burn-down order; of one type, by its 2-symbol code."""
    return KeyRange(partition=f"WG#{wg}", prefix=f"PACK#pack_{code}")


def unexpired_packs(wg: str, code: str, now: datetime) -> KeyRange:
    """The packs of one type that expire after `now`, soonest first: `expires_at` is exclusive and stands in the id."""
    first = f"PACK#pack_{code}{ids.crockford(now)}{_LAST}"
    return KeyRange(partition=f"WG#{wg}", between=(first, f"PACK#pack_{code}{_LAST}"))


def runs(wg: str, project_id: str) -> KeyRange:
    return KeyRange(partition=f"WG#{wg}#PRJ#{project_id}", prefix="RUN#")


def memberships(subject: str) -> KeyRange:
    return KeyRange(partition=f"USER#{subject}", prefix="MEMBER#")


def projects(wg: str) -> KeyRange:
    return KeyRange(index="by_owner", partition=f"PROJECTS#{wg}")


def orders(wg: str, first: datetime | None, last: datetime | None) -> KeyRange:
    """Orders by the time of their placing, from `first` (included) to `last` (not)."""
    between = (instants.precise(first) if first else "0", instants.precise(last) if last else _LAST)
    return KeyRange(index="by_owner", partition=f"ORDERS#{wg}", between=between)


QUEUED = "due, due_at, tries, retry_at, waits_since"
"""What an item has of its place in a queue, and of how it fared there."""


def queues(name: str) -> list[str]:
    """The parts of a queue: of runs sixteen, of anything else one."""
    return [f"RUN#{symbol}" for symbol in _HEX] if name == "RUN" else [name]


def due(queue: str, until: datetime) -> KeyRange:
    """What is due in (a part of) a queue, the longest due first."""
    return KeyRange(index="due", partition=queue, between=("0", instants.text(until)))


def journal_month(owner: str, month: str) -> str:
    """The journal's partition: a workgroup's (or PLATFORM's) month, yyyymm."""
    return f"{owner}#{month}"


def usage_row(wg: str, day: date, project_id: str, sku: str, first: datetime) -> Key:
    """What a part of the log, by its first instant, came to for a project and license type."""
    return {"PK": f"USAGE#{wg}", "SK": f"{day:%Y%m%d}#{project_id}#{sku}#{instants.precise(first)}"}


def usage_rows(wg: str, first: date | None, last: date) -> KeyRange:
    """The rows of these days, both included."""
    between = (f"{first:%Y%m%d}" if first else "0", f"{last:%Y%m%d}{_LAST}")
    return KeyRange(partition=f"USAGE#{wg}", between=between)


def counted_part(wg: str, first: datetime) -> Key:
    """A part of the log whose usage is counted, by its first instant: so no two begin at the same."""
    return {"PK": f"COUNTED#{wg}", "SK": instants.precise(first)}


def counted_parts(wg: str, soonest: datetime | None = None, latest: datetime | None = None) -> KeyRange:
    """Those that begin between these instants."""
    between = (instants.precise(soonest) if soonest else "0", instants.precise(latest) if latest else _LAST)
    return KeyRange(partition=f"COUNTED#{wg}", between=between)


def rolled_up() -> Key:
    """How far the roll-up of usage has come; in the journal's table."""
    return {"PK": "MARK", "SK": "usage"}


def owned_project(wg: str, project_id: str, created_at: datetime) -> Item:
    """The attributes that list a project among its workgroup's, in order of time, to the microsecond."""
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
    """The queue of open holds, sixteen of them by the id's first hex, so that a start of many spreads its writes."""
    return {"due": f"RUN#{run_id.removeprefix('run_')[0].upper()}", "due_at": instants.text(at)}


def due_pack(at: datetime) -> Item:
    return {"due": "PACK", "due_at": instants.text(at)}


def due_project(at: datetime) -> Item:
    return {"due": "PROJECT", "due_at": instants.text(at)}


def due_order(at: datetime) -> Item:
    return {"due": "ORDER", "due_at": instants.text(at)}


def queued_parked(queue: str, at: datetime) -> Item:
    return {"due": f"PARKED#{queue}", "due_at": instants.text(at)}


def kind(item: Mapping[str, Any]) -> str:
    """What an item is, by its sort key: WG, PACK, RUN and so on."""
    return str(item["SK"].partition("#")[0])


def subject(item: Mapping[str, Any]) -> str:
    """The id of what an item is about: that in its sort key, where there is one, else that in its partition key."""
    what, _, own = item["SK"].partition("#")
    return str(own) if own and what != "MEMBER" else str(item["PK"].partition("#")[2])


def unnamed(subject: str) -> str:
    """A subject as a log line may tell it: only its last part, since an entitlement's begins with its user."""
    return subject.rpartition("#")[2]


def has_workgroup(item: Mapping[str, Any]) -> bool:
    """Whether an item's keys say to which workgroup it belongs."""
    return item["PK"].startswith("WG#") or kind(item) == "MEMBER"


def workgroup_of(item: Mapping[str, Any]) -> str:
    """The workgroup of an item whose keys say it."""
    said = item["SK"] if kind(item) == "MEMBER" else item["PK"]
    return str(said.split("#")[1])


def project_of(item: Mapping[str, Any]) -> str | None:
    """The project that an item is or lies in."""
    if kind(item) == "PROJECT":
        return subject(item)
    _, _, project_id = item["PK"].partition("#PRJ#")
    return project_id or None


_HEX = "0123456789ABCDEF"
_DIGEST_SYMBOLS = 16
_LAST = "~"  # sorts after every symbol of an id

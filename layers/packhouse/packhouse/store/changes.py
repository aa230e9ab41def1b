"""What a change of an item means to the journal, and which of its attributes the journal tells.

An entry exists for every change of a journaled attribute. Leases, queue entries, activity and stamps alone make none.
What was changed without a fresh stamp was changed outside Packhouse, and that is told whatever it was.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from packhouse.domain import instants
from packhouse.domain.journal import OUTSIDE, PLATFORM, Change, Entry
from packhouse.store import keys

type Image = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entity:
    """How the log speaks of a kind of item: its name, the word for its birth, and what of it is told.

    `says` are words for what happened when an attribute got another value, which go before the new state, and words for
    states that don't say it themselves.
    """

    name: str
    born: str
    journaled: frozenset[str]
    says: Mapping[str, str] = field(default_factory=dict)


_PACK = Entity(
    "pack",
    "granted",
    frozenset(
        {
            "sku",
            "source",
            "quantity",
            "available",
            "assigned",
            "in_coupons",
            "expired",
            "revoked",
            "state",
            "unit_price",
            "acquired_at",
            "expires_at",
        }
    ),
)
_PROJECT = Entity(
    "project", "created", frozenset({"name", "customer", "inactivity_days", "max_licenses_per_item", "state"})
)
_RUN = Entity(
    "run",
    "held",
    frozenset(
        {
            "service",
            "sku",
            "pass",
            "coverage",
            "licenses",
            "allocation",
            "state",
            "outcome",
            "licenses_used",
            "error_count",
            "parent_run_id",
            "root_run_id",
        }
    ),
)
ENTITIES: Mapping[str, Entity] = {
    "WG": Entity("workgroup", "created", frozenset({"name", "time_zone", "low_balance", "notify", "managers_redeem"})),
    "PACK": _PACK,
    "PROJECT": _PROJECT,
    "RUN": _RUN,
    "ENT": Entity(
        "entitlement",
        "assigned",
        frozenset({"sku", "pack_id", "until", "state", "used_at"}),
        {"pack_id": "assigned", "active": "assigned", "used_at": "used"},
    ),
    "ERRORS": Entity("run-errors", "kept", frozenset()),
    "ORDER": Entity(
        "order", "placed", frozenset({"method", "lines", "status", "reference", "payment", "packs", "returned"})
    ),
    "PARKED": Entity("parked", "kept", frozenset({"why"})),
    "MARK": Entity("mark", "set", frozenset()),
    "FINDING": Entity("finding", "found", frozenset({"invariant", "subject", "detail"})),
    "MAIL": Entity("mail", "claimed", frozenset()),
    "MEMBER": Entity("member", "joined", frozenset({"role"})),
    "KEY": Entity("api-key", "issued", frozenset({"name", "workgroup_id"})),
    "READ": Entity("security-log", "read", frozenset({"route"})),
}
_PERSONAL = frozenset({"notify"})
DIGEST_SYMBOLS = 12
_UNKNOWN = Entity("unknown", "created", frozenset())


def entry(
    *, event_id: str, sequence: str, recorded_at: datetime, before: Image | None, after: Image | None
) -> Entry | None:
    """What the log says of this change, or None where there is nothing to say.

    `recorded_at` dates what bears no stamp. The same record makes the same entry, however often it is delivered.
    """
    image = after or before or {}
    entity = ENTITIES.get(keys.kind(image), _UNKNOWN)
    changes = list(_changes(entity, before or {}, after or {}))
    stamped = _freshly_stamped(before, after)
    if stamped and not changes and entity is not _UNKNOWN:
        return None
    return Entry(
        owner=owner(image),
        entry_id=event_id,
        at=image["changed_at"] if stamped else instants.precise(recorded_at),
        kind=f"{entity.name}.{_verb(entity, before, after, changes)}",
        item=keys.subject(image),
        actor=image["principal"] if stamped else OUTSIDE,
        request_id=image["request_id"] if stamped else None,
        changes=changes,
        project_id=keys.project_of(image),
        pack_ids=_packs(entity, image),
        sequence=sequence,
    )


def journaled(item: Image) -> dict[str, Any]:
    """The attributes of an item that the log must be able to tell, as it tells them."""
    entity = ENTITIES.get(keys.kind(item), _UNKNOWN)
    return {name: _told(name, item[name]) for name in sorted(entity.journaled) if name in item}


def owner(image: Image) -> str:
    """The workgroup in whose journal an item's changes stand; a key of the API says it itself."""
    if keys.has_workgroup(image):
        return keys.workgroup_of(image)
    return str(image.get("workgroup_id", PLATFORM))


def _changes(entity: Entity, before: Image, after: Image) -> Iterator[Change]:
    for name in sorted(entity.journaled):
        if before.get(name) != after.get(name):
            yield Change(field=name, before=_told(name, before.get(name)), after=_told(name, after.get(name)))


def _told(name: str, value: object) -> object:
    """The value as the journal tells it: of what is personal only a digest, by which a change is seen."""
    if name not in _PERSONAL or value is None:
        return value
    return f"sha256:{hashlib.sha256(json.dumps(value).encode()).hexdigest()[:DIGEST_SYMBOLS]}"


def _freshly_stamped(before: Image | None, after: Image | None) -> bool:
    if after is None or not {"principal", "request_id", "changed_at"} <= after.keys():
        return False
    stamps = [(image.get("request_id"), image.get("changed_at")) for image in (before or {}, after)]
    return stamps[0] != stamps[1]


def _verb(entity: Entity, before: Image | None, after: Image | None, changes: Sequence[Change]) -> str:
    if before is None:
        return str((after or {}).get("state", entity.born)) if entity is _RUN else entity.born  # held, covered, free
    if after is None:
        return "erased"
    told = [change.field for change in changes if change.after is not None]
    if said := next((word for name, word in entity.says.items() if name in told), None):
        return said
    states = [change.after for change in changes if change.field in {"state", "status"} and change.after]
    if not states and entity is _RUN and "outcome" in told:
        return "settled"  # without a license: there is no state to tell it by
    return entity.says.get(states[0], str(states[0])) if states else "changed"


def _packs(entity: Entity, image: Image) -> Sequence[str]:
    if entity is _PACK:
        return [keys.subject(image)]
    return [image["pack_id"]] if "pack_id" in image else sorted(image.get("allocation", {}))

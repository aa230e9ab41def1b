"""The journal entry of a change: its kind, its actor, and the attributes that it shows.

Every change of a journaled attribute has an entry. A change of only a lease, a queue place, an activity time or a stamp
has none. A change without a fresh stamp was made outside Packhouse; it always has an entry.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from packhouse.domain import instants
from packhouse.domain.journal import OUTSIDE, PLATFORM, Change, Entry
from packhouse.domain.runs import UNLICENSED
from packhouse.store import keys

type Image = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entity:
    """The words of the log for a kind of item, and its journaled attributes. An entry's kind is `name.verb`.

    `first_verb` names the creation of an item. `verbs` names the change of an attribute; it wins over the verb of a
    changed state. It also names states. A state that isn't listed is its own verb.
    """

    name: str
    first_verb: str
    journaled: frozenset[str]
    verbs: Mapping[str, str] = field(default_factory=dict)


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
            "reminded_days",
        }
    ),
    {"reminded_days": "reminded"},
)
_PROJECT = Entity(
    "project",
    "created",
    frozenset({"name", "customer", "inactivity_days", "max_licenses_per_item", "state", "warned"}),
    {"warned": "warned"},
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
    "WG": Entity(
        "workgroup",
        "created",
        frozenset({"name", "time_zone", "low_balance", "notify", "managers_redeem", "low_types"}),
        {"low_types": "low-balance"},
    ),
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
VALUE_SYMBOLS_MAX = 8192
"""Ten values of this length fit into one event. Packhouse itself writes only shorter values."""
_STATE = re.compile(r"[a-z_]{1,40}")
_UNKNOWN = Entity("unknown", "created", frozenset())


def entry_of(
    *, event_id: str, sequence: str, recorded_at: datetime, before: Image | None, after: Image | None
) -> Entry | None:
    """The entry of a change, or None if the change has none.

    `recorded_at` is the entry's time if the change has no stamp. A record that is delivered again makes the same entry.
    """
    if before == after:
        return None  # some streams also report a write that changed nothing, such as a resent one
    image = after or before or {}
    entity = ENTITIES.get(keys.entity(image), _UNKNOWN)
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


def journaled_attributes(item: Image) -> dict[str, Any]:
    """The journaled attributes of an item, with their values as the log shows them."""
    entity = ENTITIES.get(keys.entity(item), _UNKNOWN)
    return {name: _shown(name, item[name]) for name in sorted(entity.journaled) if name in item}


def owner(image: Image) -> str:
    """The workgroup whose journal holds an item's changes. An API key has its workgroup as an attribute."""
    if keys.has_workgroup(image):
        return keys.workgroup_of(image)
    return str(image.get("workgroup_id", PLATFORM))


def _changes(entity: Entity, before: Image, after: Image) -> Iterator[Change]:
    for name in sorted(entity.journaled):
        if before.get(name) != after.get(name):
            yield Change(field=name, before=_shown(name, before.get(name)), after=_shown(name, after.get(name)))


def _shown(name: str, value: object) -> object:
    """The value as the journal shows it. A personal or very long value is shown as a digest."""
    if value is None:
        return None
    text = json.dumps(value, default=_sorted)
    if name in _PERSONAL or len(text) > VALUE_SYMBOLS_MAX:
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:DIGEST_SYMBOLS]}"
    return json.loads(text)


def _sorted(members: set[object]) -> list[str]:
    """A set, which Packhouse itself never writes, as a list that is the same each time."""
    return sorted(map(str, members))


def _freshly_stamped(before: Image | None, after: Image | None) -> bool:
    stamp = [(after or {}).get(name) for name in ("principal", "request_id", "changed_at")]
    if not all(isinstance(part, str) for part in stamp) or not instants.is_precise(str(stamp[2])):
        return False
    return stamp[1:] != [(before or {}).get(name) for name in ("request_id", "changed_at")]


def _verb(entity: Entity, before: Image | None, after: Image | None, changes: Sequence[Change]) -> str:
    if before is None:
        state = str((after or {}).get("state"))
        return state if entity is _RUN and state in UNLICENSED else entity.first_verb
    if after is None:
        return "erased"
    fields = [change.field for change in changes if change.after is not None and not _shrunk(change)]
    if verb := next((verb for name, verb in entity.verbs.items() if name in fields), None):
        return verb
    states = [change.after for change in changes if change.field in {"state", "status"} and change.after]
    if not states and entity is _RUN and "outcome" in fields:
        return "settled"  # a run without a license keeps its state when it ends
    if not states or not _STATE.fullmatch(str(states[0])):
        return "changed"
    return entity.verbs.get(states[0], str(states[0]))


def _shrunk(change: Change) -> bool:
    """Whether a map lost members, and got no new or changed ones."""
    before, after = change.before, change.after
    return isinstance(before, Mapping) and isinstance(after, Mapping) and after.items() <= before.items()


def _packs(entity: Entity, image: Image) -> Sequence[str]:
    if entity is _PACK:
        return [keys.subject(image)]
    if "pack_id" in image:
        return [str(image["pack_id"])]
    allocation = image.get("allocation")
    return sorted(allocation) if isinstance(allocation, Mapping) else []

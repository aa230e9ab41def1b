"""The security log: what a change of an item means, and which of its attributes the log tells.

An entry exists for every change of a journaled attribute. Leases, queue entries, activity and stamps alone make none.
What was changed without a fresh stamp was changed outside Packhouse, and that is told whatever it was.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from packhouse.domain import instants

OUTSIDE = "outside Packhouse"
PLATFORM = "PLATFORM"

type Image = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entity:
    """How the log speaks of a kind of item: its name, the word for its birth, and what of it is told."""

    name: str
    born: str
    journaled: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change of one item. `owner` is the workgroup, or PLATFORM; `at` is RFC 3339 to the microsecond."""

    owner: str
    entry_id: str
    at: str
    kind: str
    item: str
    actor: str
    request_id: str | None
    changes: Sequence[Change]
    project_id: str | None
    pack_ids: Sequence[str]
    sequence: str

    @property
    def month(self) -> str:
        return self.at[:4] + self.at[5:7]


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
            "item_id",
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
        }
    ),
)
_ENTITIES: Mapping[str, Entity] = {
    "WG": Entity("workgroup", "created", frozenset({"name", "time_zone", "low_balance", "notify", "managers_redeem"})),
    "PACK": _PACK,
    "PROJECT": _PROJECT,
    "RUN": _RUN,
    "ERRORS": Entity("run-errors", "kept", frozenset()),
    "MEMBER": Entity("member", "joined", frozenset({"role"})),
    "KEY": Entity("api-key", "issued", frozenset({"name", "workgroup_id"})),
    "READ": Entity("security-log", "read", frozenset({"route"})),
}
_UNKNOWN = Entity("unknown", "created", frozenset())


def entry(
    *, event_id: str, sequence: str, recorded_at: datetime, before: Image | None, after: Image | None
) -> Entry | None:
    """What the log says of this change, or None where there is nothing to say.

    `recorded_at` dates what bears no stamp. The same record makes the same entry, however often it is delivered.
    """
    image = after or before or {}
    entity = _ENTITIES.get(image["SK"].partition("#")[0], _UNKNOWN)
    changes = list(_changes(entity, before or {}, after or {}))
    stamped = _freshly_stamped(before, after)
    if stamped and not changes and entity is not _UNKNOWN:
        return None
    return Entry(
        owner=owner(image),
        entry_id=event_id,
        at=image["changed_at"] if stamped else instants.precise(recorded_at),
        kind=f"{entity.name}.{_verb(entity, before, after, changes)}",
        item=subject(image),
        actor=image["principal"] if stamped else OUTSIDE,
        request_id=image["request_id"] if stamped else None,
        changes=changes,
        project_id=_project(image),
        pack_ids=_packs(entity, image),
        sequence=sequence,
    )


def journaled(item: Image) -> dict[str, Any]:
    """The attributes of an item that the log must be able to tell, as they are."""
    entity = _ENTITIES.get(item["SK"].partition("#")[0], _UNKNOWN)
    return {field: item[field] for field in sorted(entity.journaled) if field in item}


def owner(image: Image) -> str:
    """The workgroup an item belongs to, by its key; a key of the API says it itself."""
    if image["PK"].startswith("WG#"):
        return str(image["PK"].removeprefix("WG#").partition("#")[0])
    if image["SK"].startswith("MEMBER#"):
        return str(image["SK"].removeprefix("MEMBER#"))
    return str(image.get("workgroup_id", PLATFORM))


def subject(image: Image) -> str:
    """What the entry is about: the id in the sort key, where there is one, else that in the partition key."""
    _, _, own = image["SK"].partition("#")
    if image["SK"].startswith("MEMBER#") or not own:
        own = image["PK"].partition("#")[2]
    return str(own)


def _changes(entity: Entity, before: Image, after: Image) -> Iterator[Change]:
    for field in sorted(entity.journaled):
        if before.get(field) != after.get(field):
            yield Change(field=field, before=before.get(field), after=after.get(field))


def _freshly_stamped(before: Image | None, after: Image | None) -> bool:
    if after is None or not {"principal", "request_id", "changed_at"} <= after.keys():
        return False
    stamps = [(image.get("request_id"), image.get("changed_at")) for image in (before or {}, after)]
    return stamps[0] != stamps[1]


def _verb(entity: Entity, before: Image | None, after: Image | None, changes: Sequence[Change]) -> str:
    if before is None:
        return entity.born
    if after is None:
        return "erased"
    states = [change.after for change in changes if change.field == "state" and change.after]
    return str(states[0]) if states else "changed"


def _project(image: Image) -> str | None:
    if image["SK"].startswith("PROJECT#"):
        return str(image["SK"].removeprefix("PROJECT#"))
    _, _, project_id = image["PK"].partition("#PRJ#")
    return project_id or None


def _packs(entity: Entity, image: Image) -> Sequence[str]:
    if entity is _PACK:
        return [image["SK"].removeprefix("PACK#")]
    return sorted(image.get("allocation", {}))

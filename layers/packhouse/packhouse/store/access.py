"""Members and API keys: who belongs to a workgroup, and in which role."""

from datetime import datetime

from packhouse.domain import instants
from packhouse.domain.access import ApiKey, Role
from packhouse.store import keys
from packhouse.store.table import ABSENT, StampedTable, Table, Write

MEMBERSHIPS_MAX = 100  # of one person; what the authorizer hands on has a size


def joined(table: StampedTable, subject: str, wg: str, role: Role, *, email: str, since: datetime) -> Write:
    """The write that makes a person a member."""
    return table.put(
        {
            **keys.member(subject, wg),
            **keys.owned_member(subject, wg),
            "role": role,
            "email": email,
            "since": since,
        },
        only_if=ABSENT,
    )


def key_issued(table: StampedTable, key: ApiKey) -> Write:
    """The write that makes a key known by its hash."""
    return table.put(
        {
            **keys.api_key(key.key_id),
            **keys.owned_key(key.workgroup_id, key.key_id, key.created_at),
            "name": key.name,
            "secret_hash": key.secret_hash,
            "workgroup_id": key.workgroup_id,
            "created_at": key.created_at,
        },
        only_if=ABSENT,
    )


def memberships(table: Table, subject: str) -> dict[str, Role]:
    """A person's role in each workgroup, of up to `MEMBERSHIPS_MAX`."""
    found = table.query(keys.memberships(subject), limit=MEMBERSHIPS_MAX).items
    return {keys.workgroup_of(item): Role(item["role"]) for item in found}


def administrators(table: Table, wg: str) -> list[str]:
    """The addresses of a workgroup's administrators, by the list of its members, which may be a moment behind."""
    listed = table.query_all(keys.members(wg))
    members = table.read_many_pages([keys.of(place) for place in listed])
    return [member["email"] for member in members if member and member["role"] == Role.ADMINISTRATOR]


def read_key(table: Table, key_id: str) -> ApiKey | None:
    item = table.read(keys.api_key(key_id))
    if item is None:
        return None
    return ApiKey(
        key_id=key_id,
        name=item["name"],
        secret_hash=item["secret_hash"],
        workgroup_id=item.get("workgroup_id"),
        created_at=instants.parse(item["created_at"]),
    )

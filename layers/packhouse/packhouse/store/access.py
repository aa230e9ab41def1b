"""Members and API keys: the people and programs that may act in a workgroup, and their roles."""

from datetime import datetime

from packhouse.domain import instants
from packhouse.domain.access import ApiKey, Role
from packhouse.store import keys
from packhouse.store.table import ABSENT, StampedTable, Table, Write

MEMBERSHIPS_MAX = 100  # of one person; API Gateway limits the size of the authorizer's answer


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
    """The write that makes an API key valid. The item holds only a hash of the secret."""
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
    """A person's role by workgroup, for at most `MEMBERSHIPS_MAX` workgroups."""
    items = table.query(keys.memberships(subject), limit=MEMBERSHIPS_MAX).items
    return {keys.workgroup_of(item): Role(item["role"]) for item in items}


def administrators(table: Table, wg: str) -> list[str]:
    """The mail addresses of a workgroup's administrators. A member who joined a moment ago may be missing."""
    listed = table.query_all(keys.members(wg))
    members = table.read_many_pages([keys.of(item) for item in listed])
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

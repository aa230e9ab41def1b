from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EntitlementState(StrEnum):
    """As stored; *ended* is read off the clock."""

    ACTIVE = "active"
    WITHDRAWN = "withdrawn"


class EntitlementStanding(StrEnum):
    """What a reader is told."""

    ACTIVE = "active"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """Right of a user to the services of a license type, from one license of a pack, until that pack expires.

    `used_at` is when it first covered a run, which makes it final. `earlier` are the packs of whose licenses the same
    user's entitlements to this type have ended before.
    """

    workgroup_id: str
    user: str
    sku: str
    pack_id: str
    assigned_at: datetime
    assigned_by: str
    until: datetime
    used_at: datetime | None = None
    state: EntitlementState = EntitlementState.ACTIVE
    earlier: tuple[str, ...] = ()

    def standing(self, now: datetime) -> EntitlementStanding:
        if self.state is EntitlementState.WITHDRAWN:
            return EntitlementStanding.WITHDRAWN
        return EntitlementStanding.ACTIVE if now < self.until else EntitlementStanding.ENDED

    def covers(self, now: datetime) -> bool:
        return self.standing(now) is EntitlementStanding.ACTIVE

    def spent(self) -> tuple[str, ...]:
        """The packs of the licenses that were spent on it and its predecessors: what was withdrawn isn't."""
        return self.earlier if self.state is EntitlementState.WITHDRAWN else (*self.earlier, self.pack_id)

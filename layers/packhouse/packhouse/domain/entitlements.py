from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EntitlementState(StrEnum):
    """The stored state. Whether an entitlement has *ended* depends on the time."""

    ACTIVE = "active"
    WITHDRAWN = "withdrawn"


class EntitlementStanding(StrEnum):
    """The state that a reader sees."""

    ACTIVE = "active"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """Right of a user to the services of a license type. It takes one license of a pack, and ends with that pack.

    `used_at` is when it first covered a run, which makes it final. `earlier` are the packs whose licenses were spent
    on earlier entitlements of the same user to this type.
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
        """The packs whose licenses were spent on it and on earlier ones. A withdrawn license isn't spent."""
        return self.earlier if self.state is EntitlementState.WITHDRAWN else (*self.earlier, self.pack_id)

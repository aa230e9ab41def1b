from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from packhouse.domain import instants


class ProjectState(StrEnum):
    """Retired: idle after a success, final. Closed: idle without one, can be opened again. Removed: by its owner."""

    ACTIVE = "active"
    RETIRED = "retired"
    CLOSED = "closed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A container of work, maybe for one end customer. A start, a settlement or a change of it is activity."""

    workgroup_id: str
    project_id: str
    name: str
    customer: str | None = None
    inactivity_days: int | None = None
    max_licenses_per_item: int = 1
    state: ProjectState = ProjectState.ACTIVE
    created_at: datetime
    created_by: str
    request_hash: str
    last_run_at: datetime | None = None

    @property
    def last_activity_at(self) -> datetime:
        return self.last_run_at or self.created_at

    def as_created(self) -> "Project":
        """The project before anything was done in it, as it was described then."""
        return replace(self, state=ProjectState.ACTIVE, last_run_at=None)

    def retires_at(self, *, months: int) -> datetime:
        """When it ends if nothing more happens: its own days of inactivity, else so many calendar months."""
        if self.inactivity_days is not None:
            return self.last_activity_at + timedelta(days=self.inactivity_days)
        return instants.plus_months(self.last_activity_at, months)

    def warn_at(self, *, months: int, days: int) -> datetime:
        """When the first warning of its end is due: so many days before, but not before it began."""
        return max(self.created_at, self.retires_at(months=months) - timedelta(days=days))

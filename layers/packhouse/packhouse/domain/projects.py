from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from packhouse.domain import instants, reminders


class ProjectState(StrEnum):
    """Retired: idle after a success, final. Closed: idle without one, can be opened again. Removed: by its owner."""

    ACTIVE = "active"
    RETIRED = "retired"
    CLOSED = "closed"
    REMOVED = "removed"


ENDED_IDLE = frozenset({ProjectState.RETIRED, ProjectState.CLOSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleWarning:
    """A warning that was sent so many days before the end. `idle_since` names the idle period it belongs to."""

    days: int
    idle_since: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Idleness:
    """What is due for an idle project: its end, a warning, or neither; and when to look again."""

    ends: bool = False
    warning: IdleWarning | None = None
    look_again_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A container of work, maybe for one end customer. A start, a settlement and a change of it are activity.

    `last_settled_at` and `last_success_at` follow the settlements, at most once a day. `warned` is the last warning.
    """

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
    last_changed_at: datetime | None = None
    last_run_at: datetime | None = None
    last_settled_at: datetime | None = None
    last_success_at: datetime | None = None
    warned: IdleWarning | None = None

    @property
    def last_activity_at(self) -> datetime:
        known = (self.created_at, self.last_changed_at, self.last_run_at, self.last_settled_at)
        return max(at for at in known if at is not None)

    @property
    def idle_end(self) -> ProjectState:
        """Its state after the end: retired if a run succeeded, since then licenses are consumed; otherwise closed."""
        return ProjectState.RETIRED if self.last_success_at else ProjectState.CLOSED

    def as_created(self) -> "Project":
        """The project before anything was done in it."""
        return replace(
            self,
            state=ProjectState.ACTIVE,
            last_changed_at=None,
            last_run_at=None,
            last_settled_at=None,
            last_success_at=None,
            warned=None,
        )

    def retires_at(self, *, months: int) -> datetime:
        """When it ends if nothing more happens: after its own days of inactivity or, without them, calendar months."""
        if self.inactivity_days is not None:
            return self.last_activity_at + timedelta(days=self.inactivity_days)
        return instants.plus_months(self.last_activity_at, months)

    def warn_at(self, *, months: int, days: int) -> datetime:
        """When the first warning is due: so many days before the end, but not before the project was created."""
        return max(self.created_at, self.retires_at(months=months) - timedelta(days=days))

    def idleness(self, now: datetime, *, months: int, warnings: Sequence[int]) -> Idleness:
        """Whether it ends now, and if not, which warning is due. Each warning is sent at most once per idle period."""
        ends_at = self.retires_at(months=months)
        if ends_at <= now:
            return Idleness(ends=True, look_again_at=None)
        this_period = self.warned if self.warned and self.warned.idle_since == self.last_activity_at else None
        days = reminders.overdue(ends_at, warnings, now=now, sent=this_period.days if this_period else None)
        look_again_at = reminders.next_look(ends_at, warnings, now=now)
        if days is None:
            return Idleness(look_again_at=look_again_at)
        warning = IdleWarning(days=days, idle_since=self.last_activity_at, ends_at=ends_at)
        return Idleness(warning=warning, look_again_at=look_again_at)

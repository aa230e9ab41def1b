from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Workgroup:
    """A tenant: the security and billing boundary. Its zone decides shown dates and day filters."""

    workgroup_id: str
    name: str
    time_zone: str = "UTC"
    low_balance: Mapping[str, int] = field(default_factory=dict)
    notify: tuple[str, ...] = ()
    managers_redeem: bool = False
    created_at: datetime

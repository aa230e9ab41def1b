from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LowBalance:
    """A license type with too few licenses left: how many there were when this was noticed, and the threshold."""

    available: int
    threshold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Workgroup:
    """A tenant: the security and billing boundary. Its zone decides shown dates and day filters.

    `low_balance` has its thresholds by sku. `low_types` has the types below their threshold, which it was warned of.
    """

    workgroup_id: str
    name: str
    time_zone: str = "UTC"
    low_balance: Mapping[str, int] = field(default_factory=dict)
    notify: tuple[str, ...] = ()
    managers_redeem: bool = False
    low_types: Mapping[str, LowBalance] = field(default_factory=dict)
    created_at: datetime

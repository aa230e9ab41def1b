"""Every policy number, each overridable by a template parameter of the same name, and shown in the catalog."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """What Packhouse promises, in numbers; the last word of each name is its unit, or says what it bounds."""

    lease_hours_after_pack_expiry: int = 24
    run_days_max: int = 30
    packs_per_run_max: int = 5
    inactivity_months: int = 6
    pack_reminder_days: int = 30
    project_warning_days: int = 30
    card_order_hours: int = 24
    checkout_minutes_min: int = 31

    @property
    def card_order_lifetime(self) -> timedelta:
        return timedelta(hours=self.card_order_hours)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Policies":
        """The deployment's numbers; each must be set, so that none is silently another than the template's."""
        return cls(**{field.name: int(environment[field.name.upper()]) for field in fields(cls)})

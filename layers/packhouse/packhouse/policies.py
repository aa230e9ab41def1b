"""All policy numbers. A template parameter of the same name overrides each, and the catalog shows them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """The numbers of Packhouse's promises. Each name holds a unit or a bound."""

    lease_hours_after_pack_expiry: int = 24
    run_days_max: int = 30
    packs_per_run_max: int = 5
    retries_per_root_max: int = 10
    inactivity_months: int = 6
    pack_reminder_days: int = 30
    project_warning_days: int = 30
    project_second_warning_days: int = 7
    project_last_warning_days: int = 1
    card_order_hours: int = 24
    checkout_minutes_min: int = 31

    @property
    def card_order_lifetime(self) -> timedelta:
        return timedelta(hours=self.card_order_hours)

    @property
    def project_later_warning_days(self) -> tuple[int, int]:
        """How many days before its end an idle project is warned again, after the first warning."""
        return (self.project_second_warning_days, self.project_last_warning_days)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Policies":
        """The deployment's numbers. Each must be set: a default here could silently differ from the template."""
        return cls(**{field.name: int(environment[field.name.upper()]) for field in fields(cls)})

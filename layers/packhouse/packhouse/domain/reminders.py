"""Reminders before an end: a first one, then 7 and 1 days before; of several that are overdue only the most urgent.

A day is 24 hours of UTC here, so that neither a month's end nor a change to summer time moves a reminder.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

LAST_DAYS = (7, 1)


def days_before(first: int) -> tuple[int, ...]:
    """How many days before an end people are reminded, the earliest first."""
    return (first, *(days for days in LAST_DAYS if days < first))


def overdue(ends_at: datetime, days: Sequence[int], *, now: datetime, since: datetime, told: int | None) -> int | None:
    """The reminder to send now, if any. None before `since`, when there was nothing yet; `told` is the latest sent."""
    reached = [one for one in days if since <= ends_at - timedelta(days=one) <= now]
    urgent = min(reached, default=None)
    return None if urgent is None or (told is not None and told <= urgent) else urgent


def next_look(ends_at: datetime, days: Sequence[int], *, now: datetime) -> datetime:
    """The instant of the next reminder that is still to come; after the last one, the end itself."""
    return min((at for at in (ends_at - timedelta(days=one) for one in days) if at > now), default=ends_at)

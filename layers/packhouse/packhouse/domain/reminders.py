"""Reminders before an end: a first one, then 7 and 1 days before. Of several overdue ones only the last is sent.

A day is 24 hours of UTC here: no month's end and no change to summer time moves a reminder.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

LAST_DAYS = (7, 1)


def days_before(first: int, *, later: Sequence[int] = LAST_DAYS) -> tuple[int, ...]:
    """The reminders, as days before the end, the earliest first. A later reminder must come after the first."""
    return (first, *(days for days in later if days < first))


def overdue(
    ends_at: datetime, days: Sequence[int], *, now: datetime, since: datetime | None = None, sent: int | None
) -> int | None:
    """The reminder to send now, if any: how many days before the end it was due.

    `sent` is the latest reminder that was sent; the next one is nearer to the end. A reminder that was due before
    `since` isn't sent.
    """
    due = [(before, ends_at - timedelta(days=before)) for before in days]
    reached = [before for before, due_at in due if due_at <= now and (since is None or since <= due_at)]
    urgent = min(reached, default=None)
    return None if urgent is None or (sent is not None and sent <= urgent) else urgent


def next_look(ends_at: datetime, days: Sequence[int], *, now: datetime) -> datetime:
    """When the next reminder is due; after the last one, the end itself."""
    return min((at for at in (ends_at - timedelta(days=before) for before in days) if at > now), default=ends_at)

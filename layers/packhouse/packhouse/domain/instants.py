"""Instants are aware, in UTC and in whole seconds. They are stored as text that sorts as they do."""

from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def text(at: datetime) -> str:
    """RFC 3339 with a Z, to the second. strftime, or a spelled offset, would take twice as long."""
    return f"{at.replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def precise(at: datetime) -> str:
    """RFC 3339 with a Z, to the microsecond. It is for stamps, since they must sort within a second."""
    return f"{at.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def is_precise(stored: str) -> bool:
    """Whether the text is as `precise` writes it."""
    try:
        return precise(parse(stored)) == stored
    except ValueError:
        return False


def parse(stored: str) -> datetime:
    return datetime.fromisoformat(stored)


def of(item: Mapping[str, str], name: str) -> datetime | None:
    """The instant that an item keeps under this name, if it does."""
    return parse(item[name]) if name in item else None


def plus_months(at: datetime, months: int) -> datetime:
    """The same day and time so many calendar months later in UTC, but at most the month's last day."""
    year, month0 = divmod(at.year * 12 + at.month - 1 + months, 12)
    day = min(at.day, monthrange(year, month0 + 1)[1])
    return at.replace(year=year, month=month0 + 1, day=day)


def day_starts(day: date, zone: str) -> datetime:
    """The first instant of a day in a workgroup's IANA zone."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def day_ends(day: date, zone: str) -> datetime:
    """The first instant after a day in a workgroup's IANA zone."""
    return day_starts(day + timedelta(days=1), zone)

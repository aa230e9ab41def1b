"""The stack's clock: real time plus an offset, which every process of the stack reads from the same mapped file.

So all processes see a move at once, and it survives a restart. The clock only goes forward.
"""

import mmap
import re
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dev.refusals import MoveMalformed, MoveRefused

_OFFSET = struct.Struct("<q")  # microseconds
_LENGTH = re.compile(r"([0-9]{1,9})([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_YEAR_MAX = 2199
_TOO_FAR = f"The clock ends with the year {_YEAR_MAX}."
_NO_INSTANT = '"set" is an instant in UTC, like "2026-12-01T00:00:00Z".'


class Clock:
    def __init__(self, path: Path) -> None:
        """Use the offset in the file `path`; a new file has offset zero."""
        with path.open("a+b") as file:
            file.truncate(_OFFSET.size)
            self._map = mmap.mmap(file.fileno(), _OFFSET.size)

    def now(self) -> datetime:
        (offset,) = _OFFSET.unpack_from(self._map)
        return datetime.now(UTC) + timedelta(microseconds=offset)

    def move(self, by_or_to: timedelta | datetime) -> None:
        """Go forward by a length of time, or to an instant. One caller at a time, or a move would be lost.

        Raises MoveRefused.
        """
        (offset,) = _OFFSET.unpack_from(self._map)
        real = datetime.now(UTC)
        now = real + timedelta(microseconds=offset)
        try:
            then = now + by_or_to if isinstance(by_or_to, timedelta) else by_or_to
        except OverflowError as error:
            raise MoveRefused(_TOO_FAR) from error
        if then.year > _YEAR_MAX:
            raise MoveRefused(_TOO_FAR)
        if then < now:
            raise MoveRefused(f"The clock only goes forward, and it is already {written(now)}.")
        _OFFSET.pack_into(self._map, 0, (then - real) // timedelta(microseconds=1))
        self._map.flush()


def written(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def wanted(body: object) -> timedelta | datetime:
    """The move in the body of `POST /dev/clock`: `{"advance": "25h"}` or `{"set": "2026-12-01T00:00:00Z"}`."""
    match body:
        case {"advance": str(text), **others} if not others:
            return _length(text)
        case {"set": str(text), **others} if not others:
            return _instant(text)
    raise MoveMalformed('Send {"advance": "25h"} or {"set": "2026-12-01T00:00:00Z"}, not both.')


def _length(text: str) -> timedelta:
    matched = _LENGTH.fullmatch(text)
    if matched is None:
        raise MoveRefused('"advance" is a whole number and one of s, m, h and d, like "25h".')
    return timedelta(**{_UNITS[matched[2]]: int(matched[1])})


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise MoveRefused(_NO_INSTANT) from error
    if not text.endswith("Z") or instant.tzinfo is None:
        raise MoveRefused(_NO_INSTANT)
    return instant

"""The stack's clock: real time and an offset, which every process of the stack reads from one mapped file.

A move is seen by all of them at once, and survives a restart. The clock only goes forward.
"""

import mmap
import re
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dev.refusals import MoveMalformed, MoveRefused

_OFFSET = struct.Struct("<q")  # microseconds
_ADVANCE = re.compile(r"([0-9]{1,9})([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_YEAR_MAX = 2199


class Clock:
    def __init__(self, path: Path) -> None:
        """Follow the clock kept in `path`, from an offset of zero if there is none yet."""
        with path.open("a+b") as file:
            file.truncate(_OFFSET.size)
            self._map = mmap.mmap(file.fileno(), _OFFSET.size)

    def now(self) -> datetime:
        (offset,) = _OFFSET.unpack_from(self._map)
        return datetime.now(UTC) + timedelta(microseconds=offset)

    def move(self, to: datetime) -> None:
        """Go on from `to`. One caller at a time: two moves at once would lose one."""
        if to < self.now():
            raise MoveRefused(f"The clock only goes forward, and it is {written(self.now())} already.")
        offset = (to - datetime.now(UTC)) // timedelta(microseconds=1)
        _OFFSET.pack_into(self._map, 0, offset)
        self._map.flush()


def written(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def wanted(body: object, now: datetime) -> datetime:
    """The instant a request to `/dev/clock` asks for: `{"advance": "25h"}` or `{"set": "2026-12-01T00:00:00Z"}`."""
    match body:
        case {"advance": str(advance), **others} if not others:
            instant = _advanced(advance, now)
        case {"set": str(text), **others} if not others:
            instant = _instant(text)
        case _:
            raise MoveMalformed('Send {"advance": "25h"} or {"set": "2026-12-01T00:00:00Z"}, one of them.')
    if instant.year > _YEAR_MAX:
        raise MoveRefused(f"The clock ends with the year {_YEAR_MAX}.")
    return instant


def _advanced(advance: str, now: datetime) -> datetime:
    matched = _ADVANCE.fullmatch(advance)
    if matched is None:
        raise MoveRefused('"advance" is a whole number and one of s, m, h and d, like "25h".')
    try:
        return now + timedelta(**{_UNITS[matched[2]]: int(matched[1])})
    except OverflowError as error:
        raise MoveRefused(f"The clock ends with the year {_YEAR_MAX}.") from error


def _instant(text: str) -> datetime:
    refused = MoveRefused('"set" is an instant in UTC, like "2026-12-01T00:00:00Z".')
    if not text.endswith("Z"):
        raise refused
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise refused from error

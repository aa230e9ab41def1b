"""How far the readers of a table's stream have read. A stack isn't stopped or emptied before they have read everything.

ministack doesn't say how far they are. But each record passes one of our hosts. It notes the last record that its
function has read (a *bookmark*), and the runner asks the stream for records after that.
"""

from __future__ import annotations

import mmap
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dev.ministack import patterns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from dev.ministack.deploy import Clients
    from dev.ministack.patterns import Pattern

_BOOKMARK_BYTES = 40  # AWS writes a sequence number with at most that many digits.
_POLL_SECONDS = 0.05
_COUNTED_MAX = 1000
"""Counting ends there: it matters only whether there are any."""


class Bookmark:
    """The sequence number of the last record that a function has read, in a file that all processes map."""

    def __init__(self, path: Path) -> None:
        with path.open("a+b") as file:
            file.truncate(_BOOKMARK_BYTES)
            self._map = mmap.mmap(file.fileno(), _BOOKMARK_BYTES)

    def move(self, to: str) -> None:
        self._map[:] = to.encode().ljust(_BOOKMARK_BYTES)

    def __str__(self) -> str:
        return self._map[:].decode().strip("\0 ")


@dataclass(frozen=True, slots=True)
class Reading:
    """Which records of a stream a function gets."""

    patterns: tuple[Pattern, ...]
    gives_back: bool

    def of_stream(self, event: Any) -> list[dict[str, Any]] | None:
        """The records of an event of a table's stream; None for another event."""
        match event:
            case {"Records": [{"eventSource": "aws:dynamodb"}, *_] as records}:
                return list(records)
        return None

    def matching(self, records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            record
            for record in records
            if not self.patterns or any(patterns.matches(pattern, record) for pattern in self.patterns)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A function that reads a stream, and how far it has read."""

    function: str
    table: str
    bookmark: Bookmark


class Streams:
    """The runner's view of all readers."""

    def __init__(self, clients: Clients, readers: Iterable[Reader]) -> None:
        self._client = clients.streams
        self._readers = tuple(readers)
        tables = {reader.table for reader in self._readers}
        self._arns = {
            table: clients.dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"] for table in tables
        }

    def drain(self, *, seconds: float) -> Mapping[str, int]:
        """Wait until everything is read. Returns each function's number of records that are unread after `seconds`."""
        deadline = time.monotonic() + seconds
        while (unread := self._unread()) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        return unread

    def _unread(self) -> dict[str, int]:
        counts = {reader.function: self._records_after(reader) for reader in self._readers}
        return {function: count for function, count in counts.items() if count}

    def _records_after(self, reader: Reader) -> int:
        arn = self._arns[reader.table]
        shard = self._client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        bookmark = str(reader.bookmark)
        iterator = self._iterator_after(bookmark, arn, shard) if bookmark else self._oldest(arn, shard)
        return len(self._client.get_records(ShardIterator=iterator, Limit=_COUNTED_MAX)["Records"])

    def _iterator_after(self, bookmark: str, arn: str, shard: str) -> str:
        try:
            found = self._client.get_shard_iterator(
                StreamArn=arn, ShardId=shard, ShardIteratorType="AFTER_SEQUENCE_NUMBER", SequenceNumber=bookmark
            )
        except self._client.exceptions.TrimmedDataAccessException:
            # A stream forgets records after a day. All records that it still has are newer than the bookmark.
            return self._oldest(arn, shard)
        return found["ShardIterator"]

    def _oldest(self, arn: str, shard: str) -> str:
        found = self._client.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        return found["ShardIterator"]

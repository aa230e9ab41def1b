"""Whether everything that a running stack holds is as it must be."""

from typing import Any

from dev.config import Config
from dev.deploy import Clients
from dev.local_template import localized
from dev.streams import Bookmark, Reader, Streams
from packhouse.domain.journal import Entry
from packhouse.invariants import violations
from packhouse.store import journal
from packhouse.store.table import Item, plain
from tests.stack.running import ROOT, LocalStack

DRAIN_SECONDS = 60.0
LOOKS_MAX = 20
"""The stack goes on working while it is looked at: what was read in the meantime is read again."""


class Held:
    """All that the tables of a stack hold."""

    def __init__(self, stack: LocalStack) -> None:
        config = Config(root=ROOT, state=stack.state, port=stack.port, instance="")
        self._clients = Clients(config)
        pages = self._clients.stacks.get_paginator("list_stack_resources").paginate(StackName="packhouse")
        names = {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for page in pages
            for each in page["StackResourceSummaries"]
        }
        self._table, self._journal = names["Table"], names["Journal"]
        readers = [
            Reader(
                function=reader.function,
                table=names[reader.table],
                bookmark=Bookmark(config.bookmarks / reader.function),
            )
            for reader in localized(config).readers
        ]
        self._streams = Streams(self._clients, readers)

    def violations(self) -> list[object]:
        """What doesn't hold, once every change has been journaled."""
        items = self._items()
        for _ in range(LOOKS_MAX):
            unread = self._streams.drain(seconds=DRAIN_SECONDS)
            assert not unread, unread
            entries = self._entries()
            before, items = items, self._items()
            if items == before:
                return list(violations(items, entries))
        raise AssertionError(f"The stack never stood still in {LOOKS_MAX} looks.")

    def _items(self) -> list[Item]:
        return [plain(item) for item in self._scanned(self._table)]

    def _entries(self) -> list[Entry]:
        return [journal.of_item(plain(item)) for item in self._scanned(self._journal)]

    def _scanned(self, table: str) -> list[Any]:
        pages = self._clients.dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]

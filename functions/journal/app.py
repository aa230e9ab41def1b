"""Writes the journal from the table's stream, each change once, and publishes each entry on the bus, at least once.

A failed batch is delivered again as a whole until it succeeds. An entry that was written before stays as it is, and is
published again.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger

from packhouse import runtime
from packhouse.domain.journal import WORKGROUP_ERASED, Entry
from packhouse.journal.bus import bus
from packhouse.journal.entries import entry_of
from packhouse.store import journal
from packhouse.store.wire import plain

logger = Logger()


def handler(event: Mapping[str, Any], _context: object) -> None:
    """Write the entries of a batch of stream records in their order, then publish them."""
    entries = [entry for record in event["Records"] if (entry := _entry(record)) is not None]
    for entry in entries:
        journal.append(runtime.journal(), entry)
        if entry.kind == WORKGROUP_ERASED:  # it is gone from the auditor's list, so nothing else would notice
            logger.error(WORKGROUP_ERASED, workgroup_id=entry.item)
    bus().publish(entries)


def _entry(record: Mapping[str, Any]) -> Entry | None:
    change = record["dynamodb"]
    return entry_of(
        event_id=record["eventID"],
        sequence=change["SequenceNumber"],
        recorded_at=datetime.fromtimestamp(change["ApproximateCreationDateTime"], UTC),
        before=plain(change["OldImage"]) if change.get("OldImage") else None,
        after=plain(change["NewImage"]) if change.get("NewImage") else None,
    )

"""The journal: every change of the table, out of its stream, once.

A batch that fails is delivered again as a whole, as often as it takes: an entry that is there already stays as it is.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from packhouse import runtime
from packhouse.store import changes, journal
from packhouse.store.table import plain


def handler(event: Mapping[str, Any], _context: object) -> None:
    """Write the entries of a batch of stream records, in their order."""
    for record in event["Records"]:
        change = record["dynamodb"]
        entry = changes.entry(
            event_id=record["eventID"],
            sequence=change["SequenceNumber"],
            recorded_at=datetime.fromtimestamp(change["ApproximateCreationDateTime"], UTC),
            before=plain(change["OldImage"]) if change.get("OldImage") else None,
            after=plain(change["NewImage"]) if change.get("NewImage") else None,
        )
        if entry is not None:
            journal.append(runtime.journal(), entry)

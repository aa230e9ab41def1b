from typing import Any

from packhouse.domain import instants
from packhouse.domain.journal import Entry
from packhouse.web.fields import Instant, Maybe, View


class ChangeView(View):
    field: str
    before: Any
    after: Any


class JournalEntry(View):
    """One change of one item."""

    entry_id: str
    at: Instant
    kind: str
    item: str
    actor: str
    request_id: Maybe[str] = None
    changes: list[ChangeView]

    @classmethod
    def of(cls, entry: Entry) -> "JournalEntry":
        return cls(
            entry_id=entry.entry_id,
            at=instants.parse(entry.at),
            kind=entry.kind,
            item=entry.item,
            actor=entry.actor,
            request_id=entry.request_id.partition("#")[0] if entry.request_id else None,  # the part is ours alone
            changes=[
                ChangeView(field=change.field, before=change.before, after=change.after) for change in entry.changes
            ],
        )


class JournalPage(View):
    items: list[JournalEntry]
    next_cursor: str | None

"""The security log: its filters and its entries."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query

from packhouse import runtime
from packhouse.domain import instants
from packhouse.domain.access import Role
from packhouse.domain.journal import Entry
from packhouse.domain.workgroups import Workgroup
from packhouse.store import journal, workgroups
from packhouse.store.journal import Selection
from packhouse.web import days
from packhouse.web.api import Api
from packhouse.web.fields import Instant, Maybe, View

KINDS_MAX = 20
SOON = timedelta(minutes=1)  # no machine's clock is further ahead

Kinds = Annotated[list[str] | None, Query(max_length=KINDS_MAX)]
ProjectId = Annotated[str | None, Query(max_length=64)]
PackId = Annotated[str | None, Query(max_length=64)]


def look_at(api: Api, wg: str, route: str) -> Workgroup:
    """The workgroup whose log or usage is read. A read by an operator is recorded first; the stream journals it."""
    workgroup = workgroups.read(runtime.table(), wg)
    if api.caller.role is Role.OPERATOR:
        journal.record_read(api.table(), wg, route)
    return workgroup


def selection(
    workgroup: Workgroup,
    first_day: date | None,
    last_day: date | None,
    *,
    kinds: Sequence[str] | None,
    project_id: str | None,
    pack_id: str | None,
) -> Selection:
    """The filters, within the life of the workgroup: a page would walk month by month through the time outside it."""
    starts, ends = days.between(first_day, last_day, workgroup.time_zone)
    latest = runtime.now() + SOON
    return Selection(
        first=max(workgroup.created_at, starts or workgroup.created_at),
        last=min(latest, ends or latest),
        kinds=kinds or (),
        project_id=project_id,
        pack_id=pack_id,
    )


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
            at=instants.parse(entry.at).replace(microsecond=0),
            kind=entry.kind,
            item=entry.item,
            actor=entry.actor,
            request_id=entry.request,
            changes=[
                ChangeView(field=change.field, before=change.before, after=change.after) for change in entry.changes
            ],
        )


class JournalPage(View):
    items: list[JournalEntry]
    next_cursor: str | None

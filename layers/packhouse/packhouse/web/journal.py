"""The security log, as it is asked for and answered."""

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
from packhouse.web.api import Api
from packhouse.web.fields import Day, Instant, Maybe, View

KINDS_MAX = 20
SOON = timedelta(minutes=1)  # another machine's clock may be ahead by less

FirstDay = Annotated[Day | None, Query(alias="from", description="The first day, in the workgroup's zone.")]
LastDay = Annotated[Day | None, Query(alias="to", description="The last day, in the workgroup's zone.")]
Kinds = Annotated[list[str] | None, Query(max_length=KINDS_MAX)]
ProjectId = Annotated[str | None, Query(max_length=64)]
PackId = Annotated[str | None, Query(max_length=64)]


def looked_at(api: Api, wg: str, what: str) -> Workgroup:
    """The workgroup whose log or usage is read. That an operator does is recorded first, and the stream journals it."""
    workgroup = workgroups.read(runtime.table(), wg)
    if api.caller.role is Role.OPERATOR:
        journal.record_read(api.table(), wg, what)
    return workgroup


def wanted(
    workgroup: Workgroup,
    first_day: date | None,
    last_day: date | None,
    *,
    kinds: Sequence[str] | None,
    project_id: str | None,
    pack_id: str | None,
) -> Selection:
    """The entries that these filters let through.

    None before there was a workgroup, since pages walk no months without entries, and none after now.
    """
    first, last = workgroup.created_at, runtime.now() + SOON
    if first_day is not None:
        first = max(first, instants.day_starts(first_day, workgroup.time_zone))
    if last_day is not None:
        last = min(last, instants.day_ends(last_day, workgroup.time_zone))
    return Selection(first=first, last=last, kinds=kinds or (), project_id=project_id, pack_id=pack_id)


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

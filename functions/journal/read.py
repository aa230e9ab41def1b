"""Reading the journal."""

import re
from datetime import date, datetime, timedelta
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from packhouse import runtime
from packhouse.domain import instants
from packhouse.domain.access import Permission, Role
from packhouse.domain.workgroups import Workgroup
from packhouse.store import journal, workgroups
from packhouse.store.journal import Place, Wanted
from packhouse.web import paging
from packhouse.web.api import create_api
from packhouse.web.fields import PAGE_DEFAULT, Cursor, Day, Limit
from packhouse.web.journal import JournalEntry, JournalPage

api = create_api()
handler = api.resolve

MONTH = re.compile(r"\d{4}(0[1-9]|1[0-2])")
KINDS_MAX = 20
SOON = timedelta(minutes=1)  # another machine's clock may be ahead by less


@api.serves("GET /v1/workgroups/{wg}/journal", may=Permission.READ_SECURITY_LOG)
def read_journal(  # noqa: PLR0913  # api.md's filters
    wg: str,
    *,
    first_day: Annotated[Day | None, Query(alias="from", description="The first day, in the workgroup's zone.")] = None,
    last_day: Annotated[Day | None, Query(alias="to", description="The last day, in the workgroup's zone.")] = None,
    kind: Annotated[list[str] | None, Query(max_length=KINDS_MAX)] = None,
    project: Annotated[str | None, Query(max_length=64)] = None,
    pack: Annotated[str | None, Query(max_length=64)] = None,
    limit: Limit = PAGE_DEFAULT,
    cursor: Cursor = None,
) -> JournalPage:
    workgroup = workgroups.read(runtime.table(), wg)
    if api.caller.role is Role.OPERATOR:
        journal.record_read(api.table(), wg, "GET journal")
    wanted = Wanted(
        first=_first(first_day, workgroup),
        last=_last(last_day, workgroup),
        kinds=kind or (),
        project_id=project,
        pack_id=pack,
    )
    entries, place = journal.page(runtime.journal(), wg, wanted, limit=limit, place=_place(cursor))
    next_cursor = paging.encode(place.month, place.after) if place else None
    return JournalPage(items=[JournalEntry.of(entry) for entry in entries], next_cursor=next_cursor)


def _first(day: date | None, workgroup: Workgroup) -> datetime:
    """The start of the day, but not before there was a workgroup: pages walk no months without entries."""
    began = workgroup.created_at
    return max(began, instants.day_starts(day, workgroup.time_zone)) if day else began


def _last(day: date | None, workgroup: Workgroup) -> datetime:
    """The end of the day, but not after now."""
    latest = runtime.now() + SOON
    return min(latest, instants.day_ends(day, workgroup.time_zone)) if day else latest


def _place(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    month, after = paging.decode(cursor, 2)
    if month is None or not MONTH.fullmatch(month):
        raise paging.not_ours()
    return Place(month, after)

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
from packhouse.web.fields import PAGE_DEFAULT, Cursor, Limit
from packhouse.web.journal import JournalEntry, JournalPage

api = create_api()
handler = api.resolve

DAY = "A day in the workgroup's zone, itself included."
MONTH = re.compile(r"\d{4}(0[1-9]|1[0-2])")
SOON = timedelta(minutes=1)  # another machine's clock may be ahead by less


@api.serves("GET /v1/workgroups/{wg}/journal", may=Permission.READ_SECURITY_LOG)
def read_journal(  # noqa: PLR0913  # api.md's filters
    wg: str,
    *,
    first_day: Annotated[date | None, Query(alias="from", description=DAY)] = None,
    last_day: Annotated[date | None, Query(alias="to", description=DAY)] = None,
    kind: Annotated[list[str] | None, Query()] = None,
    project: Annotated[str | None, Query(max_length=64)] = None,
    pack: Annotated[str | None, Query(max_length=64)] = None,
    limit: Limit = PAGE_DEFAULT,
    cursor: Cursor = None,
) -> JournalPage:
    workgroup = workgroups.read(runtime.table(), wg)
    if api.caller.role is Role.OPERATOR:
        journal.record_read(api.table(), wg, "GET journal")
    wanted = Wanted(
        first=max(workgroup.created_at, _starts(first_day, workgroup) or workgroup.created_at),
        last=_ends(last_day, workgroup) or runtime.now() + SOON,
        kinds=kind or (),
        project_id=project,
        pack_id=pack,
    )
    entries, place = journal.page(runtime.journal(), wg, wanted, limit=limit, place=_place(cursor))
    next_cursor = paging.encode(place.month, place.after) if place else None
    return JournalPage(items=[JournalEntry.of(entry) for entry in entries], next_cursor=next_cursor)


def _starts(day: date | None, workgroup: Workgroup) -> datetime | None:
    return instants.day_starts(day, workgroup.time_zone) if day else None


def _ends(day: date | None, workgroup: Workgroup) -> datetime | None:
    return instants.day_ends(day, workgroup.time_zone) if day else None


def _place(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    month, after = paging.decode(cursor, 2)
    if month is None or not MONTH.fullmatch(month):
        raise paging.not_ours()
    return Place(month, after)

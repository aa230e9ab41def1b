"""Reads of the journal, and of the usage that is counted from it."""

import re

from packhouse import runtime
from packhouse.domain.access import Permission
from packhouse.domain.usage import By
from packhouse.errors import AnswerTooLarge
from packhouse.journal import reporting
from packhouse.store import journal
from packhouse.store.journal import PageEnd
from packhouse.web import paging
from packhouse.web.api import create_api
from packhouse.web.days import FirstDay, LastDay
from packhouse.web.fields import PAGE_DEFAULT, Cursor, Limit
from packhouse.web.journal import JournalEntry, JournalPage, Kinds, PackId, ProjectId, look_at, selection
from packhouse.web.usage import SummedBy, UsageSums

api = create_api()
handler = api.resolve

MONTH = re.compile(r"\d{4}(0[1-9]|1[0-2])")


@api.serves("GET /v1/workgroups/{wg}/journal", may=Permission.READ_SECURITY_LOG)
def read_journal(  # noqa: PLR0913  # a parameter for each filter
    wg: str,
    *,
    first_day: FirstDay = None,
    last_day: LastDay = None,
    kind: Kinds = None,
    project: ProjectId = None,
    pack: PackId = None,
    limit: Limit = PAGE_DEFAULT,
    cursor: Cursor = None,
) -> JournalPage:
    workgroup = look_at(api, wg, "GET journal")
    asked = selection(workgroup, first_day, last_day, kinds=kind, project_id=project, pack_id=pack)
    entries, end = journal.page(runtime.journal(), wg, asked, limit=limit, start=_page_end(cursor))
    next_cursor = paging.encode(end.month, end.sort_key) if end else None
    return JournalPage(items=[JournalEntry.of(entry) for entry in entries], next_cursor=next_cursor)


@api.serves("GET /v1/workgroups/{wg}/usage", may=Permission.READ_SECURITY_LOG, refuses=(AnswerTooLarge,))
def read_usage(wg: str, *, by: SummedBy = By.MONTH, first_day: FirstDay = None, last_day: LastDay = None) -> UsageSums:
    workgroup = look_at(api, wg, "GET usage")
    days = reporting.counted_days(runtime.journal(), workgroup, first_day, last_day)
    return UsageSums.of(reporting.sums(runtime.table(), runtime.journal(), wg, days, by), days.through)


def _page_end(cursor: str | None) -> PageEnd | None:
    if cursor is None:
        return None
    month, sort_key = paging.decode(cursor, 2)
    if month is None or not MONTH.fullmatch(month):
        raise paging.not_ours()
    return PageEnd(month, sort_key)

"""Documents: workbooks of the journal, and of the usage that is counted from it."""

from aws_lambda_powertools.event_handler import Response

from packhouse import runtime
from packhouse.documents import workbooks
from packhouse.domain.access import Permission
from packhouse.domain.usage import By
from packhouse.errors import AnswerTooLarge
from packhouse.journal import reporting
from packhouse.journal.reporting import ROWS_MAX
from packhouse.store import usage
from packhouse.web.api import create_api
from packhouse.web.days import FirstDay, LastDay
from packhouse.web.documents import XLSX, Workbook, attached
from packhouse.web.journal import Kinds, PackId, ProjectId, look_at, selection
from packhouse.web.usage import SummedBy

api = create_api()
handler = api.resolve


@api.serves(
    "GET /v1/workgroups/{wg}/journal.xlsx",
    may=Permission.READ_SECURITY_LOG,
    refuses=(AnswerTooLarge,),
    file=XLSX,
)
def write_journal(
    wg: str,
    *,
    first_day: FirstDay = None,
    last_day: LastDay = None,
    kind: Kinds = None,
    project: ProjectId = None,
    pack: PackId = None,
) -> Response[Workbook]:
    workgroup = look_at(api, wg, "GET journal.xlsx")
    asked = selection(workgroup, first_day, last_day, kinds=kind, project_id=project, pack_id=pack)
    entries = reporting.entries(runtime.journal(), wg, asked)
    return attached(workbooks.journal(entries, workgroup, now=runtime.now()), "journal.xlsx", rows_max=ROWS_MAX)


@api.serves(
    "GET /v1/workgroups/{wg}/usage.xlsx",
    may=Permission.READ_SECURITY_LOG,
    refuses=(AnswerTooLarge,),
    file=XLSX,
)
def write_usage(
    wg: str, *, by: SummedBy = By.MONTH, first_day: FirstDay = None, last_day: LastDay = None
) -> Response[Workbook]:
    table, log = runtime.table(), runtime.journal()
    workgroup = look_at(api, wg, "GET usage.xlsx")
    days = reporting.counted_days(log, workgroup, first_day, last_day)
    sums = reporting.sums(table, log, wg, days, by)
    consumed = reporting.consumed_licenses(table, log, wg, days)
    named = {*(part.run.project_id for part in consumed), *(sums if by is By.PROJECT else ())}
    projects = usage.projects_named(table, wg, named)
    content = workbooks.usage(workgroup, days, by, sums, consumed, projects, now=runtime.now())
    return attached(content, "usage.xlsx", rows_max=ROWS_MAX)

"""Consumption: packs and their balance, projects, and the runs that hold and spend licenses."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from packhouse import runtime
from packhouse.catalog import catalog
from packhouse.consumption import changing_projects, covering, entitling, settling, starting
from packhouse.domain.access import Permission
from packhouse.domain.coverage import Need
from packhouse.domain.entitlements import EntitlementStanding
from packhouse.domain.packs import PackStanding, balance
from packhouse.domain.projects import ProjectState
from packhouse.domain.runs import LICENSES_PER_ITEM_MAX, RunState
from packhouse.errors import (
    AssignmentRequired,
    EntitlementUsed,
    ErrorsNotOfParent,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    LeaseEnded,
    LicensesExhausted,
    PackNotUsable,
    ParentNotRetryable,
    ProjectHasOpenRuns,
    ProjectNotActive,
    RetriesExhausted,
    RunAlreadySettled,
    ServiceNotCovered,
    StartTooScattered,
    TooManyLicensesForItem,
    UnknownSku,
)
from packhouse.settings import settings
from packhouse.store import entitlements, keys, packs, projects, runs
from packhouse.web import paging
from packhouse.web.api import create_api
from packhouse.web.coverage import AskCoverage, CoverageCounts, CoverageView
from packhouse.web.entitlements import EntitlementPage, EntitlementView
from packhouse.web.fields import (
    NOTHING,
    PAGE_DEFAULT,
    Cursor,
    IdempotencyKey,
    ItemId,
    Limit,
    Name,
    Nothing,
    User,
    UserInPath,
)
from packhouse.web.packs import BalanceLine, BalanceView, PackPage, PackView
from packhouse.web.projects import ChangeProject, CreateProject, ProjectPage, ProjectView
from packhouse.web.runs import (
    Heartbeat,
    HeartbeatResults,
    HeartbeatRuns,
    RunPage,
    RunsStarted,
    RunView,
    Settle,
    SettlementResults,
    SettleRuns,
    StartRuns,
)

api = create_api()
handler = api.resolve

ENTITLEMENT = "/v1/workgroups/{wg}/entitlements/{user+}/{sku}"
PROJECT = "/v1/workgroups/{wg}/projects/{project_id}"
RUNS = "/v1/workgroups/{wg}/projects/{project_id}/runs"


@api.serves("GET /v1/workgroups/{wg}/packs", may=Permission.READ, refuses=(UnknownSku,))
def list_packs(
    wg: str,
    sku: Annotated[str | None, Query(max_length=100)] = None,
    state: Annotated[list[PackStanding] | None, Query()] = None,
    limit: Limit = PAGE_DEFAULT,
    cursor: Cursor = None,
) -> PackPage:
    code = "" if sku is None else catalog().of(sku).code
    items, next_cursor = paging.page(runtime.table(), keys.packs(wg, code), limit=limit, cursor=cursor)
    known, now = catalog(), api.caller.stamp.at
    views = [PackView.of(packs.of_item(item), known, now=now) for item in items]
    return PackPage(items=[view for view in views if not state or view.state in state], next_cursor=next_cursor)


@api.serves("GET /v1/workgroups/{wg}/packs/{pack_id}", may=Permission.READ)
def read_pack(wg: str, pack_id: str) -> PackView:
    return PackView.of(packs.read(runtime.table(), wg, pack_id), catalog(), now=api.caller.stamp.at)


@api.serves("GET /v1/workgroups/{wg}/balance", may=Permission.READ)
def read_balance(wg: str) -> BalanceView:
    held, now = packs.every(runtime.table(), wg), api.caller.stamp.at
    lines = [BalanceLine.of(balance(license_type, held, now)) for license_type in catalog()]
    return BalanceView(license_types=lines)


@api.serves("GET /v1/workgroups/{wg}/coverage", may=Permission.READ, refuses=(ServiceNotCovered,))
def read_coverage(
    wg: str,
    service: Annotated[Name, Query()],
    user: Annotated[User | None, Query()] = None,
    licenses: Annotated[int, Query(ge=1, le=LICENSES_PER_ITEM_MAX)] = 1,
) -> CoverageView:
    found = covering.decide(api.table(), catalog(), wg, service, [Need(user=user, licenses=licenses)])
    return CoverageView.of(found, catalog().assigned_for(service), catalog(), now=api.caller.stamp.at)


@api.serves("POST /v1/workgroups/{wg}/coverage", may=Permission.READ, refuses=(ServiceNotCovered,))
def count_coverage(wg: str, wanted: AskCoverage) -> CoverageCounts:
    return CoverageCounts.of(covering.decide(api.table(), catalog(), wg, wanted.service, wanted.needs()))


@api.serves("GET /v1/workgroups/{wg}/entitlements", may=Permission.READ)
def list_entitlements(
    wg: str, user: Annotated[User | None, Query()] = None, limit: Limit = PAGE_DEFAULT, cursor: Cursor = None
) -> EntitlementPage:
    items, next_cursor = paging.page(runtime.table(), keys.entitlements(wg, user), limit=limit, cursor=cursor)
    found = [EntitlementView.of(entitlements.of_item(item), catalog(), now=api.caller.stamp.at) for item in items]
    shown = [view for view in found if view.state is not EntitlementStanding.WITHDRAWN]
    return EntitlementPage(items=shown, next_cursor=next_cursor)


@api.serves(
    f"PUT {ENTITLEMENT}",
    may=Permission.ASSIGN,
    refuses=(LicensesExhausted, UnknownSku),
    status=HTTPStatus.CREATED,
    may_be_there=True,
)
def assign_entitlement(wg: str, user: UserInPath, sku: str, wanted: Nothing = NOTHING) -> EntitlementView:
    del wanted
    entitlement, assigned_now = entitling.assign(api.table(), catalog(), wg, user, sku)
    api.unchanged(not assigned_now)
    return EntitlementView.of(entitlement, catalog(), now=api.caller.stamp.at)


@api.serves(f"DELETE {ENTITLEMENT}", may=Permission.ASSIGN, refuses=(EntitlementUsed, PackNotUsable))
def withdraw_entitlement(wg: str, user: UserInPath, sku: str) -> EntitlementView:
    entitlement = entitling.withdraw(api.table(), wg, user, sku)
    return EntitlementView.of(entitlement, catalog(), now=api.caller.stamp.at)


@api.serves(
    "POST /v1/workgroups/{wg}/projects",
    may=Permission.CREATE_PROJECTS,
    refuses=(IdempotencyKeyMissing, IdempotencyKeyReused),
    status=HTTPStatus.CREATED,
)
def create_project(wg: str, idempotency_key: IdempotencyKey, wanted: CreateProject) -> ProjectView:
    policies, table = settings().policies, api.table()
    project = wanted.project(wg, key=idempotency_key, by=table.stamp)
    warn_at = project.warn_at(months=policies.inactivity_months, days=policies.project_warning_days)
    created, replayed = projects.create(table, project, warn_at=warn_at)
    api.replayed(replayed)
    return ProjectView.of(created, inactivity_months=policies.inactivity_months)


@api.serves("GET /v1/workgroups/{wg}/projects", may=Permission.READ)
def list_projects(
    wg: str,
    state: Annotated[list[ProjectState] | None, Query()] = None,
    limit: Limit = PAGE_DEFAULT,
    cursor: Cursor = None,
) -> ProjectPage:
    items, next_cursor = paging.page(runtime.table(), keys.projects(wg), limit=limit, cursor=cursor)
    months = settings().policies.inactivity_months
    views = [ProjectView.of(projects.of_item(item), inactivity_months=months) for item in items]
    return ProjectPage(items=[view for view in views if not state or view.state in state], next_cursor=next_cursor)


@api.serves(f"GET {PROJECT}", may=Permission.READ)
def read_project(wg: str, project_id: str) -> ProjectView:
    project = projects.read(runtime.table(), wg, project_id)
    return ProjectView.of(project, inactivity_months=settings().policies.inactivity_months)


@api.serves(f"PATCH {PROJECT}", may=Permission.CHANGE_PROJECTS, refuses=(ProjectNotActive,))
def change_project(wg: str, project_id: str, wanted: ChangeProject) -> ProjectView:
    policies = settings().policies
    project = changing_projects.change(api.table(), policies, wg, project_id, wanted.changes())
    return ProjectView.of(project, inactivity_months=policies.inactivity_months)


@api.serves(f"DELETE {PROJECT}", may=Permission.CHANGE_PROJECTS, refuses=(ProjectHasOpenRuns, ProjectNotActive))
def remove_project(
    wg: str,
    project_id: str,
    *,
    release: Annotated[bool, Query(description="Even with open runs: their licenses are given back.")] = False,
) -> ProjectView:
    project = changing_projects.remove(api.table(), wg, project_id, release=release)
    return ProjectView.of(project, inactivity_months=settings().policies.inactivity_months)


@api.serves(
    f"POST {RUNS}",
    may=Permission.RUN,
    refuses=(
        AssignmentRequired,
        ErrorsNotOfParent,
        IdempotencyKeyMissing,
        IdempotencyKeyReused,
        LicensesExhausted,
        ParentNotRetryable,
        ProjectNotActive,
        RetriesExhausted,
        ServiceNotCovered,
        StartTooScattered,
        TooManyLicensesForItem,
    ),
    status=HTTPStatus.CREATED,
)
def start_runs(wg: str, project_id: str, idempotency_key: IdempotencyKey, wanted: StartRuns) -> RunsStarted:
    start = wanted.start(wg, project_id, key=idempotency_key)
    started = starting.start(api.table(), catalog(), settings().policies, start)
    api.replayed(started.replayed)
    return RunsStarted(runs=[RunView.of(run, now=run.started_at) for run in started.runs])


@api.serves(f"GET {RUNS}", may=Permission.READ_RUNS)
def list_runs(
    wg: str,
    project_id: str,
    state: Annotated[list[RunState] | None, Query()] = None,
    item_id: Annotated[ItemId | None, Query()] = None,
    is_open: Annotated[
        bool | None, Query(alias="open", description="Only runs that haven't ended, or only runs that have.")
    ] = None,
    limit: Limit = PAGE_DEFAULT,
    cursor: Cursor = None,
) -> RunPage:
    of_project = runs.of_project(wg, project_id)
    items, next_cursor = paging.page(runtime.table(), of_project, limit=limit, cursor=cursor)
    if not items:  # maybe there is no such project: only then a second read looks
        projects.read(runtime.table(), wg, project_id)
    now = api.caller.stamp.at
    views = [RunView.of(runs.of_item(item), now=now) for item in items]
    kept = [view for view in views if view.matches(states=state, item_id=item_id, is_open=is_open)]
    return RunPage(items=kept, next_cursor=next_cursor)


@api.serves(f"GET {RUNS}/{{run_id}}", may=Permission.READ_RUNS)
def read_run(wg: str, project_id: str, run_id: str) -> RunView:
    return RunView.of(runs.read(runtime.table(), wg, project_id, run_id), now=api.caller.stamp.at)


@api.serves(f"POST {RUNS}/{{run_id}}/heartbeat", may=Permission.RUN, refuses=(LeaseEnded, RunAlreadySettled))
def extend_lease(wg: str, project_id: str, run_id: str, wanted: Heartbeat) -> RunView:
    run = runs.extend(api.table(), wg, project_id, run_id, lease_seconds=wanted.lease_seconds)
    return RunView.of(run, now=api.caller.stamp.at)


@api.serves(f"POST {RUNS}/heartbeat", may=Permission.RUN)
def extend_leases(wg: str, project_id: str, wanted: HeartbeatRuns) -> HeartbeatResults:
    extended = settling.extend_each(api.table(), wg, project_id, wanted.run_ids, lease_seconds=wanted.lease_seconds)
    return HeartbeatResults.of(wanted.run_ids, extended, by=api.caller.stamp)


@api.serves(
    f"POST {RUNS}/{{run_id}}/settle", may=Permission.RUN, refuses=(ErrorsNotOfParent, LeaseEnded, RunAlreadySettled)
)
def settle_run(wg: str, project_id: str, run_id: str, wanted: Settle) -> RunView:
    run, _ = settling.settle(api.table(), wg, project_id, run_id, wanted.settlement())
    return RunView.of(run, now=api.caller.stamp.at)


@api.serves(f"POST {RUNS}/settle", may=Permission.RUN)
def settle_runs(wg: str, project_id: str, wanted: SettleRuns) -> SettlementResults:
    settlements = {each.run_id: each.settlement() for each in wanted.settlements}
    settled = settling.settle_each(api.table(), wg, project_id, settlements)
    return SettlementResults.of(list(settlements), settled, by=api.caller.stamp)

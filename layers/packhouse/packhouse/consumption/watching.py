"""What follows a change of a run or a pack: the project's activity is stamped, a low balance is remembered.

Both are decided by the table as it is now. So a record that comes twice, late or out of order does no harm.
"""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from packhouse.domain.licenses import Catalog
from packhouse.domain.projects import Project, ProjectState
from packhouse.domain.runs import Outcome, Run
from packhouse.domain.workgroups import LowBalance, Workgroup
from packhouse.errors import NotFound
from packhouse.store import keys, packs, projects, workgroups
from packhouse.store.patience import until_settled
from packhouse.store.table import Met, StampedTable

STAMPED_EVERY = timedelta(days=1)
"""How far a project's stamps may be behind its settlements. Before a project ends, its runs are read."""


def stamp_projects(table: StampedTable, settled: Iterable[Run]) -> None:
    """Stamp settlements and successes on the runs' projects: at most once a day, but a first success always.

    A closed project had no success. If a run without a lease succeeds after its end, the project is retired.
    """
    latest: dict[tuple[str, str], datetime] = {}
    success: dict[tuple[str, str], datetime] = {}
    for run in settled:
        if run.outcome is None or run.settled_at is None:
            continue
        name = (run.workgroup_id, run.project_id)
        latest[name] = max(run.settled_at, latest.get(name, run.settled_at))
        if run.outcome is Outcome.SUCCEEDED:
            success[name] = max(run.settled_at, success.get(name, run.settled_at))
    found = table.read_many_pages([keys.project(*name) for name in latest])
    for name, item in zip(latest, found, strict=True):
        if item is not None:
            _stamp(table, projects.met_of(item), settled_at=latest[name], success_at=success.get(name))


def weigh_balances(table: StampedTable, catalog: Catalog, touched: Collection[tuple[str, str]]) -> None:
    """Compare balances, named by workgroup and sku, with their thresholds, and remember which are too low."""
    for wg, sku in sorted(touched):
        _weigh(table, catalog, wg, sku)


def _stamp(table: StampedTable, met: Met[Project], *, settled_at: datetime, success_at: datetime | None) -> None:
    """A stamp never moves back. After a project's end there is no activity, but a success retires a closed one."""

    def attempt(met: Met[Project]) -> None:
        project = met.value
        success = success_at if success_at and _newer(success_at, project.last_success_at) else None
        if project.state is ProjectState.CLOSED and success_at:
            projects.retire(table, met, success_at=success_at)
        elif project.state is ProjectState.ACTIVE and (success or _newer(settled_at, project.last_settled_at)):
            latest = max(settled_at, project.last_settled_at or settled_at)
            projects.remember_settlement(table, met, settled_at=latest, success_at=success)

    with suppress(NotFound):
        until_settled(lambda: projects.meet(table, met.value.workgroup_id, met.value.project_id), attempt, first=met)


def _newer(at: datetime, stamped: datetime | None) -> bool:
    return stamped is None or at >= stamped + STAMPED_EVERY


def _weigh(table: StampedTable, catalog: Catalog, wg: str, sku: str) -> None:
    def attempt(met: Workgroup) -> None:
        low_types = _low_types(table, catalog, met, sku)
        if low_types.keys() != met.low_types.keys():
            workgroups.remember_low(table, met, low_types)

    with suppress(NotFound):
        until_settled(lambda: workgroups.read(table, wg), attempt)


def _low_types(table: StampedTable, catalog: Catalog, workgroup: Workgroup, sku: str) -> Mapping[str, LowBalance]:
    """The types that are low now. Only this type is weighed; the others stay as they are remembered."""
    others = {name: low for name, low in workgroup.low_types.items() if name != sku}
    threshold = workgroup.low_balance.get(sku, 0)
    if not threshold or sku not in catalog.types:
        return others
    available = sum(packs.stock(table, workgroup.workgroup_id, catalog.of(sku), now=table.stamp.at).values())
    if available >= threshold:
        return others
    return {**others, sku: workgroup.low_types.get(sku, LowBalance(available=available, threshold=threshold))}

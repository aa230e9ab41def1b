"""Runs as items: started, kept alive and ended by conditional writes; nothing is read before it is decided."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import accumulate

from packhouse.domain import ids, instants
from packhouse.domain.entitlements import Entitlement
from packhouse.domain.runs import Coverage, Outcome, Pass, Returned, Run, RunState, Settlement
from packhouse.errors import LeaseEnded, NotFound, RetriesExhausted, RunAlreadySettled, TryAgain
from packhouse.store import entitlements, keys, packs, projects
from packhouse.store.patience import WriteRefused
from packhouse.store.table import KeyRange, Only, StampedTable, Table, Write
from packhouse.store.wire import Item, Key

PROJECT_PAGES_MAX = 400  # of up to 1 MB: some 400,000 runs


class PackRaceLost(Exception):  # noqa: N818  # an outcome that the start answers by asking the stock again
    """Somebody else took the licenses between the look at the stock and the write."""


class PackRevoked(Exception):  # noqa: N818  # an outcome that the settlement answers by giving back otherwise
    """Packs that were revoked while a run held licenses of them."""

    def __init__(self, pack_ids: Iterable[str]) -> None:
        super().__init__()
        self.pack_ids = frozenset(pack_ids)


class Unlicensed(Exception):  # noqa: N818  # an outcome that the settlement answers by ending it otherwise
    """The run to consume holds no license, and hasn't ended."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run


class NotStarted(Exception):  # noqa: N818  # an outcome that the start explains
    """The project refused, or the runs exist already: what holds must be read to be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """Runs that start together: the entitlements they are the first to use, and how many retries each root gets."""

    runs: Sequence[Run]
    uses: Sequence[Entitlement] = ()
    roots: Mapping[str, int] = field(default_factory=dict)


def start(table: StampedTable, beginning: Beginning, *, most: int, retries_max: int) -> None:
    """Start all the runs, or none: project, packs, entitlements, roots and runs in one transaction."""
    runs = beginning.runs
    first = runs[0]
    wg, project_id, now = first.workgroup_id, first.project_id, first.started_at
    taken: dict[str, int] = {}
    for run in runs:
        for pack_id, quantity in run.allocation.items():
            taken[pack_id] = taken.get(pack_id, 0) + quantity
    project = projects.worked_on(table, wg, project_id, most=most, now=now)
    takes = [packs.taken(table, wg, pack_id, quantity, now=now) for pack_id, quantity in taken.items()]
    uses = [entitlements.used(table, one) for one in {(one.user, one.sku): one for one in beginning.uses}.values()]
    roots = [_retried(table, key(wg, project_id, root), count, retries_max) for root, count in beginning.roots.items()]
    puts = [table.put(_item(run), only_if="attribute_not_exists(PK)") for run in runs]
    try:
        table.write(project, *roots, *puts, *takes, *uses)
    except WriteRefused as refused:
        of_project, of_roots, of_puts = _parted(refused.refused, 1, len(roots), len(puts))
        if any(of_project) or any(of_puts):
            raise NotStarted from refused
        if any(of_roots):
            raise RetriesExhausted(maximum=retries_max) from refused
        raise PackRaceLost from refused


def read(table: Table, wg: str, project_id: str, run_id: str) -> Run:
    """The run with the ids of the errors it left."""
    found, errors = table.read_many([key(wg, project_id, run_id), keys.run_errors(wg, project_id, run_id)])
    if found is None:
        raise NotFound
    return of_item(found, errors=errors)


def read_many(table: Table, wg: str, project_id: str, run_ids: Sequence[str]) -> list[Run | None]:
    items = table.read_many([key(wg, project_id, run_id) for run_id in run_ids])
    return [of_item(item) if item else None for item in items]


def read_with_errors(table: Table, wg: str, project_id: str, run_ids: Sequence[str]) -> list[Run | None]:
    """Runs, each with the ids of the errors it left."""
    distinct = list(dict.fromkeys(run_ids))
    of_runs = [key(wg, project_id, run_id) for run_id in distinct]
    of_errors = [keys.run_errors(wg, project_id, run_id) for run_id in distinct]
    found = table.read_many_pages([*of_runs, *of_errors])
    pairs = zip(found[: len(distinct)], found[len(distinct) :], strict=True)
    read = dict(zip(distinct, (of_item(run, errors=errors) if run else None for run, errors in pairs), strict=True))
    return [read[run_id] for run_id in run_ids]


def of_project(wg: str, project_id: str) -> KeyRange:
    """The runs of a project, in no order of time; `NotFound` where that can't be a project's id."""
    projects.key(wg, project_id)
    return keys.runs(wg, project_id)


def open_of(table: Table, wg: str, project_id: str) -> Iterator[Run]:
    """The runs of a project that haven't ended in the table; a lease may be over by the clock."""
    condition = "#state = :held OR (#state IN (:covered, :free) AND attribute_not_exists(settled_at))"
    states = {"held": RunState.HELD, "covered": RunState.COVERED, "free": RunState.FREE}
    found = table.query_all(keys.runs(wg, project_id), only=Only(condition, states), pages_max=PROJECT_PAGES_MAX)
    return map(of_item, found)


def last_settled_at(table: Table, wg: str, project_id: str, *, after: datetime) -> datetime | None:
    """When a run of a project was last settled, later than this."""
    return _last_settled_at(table, wg, project_id, Only("settled_at > :after", {"after": instants.text(after)}))


def last_success_at(table: Table, wg: str, project_id: str) -> datetime | None:
    """When a run of a project last succeeded."""
    return _last_settled_at(table, wg, project_id, Only("#outcome = :succeeded", {"succeeded": Outcome.SUCCEEDED}))


def extend(table: StampedTable, wg: str, project_id: str, run_id: str, *, lease_seconds: int) -> Run:
    """Move the lease's end, never backwards and never past its latest instant; the sweep moves the queue entry."""
    now = table.stamp.at
    until = now + timedelta(seconds=lease_seconds)
    for _ in range(2):  # as asked for; where that is past the latest instant, once more with that
        try:
            changed = table.change(
                table.update(
                    key(wg, project_id, run_id),
                    "SET lease_expires_at = :until",
                    only_if=f"{_HELD} AND lease_expires_at < :until AND lease_latest_at >= :until",
                    held=RunState.HELD,
                    now=now,
                    until=until,
                )
            )
        except WriteRefused as refused:
            met = _open(refused.met[0], now)
            if met.lease_expires_at is None or met.lease_latest_at is None:
                return met  # it has no lease, and lives on all the same
            until = min(until, met.lease_latest_at)
            if met.lease_expires_at >= until:
                return met
        else:
            return of_item(changed)
    raise TryAgain


def consume(table: StampedTable, wg: str, project_id: str, run_id: str, settlement: Settlement) -> tuple[Run, bool]:
    """End a run that succeeded with all it held, and no error to keep: one write, and the pack isn't touched.

    Answers the run, and whether this very request ended it.
    """
    ending = {
        "state": RunState.CONSUMED,
        "outcome": settlement.outcome,
        "settled_at": table.stamp.at,
        "settled_by": table.stamp.principal,
        "error_count": settlement.error_count,
    }
    end = _end(table, key(wg, project_id, run_id), ending, "licenses_used = licenses")
    try:
        return of_item(table.change(end)), True
    except WriteRefused as refused:
        met = _met(refused.met[0])
        if met.coverage is not Coverage.LICENSED and met.is_open(table.stamp.at):
            raise Unlicensed(met) from refused
        return ended_by(table, refused.met[0], settlement)


def settle(table: StampedTable, run: Run, settlement: Settlement, *, revoked: Collection[str] = ()) -> tuple[Run, bool]:
    """End a run, give back what it didn't use and keep the ids of its errors, in one transaction.

    `revoked` are the packs known to be it; where another has become it since, `PackRevoked` names it.
    """
    ended = run.settled(settlement, by=table.stamp.principal, at=table.stamp.at)
    ending = {
        "state": ended.state,
        "outcome": ended.outcome,
        "settled_at": ended.settled_at,
        "settled_by": ended.settled_by,
        "error_count": ended.error_count,
        **({"licenses_used": ended.licenses_used} if ended.licenses_used is not None else {}),
    }
    standing = _HELD if run.coverage is Coverage.LICENSED else _UNSETTLED
    end = _end(table, key(run.workgroup_id, run.project_id, run.run_id), ending, only_if=standing)
    kept = [_errors(table, ended)] if ended.errors else []
    try:
        table.write(end, *_gives(table, ended, revoked), *kept)
    except WriteRefused as refused:
        if refused.refused[0]:
            return ended_by(table, refused.met[0], settlement)
        raise PackRevoked(_refusing(ended, refused)) from refused
    return ended, True


def lapse(table: StampedTable, run: Run, *, revoked: Collection[str] = ()) -> None:
    """End a hold whose lease is over and give all of it back, unless it has ended or goes on.

    `revoked` and `PackRevoked` as in `settle`.
    """
    end = table.update(
        key(run.workgroup_id, run.project_id, run.run_id),
        f"SET #state = :lapsed REMOVE {keys.QUEUED}",
        only_if="#state = :held AND lease_expires_at <= :now",
        lapsed=RunState.LAPSED,
        held=RunState.HELD,
        now=table.stamp.at,
    )
    ended = run.lapsed()
    try:
        table.write(end, *_gives(table, ended, revoked))
    except WriteRefused as refused:
        if not refused.refused[0]:
            raise PackRevoked(_refusing(ended, refused)) from refused


def ended_by(table: StampedTable, met: Item | None, settlement: Settlement) -> tuple[Run, bool]:
    """Explain a run that a settlement couldn't end: it has ended just so already, or the settlement is refused."""
    run = _met(met)
    if run.lease_expires_at is not None and run.standing(table.stamp.at) in {RunState.HELD, RunState.LAPSED}:
        raise _lease_ended(run, run.lease_expires_at)
    if run.error_count:  # their ids, if any, lie in an item of their own
        kept = table.read(keys.run_errors(run.workgroup_id, run.project_id, run.run_id))
        run = replace(run, errors=tuple(kept["errors"]) if kept else None)
    if not run.settled_as(settlement):
        raise RunAlreadySettled(run=run)
    return run, met is not None and table.stamp.is_on(met)


def key(wg: str, project_id: str, run_id: str) -> Key:
    """The run's key, else `NotFound`: what can't be an id never reaches one."""
    if not (ids.is_id(ids.Kind.PROJECT, project_id) and ids.is_id(ids.Kind.RUN, run_id)):
        raise NotFound
    return keys.run(wg, project_id, run_id)


def of_item(item: Item, *, errors: Item | None = None) -> Run:
    return Run(
        workgroup_id=keys.workgroup_of(item),
        project_id=str(keys.project_of(item)),
        run_id=keys.subject(item),
        item_id=item["item_id"],
        user=item.get("user"),
        service=item["service"],
        sku=item["sku"],
        run_pass=Pass(item["pass"]),
        coverage=Coverage(item["coverage"]),
        allocation=dict(sorted(item["allocation"].items())),
        started_at=instants.parse(item["started_at"]),
        started_by=item["started_by"],
        lease_seconds=item.get("lease_seconds"),
        lease_latest_at=instants.parse(item["lease_latest_at"]) if "lease_latest_at" in item else None,
        request_hash=item["request_hash"],
        state=RunState(item["state"]),
        lease_expires_at=instants.parse(item["lease_expires_at"]) if "lease_expires_at" in item else None,
        parent_run_id=item.get("parent_run_id"),
        root_run_id=item.get("root_run_id"),
        retries=item.get("retries", 0),
        outcome=Outcome(item["outcome"]) if "outcome" in item else None,
        licenses_used=item.get("licenses_used"),
        settled_at=instants.parse(item["settled_at"]) if "settled_at" in item else None,
        settled_by=item.get("settled_by"),
        error_count=item.get("error_count", 0),
        errors=tuple(errors["errors"]) if errors else None,
    )


_HELD = "#state = :held AND lease_expires_at > :now"
_UNSETTLED = "attribute_exists(PK) AND attribute_not_exists(settled_at)"


def _end(table: StampedTable, run: Key, ending: Mapping[str, object], *also: str, only_if: str = _HELD) -> Write:
    """The write that ends an open run, with these attributes, and takes it off the queue of open holds."""
    sets = ", ".join([*(f"#{name} = :{name}" for name in ending), *also])
    standing = {"held": RunState.HELD, "now": table.stamp.at} if only_if == _HELD else {}
    return table.update(run, f"SET {sets} REMOVE {keys.QUEUED}", only_if=only_if, **standing, **ending)


def _retried(table: StampedTable, root: Key, count: int, retries_max: int) -> Write:
    """The write that counts retries on their root, as many as there may be."""
    if count > retries_max:
        raise RetriesExhausted(maximum=retries_max)
    return table.update(
        root,
        "SET retries = if_not_exists(retries, :none) + :count",
        only_if="attribute_exists(PK) AND (attribute_not_exists(retries) OR retries <= :room)",
        none=0,
        count=count,
        room=retries_max - count,
    )


def _last_settled_at(table: Table, wg: str, project_id: str, only: Only) -> datetime | None:
    found = table.query_all(keys.runs(wg, project_id), only=only, pages_max=PROJECT_PAGES_MAX)
    return max((instants.parse(item["settled_at"]) for item in found), default=None)


def _parted(refused: Sequence[bool], *sizes: int) -> list[Sequence[bool]]:
    """The first so many, the next so many, and so on."""
    ends = list(accumulate(sizes))
    return [refused[end - size : end] for size, end in zip(sizes, ends, strict=True)]


def _gives(table: StampedTable, ended: Run, revoked: Collection[str]) -> list[Write]:
    """The writes that give back what an ended run didn't use."""
    wg, now = ended.workgroup_id, table.stamp.at
    return [
        packs.restored(table, wg, pack_id, quantity, now=now, to_revoked=pack_id in revoked)
        for pack_id, quantity in ended.given_back().items()
    ]


def _refusing(ended: Run, refused: WriteRefused) -> list[str]:
    """The packs that took nothing back; the run's own write came first."""
    return [pack for pack, no in zip(ended.given_back(), refused.refused[1:], strict=False) if no]


def _errors(table: StampedTable, run: Run) -> Write:
    item = {**keys.run_errors(run.workgroup_id, run.project_id, run.run_id), "errors": list(run.errors or ())}
    return table.put(item, only_if="attribute_not_exists(PK)")


def _met(item: Item | None) -> Run:
    if item is None:
        raise NotFound
    return of_item(item)


def _open(item: Item | None, now: datetime) -> Run:
    """The run a heartbeat met, still open; else the refusal that says how it ended."""
    run = _met(item)
    if run.is_open(now):
        return run
    if run.lease_expires_at is not None and run.standing(now) is RunState.LAPSED:
        raise _lease_ended(run, run.lease_expires_at)
    raise RunAlreadySettled(run=run)


def _lease_ended(run: Run, at: datetime) -> LeaseEnded:
    """That it is over, since when its licenses are free again, and in which packs they are to be looked for."""
    returned = [Returned(pack_id, quantity) for pack_id, quantity in run.allocation.items()]
    return LeaseEnded(returned_at=at, returned_to=returned)


def _item(run: Run) -> Item:
    """A run as its start writes it. Its sizes count: docs/data-model.md."""
    return {
        **keys.run(run.workgroup_id, run.project_id, run.run_id),
        **(keys.due_run(run.run_id, run.lease_expires_at) if run.lease_expires_at else {}),
        "item_id": run.item_id,
        "user": run.user,
        "service": run.service,
        "sku": run.sku,
        "pass": run.run_pass,
        "coverage": run.coverage,
        "licenses": run.licenses,
        "allocation": dict(run.allocation),
        "started_at": run.started_at,
        "started_by": run.started_by,
        "lease_seconds": run.lease_seconds,
        "lease_latest_at": run.lease_latest_at,
        "lease_expires_at": run.lease_expires_at,
        "parent_run_id": run.parent_run_id,
        "root_run_id": run.root_run_id,
        "request_hash": run.request_hash,
        "state": run.state,
    }

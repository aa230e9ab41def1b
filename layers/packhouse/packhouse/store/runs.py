"""Runs as items: started, kept alive and ended by conditional writes; nothing is read before it is decided."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from packhouse.domain import ids, instants
from packhouse.domain.runs import Coverage, Outcome, Pass, Run, RunState, Settlement
from packhouse.errors import LeaseEnded, NotFound, RunAlreadySettled, TryAgain
from packhouse.store import keys, packs, projects
from packhouse.store.table import Item, Key, KeyRange, StampedTable, Table, Write, WriteRefused


class PackRaceLost(Exception):  # noqa: N818  # an outcome that the start answers by asking the stock again
    """Somebody else took the licenses between the look at the stock and the write."""


class PackRevoked(Exception):  # noqa: N818  # an outcome that the settlement answers by giving back otherwise
    """Packs that were revoked while a run held licenses of them."""

    def __init__(self, pack_ids: Iterable[str]) -> None:
        super().__init__()
        self.pack_ids = frozenset(pack_ids)


class NotStarted(Exception):  # noqa: N818  # an outcome that the start explains
    """The project refused, or the runs exist already: what holds must be read to be told."""


def start(table: StampedTable, runs: Sequence[Run]) -> None:
    """Hold the licenses of all the runs, or of none: project, packs and runs in one transaction."""
    first = runs[0]
    wg, project_id, now = first.workgroup_id, first.project_id, first.started_at
    taken: dict[str, int] = {}
    for run in runs:
        for pack_id, quantity in run.allocation.items():
            taken[pack_id] = taken.get(pack_id, 0) + quantity
    project = projects.worked_on(table, wg, project_id, most=max(run.licenses for run in runs), now=now)
    takes = [packs.taken(table, wg, pack_id, quantity, now=now) for pack_id, quantity in taken.items()]
    puts = [table.put(_item(run), only_if="attribute_not_exists(PK)") for run in runs]
    try:
        table.write(project, *takes, *puts)
    except WriteRefused as refused:
        if refused.refused[0] or any(refused.refused[1 + len(takes) :]):
            raise NotStarted from refused
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


def of_project(wg: str, project_id: str) -> KeyRange:
    """The runs of a project, in no order of time; `NotFound` where that can't be a project's id."""
    projects.key(wg, project_id)
    return keys.runs(wg, project_id)


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
            met = _held(refused.met[0], now)
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
        return ended_by(table, refused.met[0], settlement)


def settle(table: StampedTable, run: Run, settlement: Settlement, *, revoked: Collection[str] = ()) -> tuple[Run, bool]:
    """End a run, give back what it didn't use and keep the ids of its errors, in one transaction.

    `revoked` are the packs known to be it; where another has become it since, `PackRevoked` names it.
    """
    wg, now = run.workgroup_id, table.stamp.at
    ended = run.settled(settlement, by=table.stamp.principal, at=now)
    ending = {
        "state": ended.state,
        "outcome": ended.outcome,
        "settled_at": ended.settled_at,
        "settled_by": ended.settled_by,
        "error_count": ended.error_count,
        **({"licenses_used": ended.licenses_used} if ended.licenses_used is not None else {}),
    }
    end = _end(table, key(wg, run.project_id, run.run_id), ending)
    back = ended.given_back()
    gives = [
        packs.restored(table, wg, pack_id, quantity, now=now, to_revoked=pack_id in revoked)
        for pack_id, quantity in back.items()
    ]
    kept = [_errors(table, ended)] if ended.errors else []
    try:
        table.write(end, *gives, *kept)
    except WriteRefused as refused:
        if refused.refused[0]:
            return ended_by(table, refused.met[0], settlement)
        raise PackRevoked(pack for pack, no in zip(back, refused.refused[1:], strict=False) if no) from refused
    return ended, True


def ended_by(table: StampedTable, met: Item | None, settlement: Settlement) -> tuple[Run, bool]:
    """Explain a run that a settlement couldn't end: it has ended just so already, or the settlement is refused."""
    run = _met(met)
    if run.standing(table.stamp.at) in {RunState.HELD, RunState.LAPSED}:
        raise LeaseEnded(returned_at=instants.text(run.lease_expires_at))
    if run.error_count:  # their ids, if any, lie in an item of their own
        kept = table.read(keys.run_errors(run.workgroup_id, run.project_id, run.run_id))
        run = replace(run, errors=tuple(kept["errors"]) if kept else None)
    if not run.settled_as(settlement):
        raise RunAlreadySettled(run=run)
    return run, met is not None and met["request_id"] == table.stamp.request_id


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
        lease_seconds=item["lease_seconds"],
        lease_latest_at=instants.parse(item["lease_latest_at"]),
        request_hash=item["request_hash"],
        state=RunState(item["state"]),
        lease_expires_at=instants.parse(item["lease_expires_at"]),
        outcome=Outcome(item["outcome"]) if "outcome" in item else None,
        licenses_used=item.get("licenses_used"),
        settled_at=instants.parse(item["settled_at"]) if "settled_at" in item else None,
        settled_by=item.get("settled_by"),
        error_count=item.get("error_count", 0),
        errors=tuple(errors["errors"]) if errors else None,
    )


_HELD = "#state = :held AND lease_expires_at > :now"


def _end(table: StampedTable, run: Key, ending: Mapping[str, object], *also: str) -> Write:
    """The write that ends a held run, with these attributes, and takes it off the queue of open holds."""
    sets = ", ".join([*(f"#{name} = :{name}" for name in ending), *also])
    return table.update(
        run,
        f"SET {sets} REMOVE due, due_at",
        only_if=_HELD,
        held=RunState.HELD,
        now=table.stamp.at,
        **ending,
    )


def _errors(table: StampedTable, run: Run) -> Write:
    item = {**keys.run_errors(run.workgroup_id, run.project_id, run.run_id), "errors": list(run.errors or ())}
    return table.put(item, only_if="attribute_not_exists(PK)")


def _met(item: Item | None) -> Run:
    if item is None:
        raise NotFound
    return of_item(item)


def _held(item: Item | None, now: datetime) -> Run:
    """The run a heartbeat met, still held; else the refusal that says how it ended."""
    run = _met(item)
    match run.standing(now):
        case RunState.HELD:
            return run
        case RunState.LAPSED:
            raise LeaseEnded(returned_at=instants.text(run.lease_expires_at))
        case _:
            raise RunAlreadySettled(run=run)


def _item(run: Run) -> Item:
    """A run as its start writes it. Its sizes count: docs/data-model.md."""
    return {
        **keys.run(run.workgroup_id, run.project_id, run.run_id),
        **keys.due_run(run.run_id, run.lease_expires_at),
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
        "request_hash": run.request_hash,
        "state": run.state,
    }

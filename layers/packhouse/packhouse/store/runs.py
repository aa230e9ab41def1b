"""Runs as items: conditional writes start them, keep them alive and end them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from packhouse.domain import ids, instants
from packhouse.domain.entitlements import Entitlement
from packhouse.domain.runs import Coverage, Outcome, Pass, Returned, Run, RunState, Settlement
from packhouse.errors import LeaseEnded, NotFound, RetriesExhausted, RunAlreadySettled, TryAgain
from packhouse.store import entitlements, keys, packs, projects
from packhouse.store.keys import KeyRange
from packhouse.store.patience import Moved, WriteRefused
from packhouse.store.table import ABSENT, Only, StampedTable, Table, Write, plus, same_as
from packhouse.store.wire import Item, Key

PROJECT_PAGES_MAX = 400  # of up to 1 MB: some 400,000 runs
EXTENSIONS_MAX = 2  # to the instant asked for; if the lease may not last that long, again to its latest instant


class GiveBackRefused(Exception):
    """A pack was treated as revoked and refused its licenses again: our picture of it is wrong."""


class Unlicensed(Exception):
    """The run to consume holds no license and hasn't ended."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run


class NotStarted(Exception):
    """The project refused, or the runs exist already. A read must find out which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """Runs that start together, the entitlements that they use first, and how many retries each root gets."""

    runs: Sequence[Run]
    uses: Sequence[Entitlement] = ()
    roots: Mapping[str, int] = field(default_factory=dict)


def start(table: StampedTable, beginning: Beginning, *, licenses_per_item: int, retries_max: int) -> None:
    """Start all the runs, or none: project, packs, entitlements, roots and runs in one transaction.

    `Moved` if another request took the licenses after the look at the stock.
    """
    runs = beginning.runs
    first = runs[0]
    wg, project_id, now = first.workgroup_id, first.project_id, first.started_at
    taken: dict[str, int] = {}
    for run in runs:
        for pack_id, quantity in run.allocation.items():
            taken[pack_id] = taken.get(pack_id, 0) + quantity
    project = projects.worked_on(table, wg, project_id, licenses_per_item=licenses_per_item, now=now)
    takes = [packs.taken(table, wg, pack_id, quantity, now=now) for pack_id, quantity in taken.items()]
    distinct = {(entitlement.user, entitlement.sku): entitlement for entitlement in beginning.uses}
    uses = [entitlements.used(table, entitlement) for entitlement in distinct.values()]
    roots = [_retried(table, key(wg, project_id, root), count, retries_max) for root, count in beginning.roots.items()]
    puts = [table.put(_item(run), only_if=ABSENT) for run in runs]
    try:
        table.write(project, *roots, *puts, *takes, *uses)
    except WriteRefused as refused:
        of_project, of_roots, of_puts = _parted(refused.refused, 1, len(roots), len(puts))
        if any(of_project) or any(of_puts):
            raise NotStarted from refused
        if any(of_roots):
            raise RetriesExhausted(maximum=retries_max) from refused
        raise Moved from refused


def read(table: Table, wg: str, project_id: str, run_id: str) -> Run:
    """The run with the ids of its errors."""
    found, errors = table.read_many([key(wg, project_id, run_id), keys.run_errors(wg, project_id, run_id)])
    if found is None:
        raise NotFound
    return of_item(found, errors=errors)


def read_many(table: Table, wg: str, project_id: str, run_ids: Sequence[str]) -> list[Run | None]:
    items = table.read_many([key(wg, project_id, run_id) for run_id in run_ids])
    return [of_item(item) if item else None for item in items]


def read_with_errors(table: Table, wg: str, project_id: str, run_ids: Sequence[str]) -> list[Run | None]:
    """Runs, each with the ids of its errors."""
    distinct = list(dict.fromkeys(run_ids))
    of_runs = [key(wg, project_id, run_id) for run_id in distinct]
    of_errors = [keys.run_errors(wg, project_id, run_id) for run_id in distinct]
    found = table.read_many_pages([*of_runs, *of_errors])
    pairs = zip(found[: len(distinct)], found[len(distinct) :], strict=True)
    read = dict(zip(distinct, (of_item(run, errors=errors) if run else None for run, errors in pairs), strict=True))
    return [read[run_id] for run_id in run_ids]


def of_project(wg: str, project_id: str) -> KeyRange:
    """The runs of a project, in no order of time. `NotFound` for a text that can't be a project's id."""
    projects.key(wg, project_id)
    return keys.runs(wg, project_id)


def open_of(table: Table, wg: str, project_id: str) -> Iterator[Run]:
    """The runs of a project that are stored as open. By the clock, a lease may be over."""
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
    """Move the lease's end, never backwards and never past its latest instant. The sweep moves the queue entry."""
    now = table.stamp.at
    until = now + timedelta(seconds=lease_seconds)
    for _ in range(EXTENSIONS_MAX):
        extension = table.update(
            key(wg, project_id, run_id),
            sets={"lease_expires_at": until},
            only_if=f"{_HELD} AND lease_expires_at < :until AND lease_latest_at >= :until",
            held=RunState.HELD,
            now=now,
            until=until,
        )
        try:
            return of_item(table.change(extension))
        except WriteRefused as refused:
            met = _require_open(refused.met[0], now)
        if met.lease_expires_at is None or met.lease_latest_at is None:
            return met  # it has no lease, so it stays open
        until = min(until, met.lease_latest_at)
        if met.lease_expires_at >= until:
            return met
    raise TryAgain


def consume(table: StampedTable, wg: str, project_id: str, run_id: str, settlement: Settlement) -> tuple[Run, bool]:
    """End a run that succeeded with all its licenses and without errors: one write, and the pack isn't touched.

    Answers the run, and whether this very request ended it.
    """
    ending = {
        "state": RunState.CONSUMED,
        "outcome": settlement.outcome,
        "settled_at": table.stamp.at,
        "settled_by": table.stamp.principal,
        "error_count": settlement.error_count,
        "licenses_used": same_as("licenses"),
    }
    try:
        return of_item(table.change(_ended(table, key(wg, project_id, run_id), ending))), True
    except WriteRefused as refused:
        met = _require(refused.met[0])
        if met.coverage is not Coverage.LICENSED and met.is_open(table.stamp.at):
            raise Unlicensed(met) from refused
        return _ended_before(table, refused.met[0], settlement)


def settle(table: StampedTable, run: Run, settlement: Settlement) -> tuple[Run, bool]:
    """End a run, give back the licenses it didn't use and keep the ids of its errors, in one transaction.

    Answers the run, and whether this very request ended it.
    """
    ended = run.settled(settlement, by=table.stamp.principal, at=table.stamp.at)
    ending = {
        "state": ended.state,
        "outcome": ended.outcome,
        "settled_at": ended.settled_at,
        "settled_by": ended.settled_by,
        "error_count": ended.error_count,
        "licenses_used": ended.licenses_used,
    }
    standing = _HELD if run.coverage is Coverage.LICENSED else _UNSETTLED
    refused = _write_end(table, ended, ending, only_if=standing)
    return _ended_before(table, refused.met[0], settlement) if refused else (ended, True)


def lapse(table: StampedTable, run: Run) -> None:
    """End a hold whose lease is over and give back its licenses, unless it has ended or its lease goes on."""
    _write_end(table, run.lapsed(), {"state": RunState.LAPSED}, only_if=_OVERDUE)


def _ended_before(table: StampedTable, met: Item | None, settlement: Settlement) -> tuple[Run, bool]:
    """The run that a settlement couldn't end, if it ended in the same way earlier. Otherwise a refusal.

    Also answers whether this very request ended it: then the SDK resent its write.
    """
    run = _require(met)
    if run.lease_expires_at is not None and run.standing(table.stamp.at) in {RunState.HELD, RunState.LAPSED}:
        raise _lease_ended(run, run.lease_expires_at)
    if run.error_count:  # their ids stand in an item of their own
        kept = table.read(keys.run_errors(run.workgroup_id, run.project_id, run.run_id))
        run = replace(run, errors=tuple(kept["errors"]) if kept else None)
    if not run.settled_as(settlement):
        raise RunAlreadySettled(run=run)
    return run, met is not None and table.stamp.is_on(met)


def key(wg: str, project_id: str, run_id: str) -> Key:
    """The run's key, or `NotFound` for a text that can't be a run's id."""
    if not (ids.is_id(ids.Prefix.PROJECT, project_id) and ids.is_id(ids.Prefix.RUN, run_id)):
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
        lease_latest_at=instants.of(item, "lease_latest_at"),
        request_hash=item["request_hash"],
        state=RunState(item["state"]),
        lease_expires_at=instants.of(item, "lease_expires_at"),
        parent_run_id=item.get("parent_run_id"),
        root_run_id=item.get("root_run_id"),
        retries=item.get("retries", 0),
        outcome=Outcome(item["outcome"]) if "outcome" in item else None,
        licenses_used=item.get("licenses_used"),
        settled_at=instants.of(item, "settled_at"),
        settled_by=item.get("settled_by"),
        error_count=item.get("error_count", 0),
        errors=tuple(errors["errors"]) if errors else None,
    )


_HELD = "#state = :held AND lease_expires_at > :now"
_OVERDUE = "#state = :held AND lease_expires_at <= :now"
_UNSETTLED = "attribute_exists(PK) AND attribute_not_exists(settled_at)"


def _ended(table: StampedTable, run: Key, ending: Mapping[str, object], *, only_if: str = _HELD) -> Write:
    """The write that ends an open run, with these attributes, and takes it off the queue of open holds."""
    standing: dict[str, Any] = {} if only_if == _UNSETTLED else {"held": RunState.HELD, "now": table.stamp.at}
    return table.update(run, sets=ending, removes=keys.QUEUED, only_if=only_if, **standing)


def _write_end(table: StampedTable, ended: Run, ending: Mapping[str, object], *, only_if: str) -> WriteRefused | None:
    """Write the end of a run, the licenses that its packs take back, and its errors, in one transaction.

    Answers the refusal of the run's own write, if the run had ended before or isn't there. A pack that refuses has been
    revoked, so the next try gives back its licenses as revoked. A pack that refuses that, too, is `GiveBackRefused`.
    """
    run = key(ended.workgroup_id, ended.project_id, ended.run_id)
    given_back, revoked = ended.given_back(), set[str]()
    for _ in range(len(given_back) + 1):
        gives = [
            packs.restored(table, ended.workgroup_id, pack_id, quantity, to_revoked=pack_id in revoked)
            for pack_id, quantity in given_back.items()
        ]
        kept = [_errors(table, ended)] if ended.errors else []
        try:
            table.write(_ended(table, run, ending, only_if=only_if), *gives, *kept)
        except WriteRefused as refused:
            if refused.refused[0]:
                return refused
            refusing = {pack for pack, no in zip(given_back, refused.refused[1:], strict=False) if no}
            if refusing & revoked:
                raise GiveBackRefused(", ".join(sorted(refusing))) from refused
            revoked |= refusing
        else:
            return None
    raise GiveBackRefused(", ".join(given_back))


def _retried(table: StampedTable, root: Key, count: int, retries_max: int) -> Write:
    """The write that counts retries on their root, up to the number that is allowed."""
    if count > retries_max:
        raise RetriesExhausted(maximum=retries_max)
    return table.update(
        root,
        sets={"retries": plus(count, first=0)},
        only_if="attribute_exists(PK) AND (attribute_not_exists(retries) OR retries <= :room)",
        room=retries_max - count,
    )


def _last_settled_at(table: Table, wg: str, project_id: str, only: Only) -> datetime | None:
    found = table.query_all(keys.runs(wg, project_id), only=only, pages_max=PROJECT_PAGES_MAX)
    return max((instants.parse(item["settled_at"]) for item in found), default=None)


def _parted(refused: Sequence[bool], *sizes: int) -> list[Sequence[bool]]:
    """The list in parts of these sizes. Members after the last part are left out."""
    ends = list(accumulate(sizes))
    return [refused[end - size : end] for size, end in zip(sizes, ends, strict=True)]


def _errors(table: StampedTable, run: Run) -> Write:
    item = {**keys.run_errors(run.workgroup_id, run.project_id, run.run_id), "errors": list(run.errors or ())}
    return table.put(item, only_if=ABSENT)


def _require(item: Item | None) -> Run:
    if item is None:
        raise NotFound
    return of_item(item)


def _require_open(item: Item | None, now: datetime) -> Run:
    """The run that a heartbeat met, if it is open. Otherwise the refusal that says how it ended."""
    run = _require(item)
    if run.is_open(now):
        return run
    if run.lease_expires_at is not None and run.standing(now) is RunState.LAPSED:
        raise _lease_ended(run, run.lease_expires_at)
    raise RunAlreadySettled(run=run)


def _lease_ended(run: Run, at: datetime) -> LeaseEnded:
    """The refusal that says since when the licenses are free again, and in which packs."""
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

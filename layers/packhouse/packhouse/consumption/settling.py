"""Ends of runs: success spends the licenses held, everything else gives them back. Heartbeats extend a lease."""

from collections.abc import Callable, Mapping, Sequence

from packhouse.domain.ids import Prefix, is_id
from packhouse.domain.runs import Run, Settlement
from packhouse.errors import ErrorsNotOfParent, MoreUsedThanHeld, NotFound, Refusal, TryAgain
from packhouse.store import projects, runs
from packhouse.store.table import StampedTable


def settle(table: StampedTable, wg: str, project_id: str, run_id: str, settlement: Settlement) -> tuple[Run, bool]:
    """End a run. Answers the run, and whether this request ended it: False if an equal request did earlier."""
    if settlement.spends_all:
        return _consume(table, wg, project_id, run_id, settlement)
    (run,) = runs.read_many(table, wg, project_id, [run_id])
    return _settle(table, run, settlement)


def settle_each(
    table: StampedTable, wg: str, project_id: str, settlements: Mapping[str, Settlement]
) -> list[tuple[Run, bool] | Refusal]:
    """End each run on its own, in the order given. A run that can't be ended has its refusal in its place."""
    to_read = [
        run_id for run_id, settlement in settlements.items() if not settlement.spends_all and is_id(Prefix.RUN, run_id)
    ]
    read = dict(zip(to_read, runs.read_many(table, wg, project_id, to_read), strict=True))

    def end(run_id: str) -> tuple[Run, bool]:
        if settlements[run_id].spends_all:
            return _consume(table, wg, project_id, run_id, settlements[run_id])
        return _settle(table, read.get(run_id), settlements[run_id])

    return _each(table, wg, project_id, list(settlements), end)


def extend_each(
    table: StampedTable, wg: str, project_id: str, run_ids: Sequence[str], *, lease_seconds: int
) -> list[Run | Refusal]:
    """Move the end of each lease on its own, in the order given."""

    def extend(run_id: str) -> Run:
        return runs.extend(table, wg, project_id, run_id, lease_seconds=lease_seconds)

    return _each(table, wg, project_id, run_ids, extend)


def _each[Done](
    table: StampedTable, wg: str, project_id: str, run_ids: Sequence[str], act: Callable[[str], Done]
) -> list[Done | Refusal]:
    """Each run's answer or refusal. If no run is there, the project is read: an absent project is `NotFound`.

    After the table was too busy once, the runs that follow aren't tried: the function's time is short.
    """
    answers: list[Done | Refusal] = []
    busy: TryAgain | None = None
    for run_id in run_ids:
        if busy is not None:
            answers.append(busy)
            continue
        try:
            answers.append(act(run_id))
        except TryAgain as refusal:
            busy = refusal
            answers.append(refusal)
        except Refusal as refusal:
            answers.append(refusal)
    if all(isinstance(answer, NotFound) for answer in answers):
        projects.read(table, wg, project_id)
    return answers


def _consume(table: StampedTable, wg: str, project_id: str, run_id: str, settlement: Settlement) -> tuple[Run, bool]:
    """End a run that succeeded with all its licenses: one write. A run without licenses is settled instead."""
    try:
        return runs.consume(table, wg, project_id, run_id, settlement)
    except runs.Unlicensed as met:
        return _settle(table, met.run, settlement)


def _settle(table: StampedTable, run: Run | None, settlement: Settlement) -> tuple[Run, bool]:
    """End a run that was read first: its allocation says which packs get licenses back."""
    if run is None:
        raise NotFound
    if run.is_open(table.stamp.at):
        _require_fitting(table, run, settlement)
    return runs.settle(table, run, settlement)


def _require_fitting(table: StampedTable, run: Run, settlement: Settlement) -> None:
    """Refuse more licenses than the run holds, and errors that its parent didn't leave."""
    if (settlement.licenses_used or 0) > run.licenses:
        raise MoreUsedThanHeld(licenses=run.licenses)
    if run.parent_run_id is not None and settlement.errors:
        (parent,) = runs.read_with_errors(table, run.workgroup_id, run.project_id, [run.parent_run_id])
        if not set(settlement.errors) <= set(parent.errors or () if parent else ()):
            raise ErrorsNotOfParent

"""Holds that are due: when a lease is over, the hold lapses and its licenses go back to their own packs."""

from packhouse.domain.runs import RunState
from packhouse.store import queues, runs
from packhouse.store.table import StampedTable
from packhouse.store.wire import Item


def step(table: StampedTable, item: Item) -> None:
    """Lapse a run, or be due again at the end to which heartbeats have moved its lease."""
    run = runs.of_item(item)
    if run.standing(table.stamp.at) is not RunState.HELD:
        runs.lapse(table, run)
    else:
        queues.move(
            table,
            item,
            until=run.lease_expires_at,
            only_if="#state = :held AND lease_expires_at = :lease",
            held=RunState.HELD,
            lease=run.lease_expires_at,
        )

"""Objects of Stripe's that only an operator can decide on, kept in a queue for operators."""

from packhouse.store import keys
from packhouse.store.patience import WriteRefused
from packhouse.store.table import ABSENT, StampedTable


def park(table: StampedTable, queue: str, object_id: str, why: str) -> bool:
    """Keep an object of Stripe's for an operator. True the first time only."""
    item = {**keys.parked(object_id), **keys.queued_parked(queue, table.stamp.at), "why": why, "object_id": object_id}
    try:
        table.write(table.put(item, only_if=ABSENT))
    except WriteRefused as refused:
        (met,) = refused.met
        return met is not None and table.stamp.is_on(met)  # sent again, since the answer was lost
    return True

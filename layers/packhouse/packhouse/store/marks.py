"""The reconciler's mark: how far it has gone through Stripe's events."""

from contextlib import suppress
from datetime import datetime

from packhouse.domain import instants
from packhouse.store import keys
from packhouse.store.patience import WriteRefused
from packhouse.store.table import StampedTable, Table


def read(table: Table) -> tuple[datetime, datetime | None] | None:
    """The mark, and the point that an unfinished round has reached; None before the first round."""
    item = table.read(keys.mark())
    if item is None:
        return None
    return instants.parse(item["gone_through"]), instants.of(item, "begun")


def move(table: StampedTable, until: datetime, *, begun: datetime | None = None) -> None:
    """Move the mark on, never back, and remember the point that an unfinished round has reached."""
    update = table.update(
        keys.mark(),
        sets={"gone_through": until, "begun": begun},
        only_if="attribute_not_exists(PK) OR gone_through <= :until",
        until=until,
    )
    with suppress(WriteRefused):
        table.write(update)

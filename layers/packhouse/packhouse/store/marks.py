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
    return instants.parse(item["gone_through"]), instants.parse(item["begun"]) if "begun" in item else None


def move(table: StampedTable, until: datetime, *, begun: datetime | None = None) -> None:
    """Move the mark on, never back, and remember the point that an unfinished round has reached."""
    step = ", begun = :begun" if begun else " REMOVE begun"
    update = table.update(
        keys.mark(),
        f"SET gone_through = :until{step}",
        only_if="attribute_not_exists(PK) OR gone_through <= :until",
        until=until,
        **({"begun": begun} if begun else {}),
    )
    with suppress(WriteRefused):
        table.write(update)

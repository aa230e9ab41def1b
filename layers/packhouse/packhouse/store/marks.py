"""How far Stripe's events have been gone through."""

from contextlib import suppress
from datetime import datetime

from packhouse.domain import instants
from packhouse.store import keys
from packhouse.store.table import StampedTable, Table, WriteRefused


def read(table: Table) -> datetime | None:
    """The end of the time that was gone through; None before the first."""
    item = table.read(keys.mark())
    return instants.parse(item["gone_through"]) if item else None


def move(table: StampedTable, until: datetime) -> None:
    """Move the mark on, never back."""
    update = table.update(
        keys.mark(),
        "SET gone_through = :until",
        only_if="attribute_not_exists(PK) OR gone_through < :until",
        until=until,
    )
    with suppress(WriteRefused):
        table.write(update)

"""Licenses come to exist: one pack per line of what was acquired."""

from collections.abc import Sequence
from datetime import datetime

from packhouse.domain import packs
from packhouse.domain.licenses import Catalog, Line
from packhouse.domain.packs import Pack, Source
from packhouse.policies import Policies
from packhouse.store import packs as stored
from packhouse.store.table import StampedTable, Write


def packs_of(
    catalog: Catalog, wg: str, lines: Sequence[Line], *, acquisition: str, source: Source, acquired_at: datetime
) -> list[Pack]:
    """A pack per line. `acquisition` names what they came from, so that the same one makes the same packs again."""
    return [
        packs.acquired(
            wg, catalog.of(line.sku), line.quantity, acquisition, str(index), source=source, acquired_at=acquired_at
        )
        for index, line in enumerate(lines)
    ]


def grant(table: StampedTable, granted: Sequence[Pack], policies: Policies) -> list[Write]:
    """The writes that make the packs exist, for the transaction in which whatever pays for them is settled."""
    return [stored.granted(table, pack, reminder_days=policies.pack_reminder_days) for pack in granted]

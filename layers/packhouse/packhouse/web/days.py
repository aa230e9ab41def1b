"""The days that a request asks for: from a first to a last one, both included, in the workgroup's zone."""

from datetime import date, datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from packhouse.domain import instants
from packhouse.store import workgroups
from packhouse.store.table import Table
from packhouse.web.fields import Day

FirstDay = Annotated[Day | None, Query(alias="from", description="The first day, in the workgroup's zone.")]
LastDay = Annotated[Day | None, Query(alias="to", description="The last day, in the workgroup's zone.")]


def between(first: date | None, last: date | None, zone: str) -> tuple[datetime | None, datetime | None]:
    """The instant at which the first day starts, and the instant at which the last day ends; None for a day not given.

    The second instant isn't in the last day any more.
    """
    return (
        instants.day_starts(first, zone) if first else None,
        instants.day_ends(last, zone) if last else None,
    )


def between_of(table: Table, wg: str, first: date | None, last: date | None) -> tuple[datetime | None, datetime | None]:
    """As `between`, in the zone of the workgroup, which is read only if a day is given."""
    if first is None and last is None:
        return None, None
    return between(first, last, workgroups.read(table, wg).time_zone)

"""The auditor: looks at every workgroup, and reports what was wrong at two looks.

While a workgroup is read it goes on changing, so that one look may see half of a change, and the journal a little less
than the table. What is still the same at the next tick, in every word, is no such thing.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aws_lambda_powertools import Logger

from packhouse import invariants
from packhouse.domain.violations import Violation
from packhouse.domain.workgroups import Workgroup
from packhouse.errors import NotFound, TryAgain
from packhouse.store import audits, workgroups
from packhouse.store.table import StampedTable, Table

VIOLATED = "invariant violated"  # the template's alarm waits for log lines that say so
UNAUDITED = "workgroup not audited"  # and for these
DETAIL_MAX = 300

logger = Logger()


@dataclass(frozen=True, slots=True)
class Audited:
    """What a tick came to: workgroups looked at, mismatches seen for the first time, and for the second."""

    workgroups: int
    suspects: int
    findings: int


def tick(table: StampedTable, log: Table, *, now: datetime, seconds: float) -> Audited:
    """Go on with the round where the last tick left it, for so long; then look again at what looked wrong to that.

    A workgroup that was begun is finished. What is found is recorded last: the journal may not tell of it at once, and
    that would look wrong, too, and to a tick that came twice at both its looks.
    """
    progress = audits.read(table)
    suspects: dict[str, list[Violation]] = {}
    looked_at, after, begun = 0, progress.after, time.monotonic()
    for workgroup, place in workgroups.every(table, after=after):
        if found := look(table, log, workgroup, now):
            suspects[workgroup.workgroup_id] = found
        looked_at, after = looked_at + 1, place
        if time.monotonic() - begun > seconds:
            break
    else:
        after = None  # the round is over; the next tick begins another
    findings = sum(_confirm(table, log, wg, suspected, now) for wg, suspected in progress.suspects.items())
    audits.move(table, progress, after=after, suspects=suspects)
    return Audited(looked_at, sum(map(len, suspects.values())), findings)


def look(table: Table, log: Table, workgroup: Workgroup, now: datetime) -> list[Violation]:
    """What doesn't hold in a workgroup, as far as one look can tell."""
    try:
        items, entries = audits.content(table, log, workgroup, now=now)
    except TryAgain:  # or it is larger than can be read; the others are looked at all the same
        logger.warning(UNAUDITED, workgroup_id=workgroup.workgroup_id)
        return []
    return [replace(one, detail=one.detail[:DETAIL_MAX]) for one in invariants.violations(items, entries)]


def _confirm(table: StampedTable, log: Table, wg: str, suspected: Sequence[Violation], now: datetime) -> int:
    """Record what is wrong at the second look too; how much that is."""
    try:
        workgroup = workgroups.read(table, wg)
    except NotFound:
        return 0
    confirmed = [one for one in look(table, log, workgroup, now) if one in suspected]
    for violation in confirmed:
        logger.error(VIOLATED, invariant=violation.invariant, item=violation.item, workgroup_id=wg)
        audits.record(table, wg, violation)
    return len(confirmed)

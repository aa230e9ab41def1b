"""The auditor: looks at every workgroup, and reports what was wrong at two looks.

While a workgroup is read it goes on changing, so that one look may see half of a change, and the journal a little less
than the table. What is still the same at a later tick, in every word, of an item that nobody has changed since, is no
such thing.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from aws_lambda_powertools import Logger

from packhouse.domain.violations import Violation
from packhouse.errors import NotFound, TryAgain
from packhouse.operations import content
from packhouse.operations.invariants import checks
from packhouse.store import audits, keys, rounds
from packhouse.store.table import StampedTable, Table

VIOLATED = "invariant violated"  # the template's alarm waits for log lines that say so
UNAUDITED = "workgroup not audited"  # and for these
SUSPECTED = "looks wrong"
LEFT_OUT = "more looks wrong"
DETAIL_MAX = 300
PAUSE_MIN = timedelta(minutes=30)  # between two looks: a tick may come twice
JOURNAL_LAG_MAX = timedelta(hours=24)  # the stream keeps no record longer

logger = Logger()


@dataclass(frozen=True, slots=True)
class Audited:
    """What a tick came to: workgroups looked at, and of what is new, what looked wrong once, and what did so twice."""

    workgroups: int
    suspects: int
    findings: int


def tick(table: StampedTable, log: Table, *, now: datetime, seconds: float) -> Audited:
    """Look again at what looked wrong, then go on with the round where the last tick left it, for so long.

    A workgroup that was begun is finished. What is found is recorded last: a finding is a change itself.
    """
    begun, progress = time.monotonic(), audits.read(table)
    confirmed = list(_confirmed(table, log, progress, now))
    suspects: dict[str, list[Violation]] = {}
    looked_at, after = 0, progress.after
    for wg, place in rounds.workgroups(table, after=after):
        if found := _new(table, wg, look(table, log, wg, now)):
            suspects[wg] = found
        looked_at, after = looked_at + 1, place
        full = sum(map(len, suspects.values())) > audits.SUSPECTS_MAX - audits.SUSPECTS_OF_ONE_MAX
        if full or time.monotonic() - begun > seconds:
            break
    else:
        after = None  # the round is over; the next tick begins another
    findings = sum(_record(table, wg, violation) for wg, violation in confirmed)
    audits.move(table, progress, after=after, suspects=suspects)
    return Audited(looked_at, sum(map(len, suspects.values())), findings)


def look(table: Table, log: Table, wg: str, now: datetime) -> list[Violation]:
    """What doesn't hold in a workgroup, as far as one look can tell."""
    try:
        items, entries = audits.content(table, log, wg, now=now)
        found = checks.violations(items, entries, late_since=now - JOURNAL_LAG_MAX)
    except NotFound:  # an index tells of it a moment longer
        return []
    except TryAgain:  # or it is larger than can be read; the others are looked at all the same
        logger.warning(UNAUDITED, workgroup_id=wg)
        return []
    except content.UNREADABLE as error:  # where no single item can be named; nor may that end the round
        found = [Violation("readable", wg, f"{type(error).__name__}: {error}")]
    return [replace(one, detail=one.detail[:DETAIL_MAX]) for one in found]


def _confirmed(table: Table, log: Table, progress: audits.Progress, now: datetime) -> Iterator[tuple[str, Violation]]:
    """What is wrong at the second look too, which comes a while after the first."""
    if progress.at is None or now - progress.at < PAUSE_MIN:
        return
    for wg, suspected in progress.suspects.items():
        yield from ((wg, one) for one in look(table, log, wg, now) if one in suspected)


def _new(table: Table, wg: str, found: Iterable[Violation]) -> list[Violation]:
    """What isn't known as a finding, and of that so much as leaves room for other workgroups'."""
    unknown = (one for one in found if not audits.is_recorded(table, wg, one))
    new = list(islice(unknown, audits.SUSPECTS_OF_ONE_MAX))
    for one in new:
        logger.info(SUSPECTED, invariant=one.invariant, item=keys.unnamed(one.item), workgroup_id=wg)
    if any(unknown):
        logger.warning(LEFT_OUT, workgroup_id=wg)
    return new


def _record(table: StampedTable, wg: str, violation: Violation) -> bool:
    """Put a finding, and before that call for somebody; whether it is new.

    A tick that dies in between has the next one call again, instead of nobody.
    """
    if audits.is_recorded(table, wg, violation):
        return False
    logger.error(VIOLATED, invariant=violation.invariant, item=keys.unnamed(violation.item), workgroup_id=wg)
    audits.record(table, wg, violation)
    return True

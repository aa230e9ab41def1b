"""The auditor: checks the invariants of every workgroup, and reports each violation that two checks saw.

A workgroup may change while it is read, and the journal lags behind the table. So the first check may see half of a
change, and a violation that it finds is only a suspect. A later tick confirms a suspect if it finds the same
violation again, in the same words, of an item that nobody has changed since.
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

VIOLATED = "invariant violated"  # the template's alarm waits for this log line
UNAUDITED = "workgroup not audited"  # and for this one
SUSPECTED = "looks wrong"
LEFT_OUT = "more looks wrong"
DETAIL_MAX = 300
PAUSE_MIN = timedelta(minutes=30)  # between two checks: a tick may come twice
JOURNAL_LAG_MAX = timedelta(hours=24)  # the stream keeps a record for no longer

logger = Logger()


@dataclass(frozen=True, slots=True)
class Audited:
    """What one tick did: workgroups checked, new suspects (seen once), and new findings (seen twice)."""

    workgroups: int
    suspects: int
    findings: int


def tick(table: StampedTable, log: Table, *, now: datetime, seconds: float) -> Audited:
    """Check the suspects again, then go on with the round for so many seconds, starting where the last tick stopped.

    A workgroup that was begun is finished. Findings are recorded last, because each is itself a change of a workgroup.
    """
    begun, progress = time.monotonic(), audits.read(table)
    confirmed = list(_confirmed(table, log, progress, now))
    suspects: dict[str, list[Violation]] = {}
    checked, after = 0, progress.after
    for wg, place in rounds.workgroups(table, after=after):
        if found := _new_suspects(table, wg, _check(table, log, wg, now)):
            suspects[wg] = found
        checked, after = checked + 1, place
        full = sum(map(len, suspects.values())) > audits.SUSPECTS_MAX - audits.SUSPECTS_PER_WORKGROUP_MAX
        if full or time.monotonic() - begun > seconds:
            break
    else:
        after = None  # the round is over; the next tick begins a new one
    findings = sum(_record(table, wg, violation) for wg, violation in confirmed)
    audits.move(table, progress, after=after, suspects=suspects)
    return Audited(checked, sum(map(len, suspects.values())), findings)


def _check(table: Table, log: Table, wg: str, now: datetime) -> list[Violation]:
    """The violations in a workgroup, as far as one check can see."""
    try:
        items, entries = audits.content(table, log, wg, now=now)
        found = checks.violations(items, entries, late_since=now - JOURNAL_LAG_MAX)
    except NotFound:  # the index still lists a workgroup that is gone
        return []
    except TryAgain:  # it may be too large to be read; the other workgroups are still checked
        logger.warning(UNAUDITED, workgroup_id=wg)
        return []
    except content.UNREADABLE as error:  # no single item can be blamed; the round must go on
        found = [Violation("readable", wg, f"{type(error).__name__}: {error}")]
    return [replace(violation, detail=violation.detail[:DETAIL_MAX]) for violation in found]


def _confirmed(table: Table, log: Table, progress: audits.Progress, now: datetime) -> Iterator[tuple[str, Violation]]:
    """The suspects that a second check finds again, at least `PAUSE_MIN` after the first."""
    if progress.at is None or now - progress.at < PAUSE_MIN:
        return
    for wg, suspects in progress.suspects.items():
        yield from ((wg, violation) for violation in _check(table, log, wg, now) if violation in suspects)


def _new_suspects(table: Table, wg: str, found: Iterable[Violation]) -> list[Violation]:
    """The violations that aren't recorded as findings yet, so few that other workgroups' suspects have room too."""
    unrecorded = (violation for violation in found if not audits.is_recorded(table, wg, violation))
    suspects = list(islice(unrecorded, audits.SUSPECTS_PER_WORKGROUP_MAX))
    for suspect in suspects:
        logger.info(SUSPECTED, invariant=suspect.invariant, item=keys.loggable(suspect.item), workgroup_id=wg)
    if any(unrecorded):
        logger.warning(LEFT_OUT, workgroup_id=wg)
    return suspects


def _record(table: StampedTable, wg: str, violation: Violation) -> bool:
    """Log a violation, so that the alarm calls, then record it as a finding. False if it was recorded before.

    If a tick dies between the two, the next one logs it again: the alarm may call twice, but it always calls.
    """
    if audits.is_recorded(table, wg, violation):
        return False
    logger.error(VIOLATED, invariant=violation.invariant, item=keys.loggable(violation.item), workgroup_id=wg)
    audits.record(table, wg, violation)
    return True

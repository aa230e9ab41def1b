"""The roll-up of usage: counts each closed day of each workgroup from the journal.

A day is counted twice: first an hour after its end, when the journal has caught up, and finally when no entry of that
day can arrive any more. Counting is idempotent. So a tick may be repeated, die anywhere, come late, or run beside
another tick.
"""

import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from aws_lambda_powertools import Logger

from packhouse.domain import instants
from packhouse.domain.usage import ENDS, STARTS, Count, Part, of_end, of_start, part_from
from packhouse.domain.workgroups import Workgroup
from packhouse.errors import NotFound, TryAgain
from packhouse.store import journal, rounds, usage, workgroups
from packhouse.store.journal import LogTooLong, Selection
from packhouse.store.table import Log, Table

CAUGHT_UP_AFTER = timedelta(hours=1)  # the most that the journal may lag; an alarm calls after ten minutes
FINAL_AFTER = timedelta(days=2)  # the stream keeps a change for one day, so no entry arrives later
PARTS_PER_TICK_MAX = 400  # of one workgroup: more than the days of a year
ENTRIES_PER_PART_MAX = 20_000  # kept in memory; a day with more entries is counted in several parts
PAGES_MAX = 500  # of 1 MB, for one part

logger = Logger()


@dataclass(frozen=True, slots=True)
class RolledUp:
    """What one tick did: workgroups visited, parts of the log counted, workgroups that failed and must wait."""

    workgroups: int = 0
    parts: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """The tables, the time and the limits of one tick."""

    table: Table
    log: Log
    now: datetime
    ends: float  # by time.monotonic()
    entries_max: int

    @property
    def over(self) -> bool:
        return time.monotonic() > self.ends


def tick(table: Table, log: Log, *, now: datetime, seconds: float, entries_max: int = ENTRIES_PER_PART_MAX) -> RolledUp:
    """Count the usage of workgroups for so many seconds, starting where the last tick stopped.

    A part that was begun is finished. The next tick starts after the last workgroup that this tick began, even if this
    tick dies there.
    """
    this = Tick(table=table, log=log, now=now, ends=time.monotonic() + seconds, entries_max=entries_max)
    progress = usage.progress(log)
    after, done = progress.after, RolledUp()
    try:
        for start in [progress.after, None] if progress.after else [None]:
            for wg, place in rounds.workgroups(table, after=start):
                after = place
                done = _roll_up(this, wg, done)
                if this.over:
                    return done
        after = None
        return done
    finally:
        usage.move(log, progress, after=after)


def _roll_up(this: Tick, wg: str, done: RolledUp) -> RolledUp:
    """Count a workgroup's usage, and add that to what the tick has done."""
    try:
        parts = _count_due_parts(this, workgroups.read(this.table, wg))
    except (NotFound, TryAgain, LogTooLong):  # the tick goes on with the other workgroups
        logger.warning("usage not rolled up", workgroup_id=wg)
        return replace(done, workgroups=done.workgroups + 1, failed=done.failed + 1)
    return replace(done, workgroups=done.workgroups + 1, parts=done.parts + parts)


def _count_due_parts(this: Tick, workgroup: Workgroup) -> int:
    """Count the parts of a workgroup's log that are due, oldest first, while there is time. Returns their number."""
    wg, counted = workgroup.workgroup_id, 0
    known = usage.recent_parts(this.log, wg)
    for part in known:
        if part.entries is None or (not part.final and _final(this, part)):
            _write(this, wg, _count(this, wg, part))
            counted += 1
            if this.over:
                return counted
    ends = known[-1].last if known else workgroup.created_at
    while counted < PARTS_PER_TICK_MAX:
        part = part_from(ends, workgroup.time_zone)
        if part.last + CAUGHT_UP_AFTER > this.now:
            break
        count = _count(this, wg, part, entries_max=this.entries_max)
        if not usage.claim(this.log, wg, count.part if count.entries else _finished(this, count)):
            break  # another tick was first, maybe with another zone: its part is valid, and the next tick goes on
        if count.entries:
            _write(this, wg, count)
        ends, counted = count.part.last, counted + 1
        if this.over:
            break
    return counted


def _count(this: Tick, wg: str, part: Part, *, entries_max: int | None = None) -> Count:
    """Count a part. A part of `entries_max` entries or more is cut before the instant of the last entry read."""
    selection = Selection(first=part.first, last=part.last, kinds=(*STARTS, *ENDS))
    entries = list(islice(journal.oldest_first(this.log, wg, selection, pages_max=PAGES_MAX), entries_max))
    if entries_max is not None and len(entries) == entries_max:
        cut = entries[-1].at
        entries = [entry for entry in entries if entry.at < cut]
        part = replace(part, last=instants.parse(cut))
        if not entries:
            raise LogTooLong
    count = Count(part)
    ends = [entry for entry in entries if entry.kind in ENDS]
    items = usage.run_items(this.table, wg, [(entry.project_id or "", entry.item) for entry in ends])
    for entry in entries:
        if entry.kind in STARTS:
            if (start := of_start(entry)) is not None:
                count.add(entry, *start)
        elif (item := items.get(entry.item)) is not None:
            count.add(entry, item.get("sku") or "", of_end(entry, item["licenses"]))
        else:  # somebody erased it outside Packhouse; the auditor finds that too
            logger.warning("the run of an entry is gone", workgroup_id=wg, item=entry.item)
    return count


def _write(this: Tick, wg: str, count: Count) -> None:
    """Write the rows, then record that they are written."""
    for row in count.rows():
        usage.write_row(this.log, wg, row)
    usage.finish(this.log, wg, _finished(this, count))


def _finished(this: Tick, count: Count) -> Part:
    """The part as it is once its rows are written."""
    return replace(count.part, entries=count.entries, final=_final(this, count.part))


def _final(this: Tick, part: Part) -> bool:
    return part.last + FINAL_AFTER <= this.now

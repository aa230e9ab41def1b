"""The roll-up of usage: each closed day of each workgroup is counted from the journal, whole.

A day is counted a while after its end, when the journal has come up to it, and once more, for good, when nothing that
belongs to it can come any more. What is counted again comes to the same, so a tick may be repeated, die anywhere, come
late or beside another.
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
from packhouse.store.journal import LogTooLong, Wanted
from packhouse.store.table import Log, Table

CAUGHT_UP_AFTER = timedelta(hours=1)  # how much the journal may lag at a day's end: an alarm comes after ten minutes
FINAL_AFTER = timedelta(days=2)  # the stream keeps a change for one: what isn't in the journal by then never will be
PARTS_PER_TICK_MAX = 400  # of one workgroup: more than a year's days
ENTRIES_PER_PART_MAX = 20_000  # what is kept in memory; a day of more is counted in several parts
PAGES_MAX = 500  # of 1 MB, for one part

logger = Logger()


@dataclass(frozen=True, slots=True)
class RolledUp:
    """What a tick came to: workgroups looked at, parts of the log counted, workgroups that must wait."""

    workgroups: int = 0
    parts: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What a tick works with, and how long and in what portions."""

    table: Table
    log: Log
    now: datetime
    ends: float  # by time.monotonic()
    entries_max: int

    @property
    def over(self) -> bool:
        return time.monotonic() > self.ends


def tick(table: Table, log: Log, *, now: datetime, seconds: float, entries_max: int = ENTRIES_PER_PART_MAX) -> RolledUp:
    """Go through the workgroups from where the last tick stopped, for so long; a part that was begun is finished.

    The next tick goes on behind the last workgroup that this one began, even if it breaks there.
    """
    this = Tick(table=table, log=log, now=now, ends=time.monotonic() + seconds, entries_max=entries_max)
    met = usage.progress(log)
    after, done = met.after, RolledUp()
    try:
        for start in [met.after, None] if met.after else [None]:
            for wg, place in rounds.workgroups(table, after=start):
                after = place
                done = _with(done, this, wg)
                if this.over:
                    return done
        after = None
        return done
    finally:
        usage.move(log, met, after=after)


def _with(done: RolledUp, this: Tick, wg: str) -> RolledUp:
    try:
        parts = _roll_up(this, workgroups.read(this.table, wg))
    except (NotFound, TryAgain, LogTooLong):  # the others go on
        logger.warning("usage not rolled up", workgroup_id=wg)
        return replace(done, workgroups=done.workgroups + 1, failed=done.failed + 1)
    return replace(done, workgroups=done.workgroups + 1, parts=done.parts + parts)


def _roll_up(this: Tick, workgroup: Workgroup) -> int:
    """Count what is due of a workgroup's log, oldest first, until it is done or time is over; how many parts."""
    wg, counted = workgroup.workgroup_id, 0
    known = usage.recent(this.log, wg)
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
        count = _count(this, wg, part, most=this.entries_max)
        if not usage.claim(this.log, wg, count.part if count.entries else _finished(this, count)):
            break  # another tick was here first, with another zone maybe: its part stands, and the next tick goes on
        if count.entries:
            _write(this, wg, count)
        ends, counted = count.part.last, counted + 1
        if this.over:
            break
    return counted


def _count(this: Tick, wg: str, part: Part, *, most: int | None = None) -> Count:
    """Count a part, or as much of it, to a whole instant, as has less than so many entries."""
    wanted = Wanted(first=part.first, last=part.last, kinds=(*STARTS, *ENDS))
    entries = list(islice(journal.oldest_first(this.log, wg, wanted, pages_max=PAGES_MAX), most))
    if most is not None and len(entries) == most:
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
        else:  # erased by other hands; the auditor says so, too
            logger.warning("the run of an entry is gone", workgroup_id=wg, item=entry.item)
    return count


def _write(this: Tick, wg: str, count: Count) -> None:
    """The rows, and then that they are there."""
    for row in count.rows():
        usage.keep(this.log, wg, row)
    usage.finish(this.log, wg, _finished(this, count))


def _finished(this: Tick, count: Count) -> Part:
    """The part, once its rows are written."""
    return replace(count.part, entries=count.entries, final=_final(this, count.part))


def _final(this: Tick, part: Part) -> bool:
    return part.last + FINAL_AFTER <= this.now

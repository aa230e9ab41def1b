"""The sweep: what is due is worked off, queue after queue, so much of it in a tick; the rest stays due for the next.

Each item is read again and judged anew, and what its step writes is conditional on what was read: two ticks at once,
or a tick and a request, have one winner. An item whose step fails waits longer each time, then it is parked: it keeps
no other waiting, and an alarm calls somebody who looks at it.
"""

import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

from aws_lambda_powertools import Logger

from packhouse.domain import instants
from packhouse.domain.access import Stamp
from packhouse.errors import TryAgain
from packhouse.policies import Policies
from packhouse.store import keys, queues
from packhouse.store.table import BATCH_READ_MAX, StampedTable, Table
from packhouse.store.wire import Item
from packhouse.sweep import packs as sweep_packs
from packhouse.sweep import projects as sweep_projects
from packhouse.sweep import runs as sweep_runs

type Step = Callable[[StampedTable, Policies, Item], None]
"""What is done with one due item, at the stamp's instant: afterwards it is due later, or not at all."""

STEPS: Mapping[str, Step] = {
    "RUN": sweep_runs.step,
    "PACK": sweep_packs.step,
    "PROJECT": sweep_projects.step,
}
"""The queues, in the order in which they are worked."""

PRINCIPAL = "packhouse:sweep"
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
TRIES_MAX = len(PAUSES) + 1
BUSY_PAUSE = timedelta(minutes=1)
BUSY_MAX = 5  # in a row; then the table is left alone until the next tick
SWEPT = "swept"  # the template's alarm for a backlog reads these log lines
PARKED = "item parked"  # and another one waits for these

logger = Logger()


class Outcome(StrEnum):
    """What became of a due item."""

    DONE = "done"
    POSTPONED = "postponed"
    PARKED = "parked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a tick came to in one queue; `late_seconds`: for how long the longest due of what it left has been due.

    What a busy table kept it from doing is left, too.
    """

    done: int = 0
    postponed: int = 0
    parked: int = 0
    late_seconds: int = 0


def tick(
    table: Table, policies: Policies, *, clock: Callable[[], datetime], seconds: float, items_max: int
) -> dict[str, Swept]:
    """Work off what is due now, for so long and so many items. What was begun is finished."""
    begun = clock()
    name = f"sweep-{begun:%Y%m%dT%H%M%S}-{uuid4().hex[:8]}"
    sweep = _Sweep(table, policies, clock, begun, name, ends=time.monotonic() + seconds, left=items_max)
    return {queue: sweep.work(queue, step) for queue, step in STEPS.items()}


@dataclass(slots=True)
class _Sweep:
    """One tick, with what is left of its bounds."""

    table: Table
    policies: Policies
    clock: Callable[[], datetime]
    begun: datetime
    name: str
    ends: float  # by time.monotonic()
    left: int
    busy: int = 0
    late: timedelta = timedelta()  # of the queue that is worked
    _parts: Iterator[int] = field(default_factory=lambda: iter(range(1, 1_000_000)))

    def is_over(self) -> bool:
        return self.left <= 0 or self.busy >= BUSY_MAX or time.monotonic() > self.ends

    def work(self, queue: str, step: Step) -> Swept:
        """Work off a queue, as far as the tick comes."""
        came_to: Counter[str] = Counter()
        self.late = timedelta()
        for partition in keys.queue_parts(queue):
            for item in self._due(partition):
                came_to[self._worked(queue, step, item)] += 1
            if self.is_over() and (since := queues.due_since(self.table, partition, self.begun)):
                self.late = max(self.late, self.begun - since)
        swept = Swept(**came_to, late_seconds=int(self.late.total_seconds()))
        logger.info(SWEPT, queue=queue, **{name: getattr(swept, name) for name in Swept.__slots__})
        return swept

    def _due(self, partition: str) -> Iterator[Item]:
        """What is due in a part of a queue, page after page, until the tick is over."""
        after: Item | None = None
        while not self.is_over():
            limit = min(self.left, BATCH_READ_MAX)
            page = queues.due(self.table, partition, self.begun, limit=limit, after=after)
            for item in page.items:
                if self.is_over():
                    return
                self.left -= 1
                yield item
            after = page.after
            if after is None:
                return

    def _worked(self, queue: str, step: Step, item: Item) -> Outcome:
        """Do an item's step. Where the table is too busy for it, that is no fault of the item's."""
        place = queues.place(item)
        try:
            step(self._stamped(), self.policies, item)
        except TryAgain:
            self.busy += 1
            self.late = max(self.late, self.begun - instants.parse(place.since))
            logger.warning("table busy", **_told(queue, item))
            return self._postponed(item, BUSY_PAUSE, tries=place.tries)
        except Exception as error:  # noqa: BLE001  # whatever is wrong with one item, the others must go on
            return self._failed(queue, item, error, tries=place.tries + 1)
        self.busy = 0
        return Outcome.DONE

    def _failed(self, queue: str, item: Item, error: Exception, *, tries: int) -> Outcome:
        """Let an item that failed wait, or park it. The log gets the frames, and not the message, which may quote."""
        parked = tries >= TRIES_MAX
        frames, told = traceback.format_tb(error.__traceback__), _told(queue, item)
        logger.error(
            PARKED if parked else "item failed", error=type(error).__name__, frames=frames, tries=tries, **told
        )
        if not parked:
            return self._postponed(item, PAUSES[tries - 1], tries=tries)
        with suppress(TryAgain):  # then it stays due
            queues.park(self._stamped(), item, queue, tries=tries)
        return Outcome.PARKED

    def _postponed(self, item: Item, pause: timedelta, *, tries: int) -> Outcome:
        table = self._stamped()
        with suppress(TryAgain):  # then it stays due
            queues.postpone(table, item, until=table.stamp.at + pause, tries=tries)
        return Outcome.POSTPONED

    def _stamped(self) -> StampedTable:
        """The table in the sweep's name, with a stamp of its own for each step: several may change one pack."""
        stamp = Stamp(principal=PRINCIPAL, request_id=self.name, changed_at=self.clock())
        return self.table.stamped(stamp.part(next(self._parts)))


def _told(queue: str, item: Item) -> dict[str, Any]:
    """An item as the log names it."""
    return {"queue": queue, "kind": keys.kind(item), "item": keys.loggable(keys.subject(item))}

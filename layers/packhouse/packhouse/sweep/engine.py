"""The queue engine: a tick does the due items of the queues that it is given. Items it can't reach stay due.

The engine knows no queue. A function gives it each queue with its step, and says for how long and how many items.
Each item is read again, and its step writes only if the item is still as it was read: of two ticks at once, or of a
tick and a request, one wins. An item whose step fails waits longer each time and is then parked. So it never holds up
the others, and an alarm calls an operator.
"""

import itertools
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
from packhouse.store import keys, queues
from packhouse.store.table import BATCH_READ_MAX, StampedTable, Table
from packhouse.store.wire import Item

type Step = Callable[[StampedTable, Item], None]
"""Does the work of one due item, at the instant of the table's stamp. Afterwards the item is due later or never.

The table is stamped for this item alone. The function that gives the step binds its other collaborators. A step
raises `TryAgain` when the table or a service is too busy. Any other error is a failure of the item.
"""

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
TRIES_MAX = len(PAUSES) + 1
BUSY_PAUSE = timedelta(minutes=1)
BUSY_MAX = 5  # in a row; then the tick ends
SWEPT = "swept"  # the template's alarms for a backlog read these log lines
PARKED = "item parked"  # another alarm waits for these
BUSY = "busy"

logger = Logger()


class Result(StrEnum):
    """The result of one due item."""

    DONE = "done"
    POSTPONED = "postponed"
    PARKED = "parked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one tick did in one queue. `late_seconds` is how overdue the oldest item is that it left undone.

    An item that was postponed because something was busy was left undone, too.
    """

    done: int = 0
    postponed: int = 0
    parked: int = 0
    late_seconds: int = 0


def tick(
    table: Table,
    steps: Mapping[str, Step],
    *,
    principal: str,
    clock: Callable[[], datetime],
    seconds: float,
    items_max: int,
) -> dict[str, Swept]:
    """Do what is due now in each queue of `steps`, in their order, in the name of `principal`.

    No item is begun after `seconds` or beyond `items_max`. An item that was begun is finished.
    """
    this = _Tick(table, principal, clock, clock(), ends=time.monotonic() + seconds, left=items_max)
    return {queue: this.work(queue, step) for queue, step in steps.items()}


@dataclass(slots=True)
class _Tick:
    """One tick, and how much of its bounds is left."""

    table: Table
    principal: str
    clock: Callable[[], datetime]
    begun: datetime
    ends: float  # by time.monotonic()
    left: int
    busy: int = 0
    late: timedelta = timedelta()  # in the queue that is worked now
    _name: str = field(init=False)
    _parts: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        job = self.principal.rpartition(":")[2]
        self._name = f"{job}-{self.begun:%Y%m%dT%H%M%S}-{uuid4().hex[:8]}"

    def is_over(self) -> bool:
        return self.left <= 0 or self.busy >= BUSY_MAX or time.monotonic() > self.ends

    def work(self, queue: str, step: Step) -> Swept:
        """Do what is due in a queue, until the tick is over."""
        outcomes: Counter[str] = Counter()
        self.late = timedelta()
        for partition in keys.queue_parts(queue):
            for item in self._due(partition):
                outcomes[self._worked(queue, step, item)] += 1
            if self.is_over() and (since := queues.due_since(self.table, partition, self.begun)):
                self.late = max(self.late, self.begun - since)
        swept = Swept(**outcomes, late_seconds=int(self.late.total_seconds()))
        logger.info(SWEPT, queue=queue, **{name: getattr(swept, name) for name in Swept.__slots__})
        return swept

    def _due(self, partition: str) -> Iterator[Item]:
        """The due items of a part of a queue, page after page, until the tick is over."""
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

    def _worked(self, queue: str, step: Step, item: Item) -> Result:
        """Do an item's step. If something is too busy for it, that isn't the item's fault."""
        tries = queues.tries_of(item)
        try:
            step(self._stamped(), item)
        except TryAgain:
            self.busy += 1
            self.late = max(self.late, self.begun - instants.parse(tries.since))
            logger.warning(BUSY, **_named(queue, item))
            return self._postponed(item, BUSY_PAUSE, tries=tries.count)
        except Exception as error:  # noqa: BLE001  # one item never stops the others
            return self._failed(queue, item, error, tries=tries.count + 1)
        self.busy = 0
        return Result.DONE

    def _failed(self, queue: str, item: Item, error: Exception, *, tries: int) -> Result:
        """Let an item that failed wait, or park it. The log has the frames, not the message: it may quote secrets."""
        parked = tries >= TRIES_MAX
        frames, named = traceback.format_tb(error.__traceback__), _named(queue, item)
        logger.error(
            PARKED if parked else "item failed", error=type(error).__name__, frames=frames, tries=tries, **named
        )
        if not parked:
            return self._postponed(item, PAUSES[tries - 1], tries=tries)
        with suppress(TryAgain):  # then it stays due
            queues.park(self._stamped(), item, queue, tries=tries)
        return Result.PARKED

    def _postponed(self, item: Item, pause: timedelta, *, tries: int) -> Result:
        table = self._stamped()
        with suppress(TryAgain):  # then it stays due
            queues.postpone(table, item, until=table.stamp.at + pause, tries=tries)
        return Result.POSTPONED

    def _stamped(self) -> StampedTable:
        """The table with a stamp of its own for each step, since several steps may change one pack."""
        stamp = Stamp(principal=self.principal, request_id=self._name, changed_at=self.clock())
        return self.table.stamped(stamp.part(next(self._parts)))


def _named(queue: str, item: Item) -> dict[str, Any]:
    """An item's name in the log."""
    return {"queue": queue, "kind": keys.entity(item), "item": keys.loggable(keys.subject(item))}

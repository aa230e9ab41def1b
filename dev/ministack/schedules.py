"""Runs the schedules by the stack's clock: one at a time, each at most once per move of the clock."""

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dev.clock import Clock
from dev.config import StartError
from dev.refusals import JobFailed, NoSuchJob

_RATE = re.compile(r"rate\(([1-9][0-9]*) (minute|hour|day)s?\)", re.ASCII)
# The longest sleep of the thread that ticks. It notices the end of the stack after that.
_NAP_SECONDS_MAX = 0.5

type Target = str
type Invoke = Callable[[Target, str], object]
"""Invoke a function with an event, and return its result. Raises JobFailed if the function raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    name: str
    every: timedelta
    target: Target
    event: str


def every(expression: str, *, of: str) -> timedelta:
    """The period of a schedule expression of the template."""
    matched = _RATE.fullmatch(expression)
    if matched is None:
        raise StartError(f"The schedule {of} says {expression}; the local stack knows only rate(n minutes|hours|days).")
    return (
        int(matched[1])
        * {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}[matched[2]]
    )


@dataclass
class Ticker:
    """Runs the jobs that are due. One lock guards them all, so no two jobs run at the same time."""

    schedules: Iterable[Schedule]
    clock: Clock
    invoke: Invoke
    say: Callable[[str], None]
    _due: dict[Schedule, datetime] = field(default_factory=dict, init=False)
    one_at_a_time: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self.schedules = tuple(self.schedules)
        now = self.clock.now()
        self._due = {schedule: now + schedule.every for schedule in self.schedules}

    def run(self, name: str) -> object:
        """Run one job now, whether it is due or not."""
        schedule = next((each for each in self.schedules if each.name == name), None)
        if schedule is None:
            raise NoSuchJob(f"There is no job {name}.")
        with self.one_at_a_time:
            return self.invoke(schedule.target, schedule.event)

    def tick(self) -> None:
        """Run each job that is due once, the longest overdue first. If one fails, say so and go on with the others."""
        with self.one_at_a_time:
            now = self.clock.now()
            for schedule in sorted(self.schedules, key=lambda each: self._due[each]):
                if self._due[schedule] > now:
                    continue
                self._due[schedule] = now + schedule.every
                try:
                    self.invoke(schedule.target, schedule.event)
                except JobFailed as failed:
                    self.say(f"{schedule.name} failed: {failed}")

    def tick_until(self, end: threading.Event) -> None:
        """Keep ticking as time goes by."""
        while not end.wait(self._nap_seconds()):
            self.tick()

    def _nap_seconds(self) -> float:
        if not self._due:
            return _NAP_SECONDS_MAX
        until = (min(self._due.values()) - self.clock.now()).total_seconds()
        return min(max(until, 0.0), _NAP_SECONDS_MAX)

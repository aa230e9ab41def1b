"""Compares times. The things that are compared take turns, so that noise affects them equally."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

WARM_UP_ROUNDS = 1

type Act = Callable[[], float]
"""Does something, and returns how many seconds it took."""
type Series = Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as long: the median of the rounds' ratios, and the bounds of their middle half."""

    median: float
    lower: float
    upper: float


def own_cpu(act: Callable[[], object]) -> Act:
    """The act, timed by the CPU seconds of this process, in user and kernel mode."""

    def timed() -> float:
        begun = time.process_time()
        act()
        return time.process_time() - begun

    return timed


def interleaved(acts: Mapping[str, Act], *, rounds: int) -> Series:
    """The seconds of each act in each round. Each round starts with another act. The first round doesn't count."""
    names = list(acts)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(WARM_UP_ROUNDS + rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            took = acts[name]()
            if number >= WARM_UP_ROUNDS:
                seconds[name].append(took)
    return seconds


def ratio(measured: Sequence[float], against: Sequence[float]) -> Ratio:
    each = [one / other for one, other in zip(measured, against, strict=True)]
    lower, median, upper = statistics.quantiles(each, n=4, method="inclusive")
    return Ratio(median, lower, upper)


def milliseconds(seconds: Sequence[float], *, per: int = 1) -> float:
    """The median of the rounds, in milliseconds. Each round did `per` things; this is the time of one."""
    return statistics.median(seconds) * 1000 / per

"""Whether what many callers were answered at once could have been answered one after another.

The search of Wing and Gong, with Lowe's memory: an operation may come next if none that is left had been answered
before it was called, and if the sequential model gives it, then, the answer it was given. Where nobody knows the
answer, the operation may have happened at any time after its call, in every way the model allows, or not at all.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

CONFIGURATIONS_MAX = 2_000_000


class _Unknown:
    """The answer of an operation whose caller never got one."""

    def __repr__(self) -> str:
        return "?"


UNKNOWN: Final = _Unknown()


@dataclass(frozen=True, slots=True)
class Call:
    """An operation as its caller saw it: when it was called, when it was answered, and what."""

    called: float
    answered: float
    operation: Hashable
    answer: Hashable

    @property
    def known(self) -> bool:
        return self.answer is not UNKNOWN

    @property
    def until(self) -> float:
        """The latest time at which it can have happened."""
        return self.answered if self.known else inf


class UndecidedError(Exception):
    """The history has too many orders to look at them all: make it shorter."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether there is an order that explains every answer; if not, the longest beginning of one that there is."""

    linearizable: bool
    longest: tuple[Call, ...]
    configurations: int


def check[State: Hashable](
    history: Sequence[Call],
    initial: State,
    step: Callable[[State, Hashable, Hashable], Iterable[State]],
    *,
    tells_only: Callable[[Hashable], bool] = lambda _: False,
    configurations_max: int = CONFIGURATIONS_MAX,
) -> Verdict:
    """`step` gives the states an operation may lead to with this answer: none, if it can't be answered so then.

    `tells_only` knows the answers of which none ever comes with a change. Such a call needs no other place than the
    first that it can have, for whatever comes after it finds the same state there.
    """
    calls = sorted(history, key=lambda call: call.called)
    to_explain = sum(1 << number for number, call in enumerate(calls) if call.known)
    seen: set[tuple[int, State]] = set()
    longest: tuple[int, ...] = ()
    waiting: list[tuple[int, State, tuple[int, ...]]] = [(0, initial, ())]
    while waiting:
        done, state, order = waiting.pop()
        if (done, state) in seen:
            continue
        seen.add((done, state))
        if len(seen) > configurations_max:
            raise UndecidedError
        longest = max(longest, order, key=len)
        if done & to_explain == to_explain:
            return Verdict(True, tuple(calls[number] for number in order), len(seen))  # noqa: FBT003  # the field's name
        following: list[tuple[int, State, tuple[int, ...]]] = []
        for number in _next(calls, done):
            call = calls[number]
            after = [(done | 1 << number, one, (*order, number)) for one in step(state, call.operation, call.answer)]
            if after and call.known and tells_only(call.answer):
                following = after
                break
            following += after
        waiting += following
    return Verdict(False, tuple(calls[number] for number in longest), len(seen))  # noqa: FBT003  # as above


def _next(calls: Sequence[Call], done: int) -> list[int]:
    """The calls, soonest last, that may have happened before all others that are left."""
    left = [number for number in range(len(calls)) if not done >> number & 1]
    first_answer = min(calls[number].until for number in left)
    return [number for number in reversed(left) if calls[number].called <= first_answer]

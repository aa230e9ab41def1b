"""Histories: callers who carry out a plan together, on one moving clock, and what each was told."""

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tests.harness.shop import Shop
from tests.proofs.histories import model, places, plans
from tests.proofs.histories.acts import Acts
from tests.proofs.histories.checker import UNKNOWN, Call, Verdict, check
from tests.proofs.histories.places import Place
from tests.proofs.histories.plans import KINDS, Kind, Operation, Plan, Step, Tick
from tests.proofs.model.rules import calls as asked
from tests.proofs.model.rules.state import State

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CLOCK_MAX = 25
"""Seconds that a history's clock moves at the most: no request sees more time go by than a function is given."""
RESENT = 0.03
FORGOTTEN = 0.03

IN_THE_END = 3_600
"""Seconds after which all leases are over, and the sweep comes for the last time."""


@dataclass(frozen=True, slots=True)
class History:
    seed: int
    initial: State
    calls: Sequence[Call]
    resent: int

    def verdict(self) -> Verdict:
        return check(self.calls, self.initial, model.step, tells_only=asked.tells_only)

    def told(self) -> str:
        """The history, and how much of it can be explained, for whoever must find out."""
        verdict = self.verdict()
        began = min(call.called for call in self.calls)
        lines = [f"seed {self.seed}, from {self.initial}"]
        for call in sorted(self.calls, key=lambda call: call.called):
            mark = " " if call in verdict.longest else "!"
            times = f"{(call.called - began) * 1000:7.1f} .. {(call.answered - began) * 1000:7.1f} ms"
            lines.append(f"{mark} {times}  {call.operation} -> {call.answer}")
        return "\n".join(
            [*lines, f"{len(verdict.longest)} of {len(self.calls)} can be put in an order; ! can't follow"]
        )


def play(shop: Shop, seed: int, acts_of: Callable[[Place], Acts] = Acts, kind: Kind | None = None) -> History:
    """A history of this seed, of each kind by turns; the threads decide what of it meets."""
    rng = random.Random(seed)  # noqa: S311  # no secret
    kind = kind or KINDS[seed % len(KINDS)]
    place, initial = places.make(shop, f"history {seed} {acts_of.__name__}", kind, rng)
    plan = plans.plan(rng, kind, list(place.packs), list(place.sessions))
    with _answers_lost(shop.world.client, rng) as lost:
        calls = _carried_out(acts_of(place), plan, rng)
    return History(seed, initial, calls, resent=len(lost))


def _carried_out(acts: Acts, plan: Plan, rng: random.Random) -> list[Call]:
    """Every caller carries out its part, all at once; then the sweep comes, and one looks at every pack.

    What each was told, and when.
    """
    calls: list[Call] = []
    clock, numbers = _Clock(), itertools.count()
    barrier = threading.Barrier(len(plan))

    def call(planned: Operation, *, forget: bool) -> None:
        called = time.monotonic()
        told = acts.do(replace(planned, now=max(clock.now + planned.now, 0)), next(numbers))
        answered = time.monotonic()
        forget = forget and not isinstance(planned, asked.Sweep)  # it has no caller who could
        calls.extend(
            Call(called, answered, operation, UNKNOWN if forget else answer)
            for operation, answer in (told[:1] if forget else told)
        )

    def carry_out(part: Sequence[Step], forgets: Sequence[bool]) -> None:
        barrier.wait()
        for planned, forget in zip(part, forgets, strict=True):
            if isinstance(planned, Tick):
                clock.move(planned.seconds)
            else:
                call(planned, forget=forget)

    with ThreadPoolExecutor(len(plan)) as pool:
        forgets = [[rng.random() < FORGOTTEN for _ in part] for part in plan]
        for future in [pool.submit(carry_out, *each) for each in zip(plan, forgets, strict=True)]:
            future.result()
    clock.now = IN_THE_END
    call(asked.Sweep(now=0), forget=False)
    for pack in acts.place.packs:
        call(asked.LookAtPack(pack, now=0), forget=False)
    return calls


class _Clock:
    """Seconds since the history began, by which every caller goes."""

    def __init__(self) -> None:
        self.now = 0
        self._lock = threading.Lock()

    def move(self, seconds: int) -> None:
        with self._lock:
            self.now = min(self.now + seconds, CLOCK_MAX)


@contextmanager
def _answers_lost(client: "DynamoDBClient", rng: random.Random) -> Iterator[list[str]]:
    """Now and then an answer is lost on the way, and botocore sends the very same call again; which, is listed."""
    chances, lock = random.Random(rng.random()), threading.Lock()  # noqa: S311  # no secret
    lost: list[str] = []

    def resend(response: object, attempts: int, event_name: str, **_: object) -> float | None:
        with lock:
            if response is None or attempts > 1 or chances.random() > RESENT:
                return None
            lost.append(event_name)
        return 0.0

    listen: Any = client.meta.events.register_first  # whose types know of no handler that answers
    listen("needs-retry.dynamodb", resend, unique_id="answers-lost")
    try:
        yield lost
    finally:
        client.meta.events.unregister("needs-retry.dynamodb", unique_id="answers-lost")

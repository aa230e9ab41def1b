"""Histories: a place, a plan drawn from a seed, and callers who carry it out together on one moving clock."""

import itertools
import random
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from packhouse import buying, granting, selling
from packhouse.catalog import catalog
from packhouse.domain import instants
from packhouse.domain.access import Stamp
from packhouse.domain.ids import Kind, named, pack_expiry
from packhouse.domain.licenses import Line
from packhouse.domain.packs import Pack, Source, SourceKind
from packhouse.domain.projects import Project
from packhouse.errors import TryAgain
from packhouse.payments import OrderName
from packhouse.policies import Policies
from packhouse.store import projects
from packhouse.store.table import StampedTable
from packhouse.web.orders import PlaceOrder
from tests.harness.shop import ORDER, Shop
from tests.histories import model
from tests.histories.acts import SERVICE, Acts, Place
from tests.histories.checker import UNKNOWN, Call, Verdict, check
from tests.histories.model import Operation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CALLERS, CALLS_EACH = 5, 6
CLOCK_MAX = 25
"""Seconds that a history's clock moves at the most: no request sees more time go by than a function is given."""
RESENT = 0.03
FORGOTTEN = 0.03


AS_USUAL = 0.8


@dataclass(frozen=True, slots=True)
class Usual:
    """What is mostly asked under a name; now and then it is something else."""

    licenses: tuple[int, ...]
    ending: tuple[str, int | None, tuple[str, ...]]


USUAL = {
    "a": Usual((1,), ("failed", None, ())),
    "b": Usual((2,), ("succeeded", 1, ())),
    "c": Usual((1, 1), ("stopped", None, ("one",))),
    "d": Usual((2, 1), ("succeeded", None, ())),
}


@dataclass(frozen=True, slots=True)
class Tick:
    """The clock moves on; it is no operation of the model, whose operations each carry the time they were called at."""

    seconds: int


type Plan = Sequence[Sequence[Operation | Tick]]
"""What each caller does, one after another; times aren't known yet."""


@dataclass(frozen=True, slots=True)
class History:
    seed: int
    initial: model.State
    calls: Sequence[Call]
    resent: int

    def verdict(self) -> Verdict:
        return check(self.calls, self.initial, model.step)

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


def play(shop: Shop, seed: int, acts_of: Callable[[Place], Acts] = Acts) -> History:
    """A history of this seed; the threads decide what of it meets."""
    rng = random.Random(seed)  # noqa: S311  # no secret
    place, initial = _place(shop, f"history {seed} {acts_of.__name__}", rng)
    plan = _plan(rng, place)
    with _answers_lost(shop.world.client, rng) as lost:
        calls = _carried_out(acts_of(place), plan, rng)
    return History(seed, initial, calls, resent=len(lost))


def _place(shop: Shop, name: str, rng: random.Random) -> tuple[Place, model.State]:
    """A workgroup with a project, a pack or two of few licenses, and a paid order or two that nobody was told of."""
    began = shop.world.clock.now.replace(microsecond=0)
    wg = named(Kind.WORKGROUP, "tests", name)
    table = shop.world.table.stamped(Stamp(principal="tests", request_id=f"{wg}-setting-out", changed_at=began))
    lives = [timedelta(days=rng.choice((200, 300))), timedelta(seconds=rng.choice((8, 15, 10**6)))]
    granted = [_granted(table, wg, rng.randint(2, 4), began + life) for life in lives[: rng.randint(1, 2)]]
    paid = [_paid(shop, table, wg, number, rng.randint(1, 2)) for number in range(rng.randint(1, 2))]
    project = _project(table, wg)
    by_burn_down = sorted([*granted, *(pack for pack, _ in paid)], key=lambda pack: pack.pack_id)
    packs = {f"pack {number}": pack for number, pack in enumerate(by_burn_down)}
    sessions = {name: session for name, pack in packs.items() for bought, session in paid if bought == pack}
    initial = model.stocked(
        *(
            model.Pack(
                name,
                expires=int((pack_expiry(pack.pack_id) - began).total_seconds()),
                quantity=pack.quantity,
                granted=name not in sessions,
            )
            for name, pack in packs.items()
        )
    )
    return Place(shop.world.client, shop.world.table, began, wg, project, packs, sessions), initial


def _granted(table: StampedTable, wg: str, quantity: int, expires_at: datetime) -> Pack:
    acquired_at = instants.plus_months(expires_at, -catalog().of(SERVICE).validity_months)
    (pack,) = granting.packs_of(
        catalog(),
        wg,
        [Line(SERVICE, quantity)],
        acquisition=f"demo {expires_at}",
        source=Source(kind=SourceKind.DEMO),
        acquired_at=acquired_at,
    )
    table.write(*granting.grant(table, [pack], Policies()))
    return pack


def _paid(shop: Shop, table: StampedTable, wg: str, number: int, quantity: int) -> tuple[Pack, str]:
    """The pack that an order paid at Stripe will become, and the session it was paid in."""
    wanted = PlaceOrder(**{**ORDER, "lines": [{"sku": SERVICE, "quantity": quantity}]})
    name = OrderName(workgroup_id=wg, order_id=named(Kind.ORDER, wg, str(number)))
    desk = selling.desk(replace(table.stamp, request_id=f"{table.stamp.request_id}-{number}"))
    order = wanted.order(name, catalog(), Policies(), by=desk.table.stamp)
    placed, _ = buying.place(desk, name, wanted.request_hash(), lambda: order)
    shop.stripe.pay(placed.checkout.url)
    assert placed.checkout.session_id is not None
    payment = desk.payments.read_checkout(placed.checkout.session_id).payment
    assert payment is not None
    (pack,) = granting.packs_of(
        catalog(),
        wg,
        [Line(SERVICE, quantity)],
        acquisition=name.order_id,
        source=Source(kind=SourceKind.CARD, order_id=name.order_id),
        acquired_at=payment.charged_at,
    )
    return pack, placed.checkout.session_id


def _project(table: StampedTable, wg: str) -> str:
    project = Project(
        workgroup_id=wg,
        project_id=named(Kind.PROJECT, wg, "history"),
        name="History",
        max_licenses_per_item=3,
        created_at=table.stamp.at,
        created_by="tests",
        request_hash="",
    )
    created, _ = projects.create(table, project, warn_at=table.stamp.at)
    return created.project_id


def _plan(rng: random.Random, place: Place) -> Plan:
    """Operations of few names, so that they meet. Whoever is first starts something, so that there is what to end."""
    return [[_drawn(rng, place, first=number == 0) for number in range(CALLS_EACH)] for _ in range(CALLERS)]


def _drawn(rng: random.Random, place: Place, *, first: bool) -> Operation | Tick:
    """One operation; its time is filled in when it is called."""
    name = rng.choice(list(USUAL))
    run = (name, rng.randrange(len(USUAL[name].licenses)))
    kinds: Mapping[str, tuple[int, Callable[[], Operation | Tick]]] = {
        "start": (8, lambda: model.Start(name, _licenses(rng, name), lease=6, now=0)),
        "heartbeat": (3, lambda: model.Heartbeat(run, rng.choice((3, 9)), now=0)),
        "settle": (6, lambda: model.Settle(run, *_ending(rng, name), now=0)),
        "pay": (2, lambda: model.Pay(rng.choice(list(place.sessions)), now=0)),
        "look at pack": (2, lambda: model.LookAtPack(rng.choice(list(place.packs)), now=0)),
        "look at run": (1, lambda: model.LookAtRun(run, now=0)),
        "tick": (2, lambda: Tick(rng.randint(1, 5))),
    }
    weights = [weight for weight, _ in kinds.values()]
    (kind,) = ["start"] if first else rng.choices(list(kinds), weights)
    return kinds[kind][1]()


def _licenses(rng: random.Random, name: str) -> tuple[int, ...]:
    return USUAL[name].licenses if rng.random() < AS_USUAL else rng.choice(((1,), (3,), (1, 2)))


def _ending(rng: random.Random, name: str) -> tuple[str, int | None, tuple[str, ...]]:
    if rng.random() < AS_USUAL:
        return USUAL[name].ending
    outcome = rng.choice(("succeeded", "failed", "stopped"))
    used = rng.choice((None, 1, 2, 3)) if outcome == "succeeded" else None
    return outcome, used, rng.choice(((), (), ("one",)))


def _carried_out(acts: Acts, plan: Plan, rng: random.Random) -> list[Call]:
    """Every caller carries out its part, all at once; then one looks at every pack. What each was told, and when."""
    calls: list[Call] = []
    clock, numbers = _Clock(), itertools.count()
    barrier = threading.Barrier(len(plan))

    def call(planned: Operation, *, forget: bool) -> None:
        called = time.monotonic()
        operation = replace(planned, now=clock.now)
        answer: Hashable
        try:
            answer = acts.do(operation, next(numbers))
        except TryAgain:
            answer = UNKNOWN
        answered = time.monotonic()
        calls.append(Call(called, answered, operation, UNKNOWN if forget else answer))

    def carry_out(part: Sequence[Operation | Tick], forgets: Sequence[bool]) -> None:
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
    for pack in acts.place.packs:
        call(model.LookAtPack(pack, now=0), forget=False)
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

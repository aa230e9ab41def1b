"""What the callers of a history are to do, drawn from a seed: few names and few licenses, so that calls meet."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.proofs.model.rules import calls
from tests.proofs.model.rules.calls import Item, Ref

CALLERS, CALLS_EACH = 5, 6
AS_USUAL = 0.8
RELEASED = 0.4
ITEMS_MAX = 2
RETRIES_MAX = 1
"""How often a root may be retried in a history: less than ever in earnest, so that it is met."""

type Operation = (
    calls.Start
    | calls.Heartbeat
    | calls.Settle
    | calls.Pay
    | calls.Assign
    | calls.Withdraw
    | calls.Change
    | calls.Remove
    | calls.Sweep
    | calls.SweepRun
    | calls.SweepPack
    | calls.LookAtPack
    | calls.LookAtStock
    | calls.LookAtRun
)


def project_of(name: str) -> str:
    """The project in which a name starts its runs: there are two, so that work goes on when one is removed."""
    return "q" if name in {"c", "d"} else "p"


@dataclass(frozen=True, slots=True)
class Usual:
    """What is mostly asked under a name; now and then it is something else."""

    licenses: tuple[int, ...]
    ending: tuple[str, int | None, tuple[str, ...]]
    user: str | None = None
    parent: Ref | None = None


USUAL = {
    "a": Usual((1,), ("failed", None, ())),
    "b": Usual((2,), ("succeeded", 1, ())),
    "c": Usual((1, 1), ("stopped", None, ("one",))),
    "d": Usual((2, 1), ("succeeded", None, ())),
}
"""Work that needs licenses."""
USUAL_OF_FEWER = {name: USUAL[name] for name in ("a", "b", "c")}
USUAL_OF_USERS = {
    "e": Usual((1,), ("succeeded", None, ("one",)), user="ada"),
    "f": Usual((1, 1), ("failed", None, ()), user="bob"),
    "g": Usual((1,), ("stopped", None, ()), user="ada"),
}
"""Work of users who are entitled to it, or not."""
USUAL_AGAIN = {
    "e": USUAL_OF_USERS["e"],
    "r": Usual((1,), ("succeeded", None, ("one",)), parent=("e", 0)),
    "s": Usual((1,), ("succeeded", None, ("two",)), parent=("r", 0)),
    "t": Usual((1,), ("stopped", None, ("two",)), parent=("e", 0)),
}
"""One's work, and retries of it."""


@dataclass(frozen=True, slots=True)
class Tick:
    """The clock moves on; it is no operation of the model, whose operations each carry the time they were called at."""

    seconds: int


type Step = Operation | Tick
type Plan = Sequence[Sequence[Step]]
"""What each caller does, one after another; times aren't known yet."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a history is about: its names, how often each call is drawn, and how many licenses a pack has at first.

    Every caller begins with one of `first`, all at once. `lag` is for how many seconds a request may have been on its
    way since it read the clock. Names that come in turn are one more with each step.
    """

    usual: Mapping[str, Usual]
    weights: Mapping[str, int]
    first: tuple[str, ...]
    stock: tuple[int, int] = (2, 4)
    paid: bool = False
    users: tuple[str, ...] = ()
    lag: tuple[int, ...] = (0,)
    in_turn: bool = False

    @property
    def refs(self) -> tuple[Ref, ...]:
        return tuple((name, number) for name in self.usual for number in range(ITEMS_MAX))


SELLING = Kind(
    USUAL,
    {
        "start": 8,
        "heartbeat": 3,
        "settle": 6,
        "pay": 2,
        "look at pack": 2,
        "look at run": 1,
        "move the clock": 2,
    },
    first=("start",),
    paid=True,
)
SWEEPING = Kind(
    USUAL_OF_FEWER,
    {"start": 7, "heartbeat": 3, "settle": 6, "look at pack": 1, "look at run": 1, "move the clock": 4, "sweep": 3},
    first=("start",),
    lag=(0, 2, 4),
)
ENTITLING = Kind(
    USUAL_OF_USERS,
    {
        "start": 8,
        "heartbeat": 1,
        "settle": 3,
        "assign": 4,
        "withdraw": 6,
        "look at pack": 1,
        "look at run": 1,
        "move the clock": 3,
        "sweep": 1,
    },
    first=("assign",),
    stock=(1, 1),
    users=("ada", "bob"),
)
RETRYING = Kind(
    USUAL_AGAIN,
    {"start": 10, "heartbeat": 1, "settle": 10, "look at run": 1},
    first=("assign",),
    users=("ada",),
    in_turn=True,
)
REMOVING = Kind(
    USUAL_OF_FEWER,
    {
        "start": 8,
        "heartbeat": 1,
        "settle": 5,
        "change": 1,
        "remove": 4,
        "look at pack": 1,
        "look at run": 1,
        "move the clock": 2,
        "sweep": 4,
    },
    first=("start", "start", "start", "remove"),
)
KINDS = (SELLING, SWEEPING, ENTITLING, RETRYING, REMOVING)
"""By turns, seed after seed."""


def plan(rng: random.Random, kind: Kind, packs: Sequence[str], sessions: Sequence[str]) -> Plan:
    """Operations of few names. Whoever is first starts something, so that there is what to end."""
    return [[_drawn(rng, kind, packs, sessions, number) for number in range(CALLS_EACH)] for _ in range(CALLERS)]


def _drawn(rng: random.Random, kind: Kind, packs: Sequence[str], sessions: Sequence[str], number: int) -> Step:
    """One operation; in the place of its time stands how far it lags behind that of its call."""
    names = list(kind.usual)
    name = rng.choice(names[: number + 1] if kind.in_turn else names)
    usual, now = kind.usual[name], -rng.choice(kind.lag)
    run, project = (name, rng.randrange(len(usual.licenses))), rng.choice("pq")
    kinds: Mapping[str, Callable[[], Step]] = {
        "start": lambda: start(name, _licenses(rng, usual), 6, now=now, user=usual.user, parent=usual.parent),
        "heartbeat": lambda: calls.Heartbeat(run, rng.choice((3, 9)), now),
        "settle": lambda: calls.Settle(run, *_ending(rng, usual), now),
        "pay": lambda: _pay(rng.choice(sessions), now),
        "assign": lambda: calls.Assign(rng.choice(kind.users), now),
        "withdraw": lambda: calls.Withdraw(rng.choice(kind.users), now),
        "change": lambda: calls.Change(project, (("name", "another"),), now),
        "remove": lambda: calls.Remove(project, rng.random() < RELEASED, now),
        "sweep": lambda: calls.Sweep(now=0),
        "look at pack": lambda: calls.LookAtPack(rng.choice(packs), now),
        "look at run": lambda: calls.LookAtRun(run, now),
        "move the clock": lambda: Tick(rng.randint(1, 5)),
    }
    drawn = rng.choices(list(kind.weights), list(kind.weights.values()))[0] if number else rng.choice(kind.first)
    return kinds[drawn]()


def start(  # what a start is made of
    name: str, licenses: Sequence[int], lease: int, *, now: int, user: str | None = None, parent: Ref | None = None
) -> calls.Start:
    """Items of one user, if one is named; with a parent it retries the errors which that run left."""
    items = [
        Item(item_id=f"box-{number}", licenses=quantity, user=user, parent=parent)
        for number, quantity in enumerate(licenses)
    ]
    return calls.Start(name=name, project=project_of(name), items=tuple(items), lease=lease, now=now)


def _pay(name: str, now: int) -> calls.Pay:
    """An order is named as the pack that it becomes."""
    return calls.Pay(name, (name,), now)


def _licenses(rng: random.Random, usual: Usual) -> tuple[int, ...]:
    others = ((1,), (3,)) if usual.parent else ((1,), (3,), (1, 2))
    return usual.licenses if rng.random() < AS_USUAL else rng.choice(others)


def _ending(rng: random.Random, usual: Usual) -> tuple[str, int | None, tuple[str, ...]]:
    if rng.random() < AS_USUAL:
        return usual.ending
    outcome = rng.choice(("succeeded", "failed", "stopped"))
    used = rng.choice((None, 1, 2, 3)) if outcome == "succeeded" else None
    return outcome, used, rng.choice(((), ("one",), ("two",)))

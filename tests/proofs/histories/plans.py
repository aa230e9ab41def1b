"""What the callers of a history are to do, drawn from a seed: few names and few licenses, so that calls meet."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.proofs.histories import operations
from tests.proofs.histories.operations import Operation, Ref

CALLERS, CALLS_EACH = 5, 6
AS_USUAL = 0.8
RELEASED = 0.6
ITEMS_MAX = 2


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
    """What a history is about: its names, how often what is drawn, and how many licenses a pack has at first.

    `lag` is for how many seconds a request may have been on its way since it read the clock. Names that come in turn
    are one more with each step.
    """

    usual: Mapping[str, Usual]
    weights: Mapping[str, int]
    first: str
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
    first="start",
    paid=True,
)
SWEEPING = Kind(
    USUAL_OF_FEWER,
    {"start": 7, "heartbeat": 3, "settle": 6, "look at pack": 1, "look at run": 1, "move the clock": 4, "sweep": 3},
    first="start",
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
    first="assign",
    stock=(1, 1),
    users=("ada", "bob"),
)
RETRYING = Kind(
    USUAL_AGAIN,
    {"start": 10, "heartbeat": 1, "settle": 10, "look at run": 1},
    first="assign",
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
    first="start",
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
        "start": lambda: operations.Start(name, _licenses(rng, usual), 6, now, user=usual.user, parent=usual.parent),
        "heartbeat": lambda: operations.Heartbeat(run, rng.choice((3, 9)), now),
        "settle": lambda: operations.Settle(run, *_ending(rng, usual), now),
        "pay": lambda: operations.Pay(rng.choice(sessions), now),
        "assign": lambda: operations.Assign(rng.choice(kind.users), now),
        "withdraw": lambda: operations.Withdraw(rng.choice(kind.users), now),
        "change": lambda: operations.Change(project, now),
        "remove": lambda: operations.Remove(project, rng.random() < RELEASED, now),
        "sweep": lambda: operations.Sweep(now=0),
        "look at pack": lambda: operations.LookAtPack(rng.choice(packs), now),
        "look at run": lambda: operations.LookAtRun(run, now),
        "move the clock": lambda: Tick(rng.randint(1, 5)),
    }
    drawn = rng.choices(list(kind.weights), list(kind.weights.values()))[0] if number else kind.first
    return kinds[drawn]()


def _licenses(rng: random.Random, usual: Usual) -> tuple[int, ...]:
    others = ((1,), (3,)) if usual.parent else ((1,), (3,), (1, 2))
    return usual.licenses if rng.random() < AS_USUAL else rng.choice(others)


def _ending(rng: random.Random, usual: Usual) -> tuple[str, int | None, tuple[str, ...]]:
    if rng.random() < AS_USUAL:
        return usual.ending
    outcome = rng.choice(("succeeded", "failed", "stopped"))
    used = rng.choice((None, 1, 2, 3)) if outcome == "succeeded" else None
    return outcome, used, rng.choice(((), ("one",), ("two",)))

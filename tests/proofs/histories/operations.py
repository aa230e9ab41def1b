"""What the callers of a history ask, and what they can be answered. Times are seconds since the history began."""

from collections.abc import Hashable
from dataclasses import dataclass

type Ref = tuple[str, int]
"""A run: the name of its start, and the number of its item."""
type Allocation = tuple[tuple[str, int], ...]
"""Licenses by pack, in burn-down order."""

RETRIES_MAX = 1
"""How often a root may be retried in a history: less than ever in earnest, so that it is met."""


def project_of(name: str) -> str:
    """The project in which a name starts its runs: there are two, so that work goes on when one is removed."""
    return "q" if name in {"c", "d"} else "p"


# --- what is asked ---


@dataclass(frozen=True, slots=True)
class Start:
    """Items of one user, if one is named; with a parent it retries, for nothing, the errors which that run left."""

    name: str
    licenses: tuple[int, ...]
    lease: int
    now: int
    user: str | None = None
    parent: Ref | None = None


@dataclass(frozen=True, slots=True)
class Heartbeat:
    run: Ref
    seconds: int
    now: int


@dataclass(frozen=True, slots=True)
class Settle:
    run: Ref
    outcome: str
    used: int | None
    errors: tuple[str, ...]
    now: int


@dataclass(frozen=True, slots=True)
class Pay:
    """The worker is told of a paid order."""

    pack: str
    now: int


@dataclass(frozen=True, slots=True)
class Assign:
    user: str
    now: int


@dataclass(frozen=True, slots=True)
class Withdraw:
    user: str
    now: int


@dataclass(frozen=True, slots=True)
class Change:
    """A project gets another name."""

    project: str
    now: int


@dataclass(frozen=True, slots=True)
class Remove:
    project: str
    release: bool
    now: int


@dataclass(frozen=True, slots=True)
class Sweep:
    """A tick, which is many operations: one on each run and pack, each at an instant of its own."""

    now: int


@dataclass(frozen=True, slots=True)
class SweepRun:
    run: Ref
    now: int


@dataclass(frozen=True, slots=True)
class SweepPack:
    pack: str
    now: int


@dataclass(frozen=True, slots=True)
class LookAtPack:
    pack: str
    now: int


@dataclass(frozen=True, slots=True)
class LookAtStock:
    """What a refusal tells of the stock, which is read apart from what else was decided on."""

    now: int


@dataclass(frozen=True, slots=True)
class LookAtRun:
    run: Ref
    now: int


type Operation = (
    Start
    | Heartbeat
    | Settle
    | Pay
    | Assign
    | Withdraw
    | Change
    | Remove
    | Sweep
    | SweepRun
    | SweepPack
    | LookAtPack
    | LookAtStock
    | LookAtRun
)


# --- what is answered ---


@dataclass(frozen=True, slots=True)
class Started:
    """What each run holds and until when (None: it needs no license), as the start told it.

    `replayed`: by an earlier request of this name.
    """

    runs: tuple[tuple[Allocation, int | None], ...]
    replayed: bool


@dataclass(frozen=True, slots=True)
class Exhausted:
    asked: int
    available: int


@dataclass(frozen=True, slots=True)
class Extended:
    until: int | None


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that a settlement ended; `now` by this very one, else by an equal one before."""

    used: int | None
    now: bool


@dataclass(frozen=True, slots=True)
class LeaseEnded:
    at: int


@dataclass(frozen=True, slots=True)
class Assigned:
    """From which pack a user is entitled; `now` by this very request, else they were before."""

    pack: str
    now: bool


@dataclass(frozen=True, slots=True)
class Withdrawn:
    pack: str


@dataclass(frozen=True, slots=True)
class Counters:
    available: int
    expired: int
    assigned: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    state: str
    used: int | None
    outcome: str | None = None


GRANTED, CHANGED, REMOVED = "granted", "changed", "removed"
LAPSED, STOPPED, EXPIRED, LEFT = "lapsed", "stopped", "expired", "left as it was"

ALREADY_SETTLED = "run-already-settled"
NOT_FOUND = "not-found"
REUSED = "idempotency-key-reused"
TOO_MANY = "invalid-request"
NOT_COVERED = "not covered"
NOT_RETRYABLE = "parent-not-retryable"
RETRIED_ENOUGH = "retries-exhausted"
OTHER_ERRORS = "errors-not-of-parent"
ENTITLEMENT_USED = "entitlement-used"
PACK_ENDED = "pack-not-usable"
OPEN_RUNS = "project-has-open-runs"
NOT_ACTIVE = "project-not-active"
REFUSALS = frozenset(
    {
        ALREADY_SETTLED,
        NOT_FOUND,
        REUSED,
        TOO_MANY,
        NOT_COVERED,
        NOT_RETRYABLE,
        RETRIED_ENOUGH,
        OTHER_ERRORS,
        ENTITLEMENT_USED,
        PACK_ENDED,
        OPEN_RUNS,
        NOT_ACTIVE,
    }
)


def tells_only(answer: Hashable) -> bool:
    """Whether this answer says that nothing was changed, whenever it was given."""
    match answer:
        case Exhausted() | LeaseEnded() | Counters() | Standing() | int():
            return True
        case Started(replayed=True) | Ended(now=False) | Assigned(now=False):
            return True
        case str():
            return answer in REFUSALS or answer in {LEFT, CHANGED}
    return False

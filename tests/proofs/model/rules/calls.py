"""What callers ask of Packhouse in the model, and what it answers. Names are the callers' own; times are seconds."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime

MAILBOXES, BUNDLE = "mailbox-migration", "user-migration-bundle"

type Ref = tuple[str, int]
"""A run: the name of its start, and the number of its item."""
type Allocation = tuple[tuple[str, int], ...]
"""Licenses by pack, in burn-down order."""


# --- what is asked ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of a start. A retry names its parent, and the errors it retries (none: all of them)."""

    item_id: str
    licenses: int = 1
    user: str | None = None
    parent: Ref | None = None
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    name: str
    project: str
    items: tuple[Item, ...]
    lease: int | None = None
    service: str = MAILBOXES
    now: int


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
    error_count: int | None = None


@dataclass(frozen=True, slots=True)
class Assign:
    user: str
    now: int
    sku: str = BUNDLE


@dataclass(frozen=True, slots=True)
class Withdraw:
    user: str
    now: int
    sku: str = BUNDLE


@dataclass(frozen=True, slots=True)
class Count:
    """How many needs of which user (or None) can be met, and what is missing."""

    service: str
    needs: tuple[tuple[str | None, int], ...]
    now: int


@dataclass(frozen=True, slots=True)
class Create:
    project: str
    settings: tuple[tuple[str, object], ...]
    now: int


@dataclass(frozen=True, slots=True)
class Change:
    """`settings` has only what is changed; a None sets it back."""

    project: str
    settings: tuple[tuple[str, object], ...]
    now: int


@dataclass(frozen=True, slots=True)
class Remove:
    project: str
    release: bool
    now: int


@dataclass(frozen=True, slots=True)
class Place:
    order: str
    lines: tuple[tuple[str, int], ...]
    now: int


@dataclass(frozen=True, slots=True)
class Renew:
    order: str
    key: str
    now: int


@dataclass(frozen=True, slots=True)
class Cancel:
    order: str
    key: str
    now: int


@dataclass(frozen=True, slots=True)
class Expire:
    """A tick looks at an order whose time may be over."""

    order: str
    now: int


@dataclass(frozen=True, slots=True)
class Pay:
    """The worker looks at an order's pages at Stripe, and one may be paid. `packs` are the names of what it grants."""

    order: str
    packs: tuple[str, ...]
    now: int


@dataclass(frozen=True, slots=True)
class Sweep:
    """A tick, which is many calls: one for each run and pack, each at an instant of its own."""

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
class SweepProject:
    project: str
    now: int


@dataclass(frozen=True, slots=True)
class LookAtPack:
    pack: str
    now: int


@dataclass(frozen=True, slots=True)
class LookAtStock:
    """What a refusal tells of the stock to assign from. The product reads it apart from the entitlement."""

    now: int


@dataclass(frozen=True, slots=True)
class LookAtRun:
    run: Ref
    now: int


# --- what is answered ---


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal by its slug, and the numbers that it tells."""

    slug: str
    told: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """The state that a thing has now, or what was done with it; `again`: by an earlier request of this name."""

    what: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Started:
    """What each run holds and until when (None: it needs no license), as its start told it."""

    runs: tuple[tuple[Allocation, int | None], ...]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Extended:
    until: int | None


@dataclass(frozen=True, slots=True)
class Ended:
    """A settlement ended a run: `now` this very one, else an equal one before (None: the answer doesn't say)."""

    used: int | None
    now: bool | None = True


@dataclass(frozen=True, slots=True)
class Assigned:
    """From which pack a user is entitled: `now` by this very request, else they were before."""

    pack: str
    now: bool = True


@dataclass(frozen=True, slots=True)
class Withdrawn:
    pack: str


@dataclass(frozen=True, slots=True)
class Counted:
    """Needs by decision, in the order of `coverage.DECISIONS`; how many licenses are to be bought."""

    decisions: tuple[int, ...]
    missing: int


@dataclass(frozen=True, slots=True)
class Counters:
    available: int
    expired: int
    assigned: int = 0


@dataclass(frozen=True, slots=True)
class Stock:
    available: int


@dataclass(frozen=True, slots=True)
class Standing:
    state: str
    used: int | None = None
    outcome: str | None = None


LEFT, LAPSED, STOPPED, EXPIRED = Done("left as it was"), Done("lapsed"), Done("stopped"), Done("expired")
NOT_FOUND = Refused("not-found")
NUMBERS = {
    "assignment-required": ("available",),
    "lease-ended": ("returned_at",),
    "licenses-exhausted": ("asked", "available"),
    "start-too-scattered": ("items_max",),
}
"""The facts that the model compares, by the slug of the refusal."""


def refused(slug: str, facts: Mapping[str, object], seconds: Callable[[datetime], int]) -> Refused:
    """A refusal as the product tells it."""
    told = [facts[name] for name in NUMBERS.get(slug, ())]
    numbers = [one if isinstance(one, int) else seconds(datetime.fromisoformat(str(one))) for one in told]
    return Refused(slug, tuple(numbers))


def tells_only(answer: Hashable) -> bool:
    """Whether this answer says that nothing was changed, whenever it was given."""
    match answer:
        case Refused() | Counters() | Standing() | Stock():
            return True
        case Started(replayed=True) | Ended(now=False) | Assigned(now=False) | Done(again=True):
            return True
    return answer == LEFT

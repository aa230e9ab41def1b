"""Packhouse for one caller at a time: packs, runs with leases, payments. Every operation carries the time of its call.

An operation decides by the clock as it read it when it began, as a request does; so that is its own and no part of the
state. Nothing is lapsed or expired by time alone: a lease that has ended is seen to have, and its licenses stay out.
To add an operation (a sweep, say): its class, what it answers, and a rule in `RULES`.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from tests.histories.checker import UNKNOWN

HOUR, DAY = 3_600, 86_400
LEASE_AFTER_EXPIRY = 24 * HOUR
LIFE_OF_A_RUN = 30 * DAY

type Ref = tuple[str, int]
"""A run: the name of its start, and the number of its item."""
type Allocation = tuple[tuple[str, int], ...]
"""Licenses by pack, in burn-down order."""


# --- what is asked; times are seconds since the history began ---


@dataclass(frozen=True, slots=True)
class Start:
    name: str
    licenses: tuple[int, ...]
    lease: int
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


@dataclass(frozen=True, slots=True)
class Pay:
    """The worker is told of a paid order."""

    pack: str
    now: int


@dataclass(frozen=True, slots=True)
class LookAtPack:
    pack: str
    now: int


@dataclass(frozen=True, slots=True)
class LookAtRun:
    run: Ref
    now: int


type Operation = Start | Heartbeat | Settle | Pay | LookAtPack | LookAtRun


# --- what is answered ---


@dataclass(frozen=True, slots=True)
class Started:
    """What each run holds and until when, as the start told it; `replayed` by an earlier request of this name."""

    runs: tuple[tuple[Allocation, int], ...]
    replayed: bool


@dataclass(frozen=True, slots=True)
class Exhausted:
    asked: int
    available: int


@dataclass(frozen=True, slots=True)
class Extended:
    until: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that a settlement ended; `now` by this very one, else by an equal one before."""

    used: int | None
    now: bool


@dataclass(frozen=True, slots=True)
class LeaseEnded:
    at: int


@dataclass(frozen=True, slots=True)
class Counters:
    available: int
    expired: int


@dataclass(frozen=True, slots=True)
class Standing:
    state: str
    used: int | None


ALREADY_SETTLED = "run-already-settled"
NOT_FOUND = "not-found"
REUSED = "idempotency-key-reused"
GRANTED = "granted"
TOO_MANY = "invalid-request"


# --- what there is ---


@dataclass(frozen=True, slots=True)
class Pack:
    """`quantity` licenses that are there once they were `granted`, at the beginning or by a payment."""

    name: str
    expires: int
    quantity: int
    granted: bool = True
    available: int = 0
    expired: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    request: tuple[tuple[int, ...], int]
    """The licenses and the lease that its start asked for."""
    allocation: Allocation
    leased: int
    """The end of the lease, as the start told it."""
    until: int
    """The end of the lease now."""
    latest: int
    settled: Settle | None = None

    @property
    def licenses(self) -> int:
        return sum(quantity for _, quantity in self.allocation)

    @property
    def used(self) -> int | None:
        if self.settled is None or self.settled.outcome != "succeeded":
            return None
        return self.settled.used or self.licenses


@dataclass(frozen=True, slots=True)
class State:
    """Packs in burn-down order, and every run ever started."""

    packs: tuple[Pack, ...]
    runs: tuple[tuple[Ref, Run], ...] = ()

    def pack(self, name: str) -> Pack:
        return next(pack for pack in self.packs if pack.name == name)

    def run(self, ref: Ref) -> Run | None:
        return dict(self.runs).get(ref)

    def having(self, *packs: Pack, runs: Mapping[Ref, Run] | None = None) -> "State":
        """The state with these packs and runs in the place of those of their names."""
        changed = {pack.name: pack for pack in packs}
        return State(
            packs=tuple(changed.get(pack.name, pack) for pack in self.packs),
            runs=tuple(sorted({**dict(self.runs), **(runs or {})}.items(), key=lambda run: run[0])),
        )


def stocked(*packs: Pack) -> State:
    """The beginning of a history."""
    by_burn_down = sorted(packs, key=lambda pack: (pack.expires, pack.name))
    return State(tuple(replace(pack, available=pack.quantity if pack.granted else 0) for pack in by_burn_down))


def step(state: State, operation: Hashable, answer: Hashable) -> Iterable[State]:
    """What an operation makes of the state, if it could be answered so; each thing it could do, if nobody knows."""
    rule = RULES[type(operation)]
    if answer is UNKNOWN:
        return [state, *(after for _, after in rule(state, operation))]
    return [after for given, after in rule(state, operation) if given == answer]


# --- the rules: every answer that may be given now, and what it makes of the state ---

type Possible = Iterator[tuple[object, State]]


def _start(state: State, asked: Start) -> Possible:
    request = (asked.licenses, asked.lease)
    if earlier := state.run((asked.name, 0)):
        if earlier.request != request:
            yield REUSED, state
            return
        runs = [state.run((asked.name, number)) for number in range(len(asked.licenses))]
        yield Started(tuple((run.allocation, run.leased) for run in runs if run), replayed=True), state
        return
    usable = [pack for pack in state.packs if pack.granted and pack.available and pack.expires > asked.now]
    available = sum(pack.available for pack in usable)
    if available < sum(asked.licenses):
        yield Exhausted(sum(asked.licenses), available), state
        return
    for allocations in _allocations(asked.licenses, usable):
        taken = {
            pack.name: sum(quantity for held in allocations for name, quantity in held if name == pack.name)
            for pack in usable
        }
        if all(taken[pack.name] <= pack.available for pack in usable):
            held = {
                (asked.name, number): _held(asked, allocation, state) for number, allocation in enumerate(allocations)
            }
            packs = [replace(pack, available=pack.available - taken[pack.name]) for pack in usable]
            told = tuple((run.allocation, run.until) for run in held.values())
            yield Started(told, replayed=False), state.having(*packs, runs=held)


def _allocations(licenses: tuple[int, ...], packs: list[Pack]) -> Iterator[tuple[Allocation, ...]]:
    """Every way to take so many licenses for each item.

    Burn-down order is that of the stock as the start saw it, which may have moved before it wrote; which licenses it
    took is told in its answer. That it doesn't pass over licenses which it must have seen is an invariant's to find.
    """
    yield from product(*(list(_splits(quantity, [pack.name for pack in packs])) for quantity in licenses))


def _splits(quantity: int, names: list[str]) -> Iterator[Allocation]:
    if not quantity:
        yield ()
    elif names:
        for taken in range(quantity, -1, -1):
            first = ((names[0], taken),) if taken else ()
            for rest in _splits(quantity - taken, names[1:]):
                yield (*first, *rest)


def _held(asked: Start, allocation: Allocation, state: State) -> Run:
    soonest = min(state.pack(name).expires for name, _ in allocation)
    latest = min(soonest + LEASE_AFTER_EXPIRY, asked.now + LIFE_OF_A_RUN)
    until = min(asked.now + asked.lease, latest)
    return Run((asked.licenses, asked.lease), allocation, leased=until, until=until, latest=latest)


def _heartbeat(state: State, asked: Heartbeat) -> Possible:
    run = state.run(asked.run)
    if run is None:
        yield NOT_FOUND, state
    elif run.settled:
        yield ALREADY_SETTLED, state
    elif run.until <= asked.now:
        yield LeaseEnded(run.until), state
    else:
        until = max(run.until, min(asked.now + asked.seconds, run.latest))
        yield Extended(until), state.having(runs={asked.run: replace(run, until=until)})


def _settle(state: State, asked: Settle) -> Possible:
    run = state.run(asked.run)
    if run is None:
        yield NOT_FOUND, state
        return
    ended = replace(run, settled=asked)
    if run.settled:
        before = replace(run.settled, used=run.used, now=0)
        same = before == replace(asked, used=ended.used, now=0)
        yield (Ended(run.used, now=False) if same else ALREADY_SETTLED), state
    elif run.until <= asked.now:
        yield LeaseEnded(run.until), state
    elif asked.used and asked.used > run.licenses:
        yield TOO_MANY, state
    else:
        packs = [_given_back(state.pack(name), quantity, asked.now) for name, quantity in _unused(ended)]
        yield Ended(ended.used, now=True), state.having(*packs, runs={asked.run: ended})


def _unused(run: Run) -> Iterator[tuple[str, int]]:
    """What a run gives back to its packs: the soonest expiring were used first."""
    used = run.used or 0
    for name, quantity in run.allocation:
        spent = min(used, quantity)
        used -= spent
        if quantity > spent:
            yield name, quantity - spent


def _given_back(pack: Pack, quantity: int, now: int) -> Pack:
    if pack.expires <= now:
        return replace(pack, expired=pack.expired + quantity)
    return replace(pack, available=pack.available + quantity)


def _pay(state: State, asked: Pay) -> Possible:
    pack = state.pack(asked.pack)
    paid = pack if pack.granted else replace(pack, granted=True, available=pack.quantity)
    yield GRANTED, state.having(paid)


def _look_at_pack(state: State, asked: LookAtPack) -> Possible:
    pack = state.pack(asked.pack)
    yield (Counters(pack.available, pack.expired) if pack.granted else NOT_FOUND), state


def _look_at_run(state: State, asked: LookAtRun) -> Possible:
    run = state.run(asked.run)
    if run is None:
        yield NOT_FOUND, state
    elif run.settled:
        yield Standing("consumed" if run.settled.outcome == "succeeded" else "released", run.used), state
    else:
        yield Standing("lapsed" if run.until <= asked.now else "held", None), state


RULES: Mapping[type, Callable[[State, Any], Possible]] = {
    Start: _start,
    Heartbeat: _heartbeat,
    Settle: _settle,
    Pay: _pay,
    LookAtPack: _look_at_pack,
    LookAtRun: _look_at_run,
}

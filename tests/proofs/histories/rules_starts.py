"""What a start may be answered, and what it makes of the state: licenses held, a covered run, or a free retry."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

from tests.proofs.histories.operations import (
    NOT_ACTIVE,
    NOT_COVERED,
    NOT_FOUND,
    NOT_RETRYABLE,
    RETRIED_ENOUGH,
    RETRIES_MAX,
    REUSED,
    Allocation,
    Exhausted,
    Ref,
    Start,
    Started,
    project_of,
)
from tests.proofs.histories.state import Pack, Run, State

HOUR, DAY = 3_600, 86_400
LEASE_AFTER_EXPIRY = 24 * HOUR
LIFE_OF_A_RUN = 30 * DAY

type Possible = Iterator[tuple[object, State]]


def start(state: State, asked: Start) -> Possible:
    if earlier := state.run((asked.name, 0)):
        if earlier.request != _request(asked):
            yield REUSED, state
            return
        runs = [state.run((asked.name, number)) for number in range(len(asked.licenses))]
        yield Started(tuple((run.allocation, run.leased) for run in runs if run), replayed=True), state
    elif state.is_removed(project_of(asked.name)):
        yield NOT_ACTIVE, state
    elif asked.parent:
        yield from _retry(state, asked, asked.parent)
    elif asked.user:
        yield from _covered(state, asked, asked.user)
    else:
        yield from _licensed(state, asked)


def _licensed(state: State, asked: Start) -> Possible:
    usable = [pack for pack in state.packs if pack.usable(asked.now)]
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
            packs = [replace(pack, available=pack.available - taken[pack.name]) for pack in usable]
            yield _begun(asked, [_held(asked, allocation, state) for allocation in allocations], state.having(*packs))


def _covered(state: State, asked: Start, user: str) -> Possible:
    """A user's start: by their entitlement, or not at all, for no history has both users and licenses to hold.

    One that came in the last second of a used entitlement is covered by it, though another has followed it since.
    """
    runs = [Run(_request(asked), (), None, None, None, kind="covered") for _ in asked.licenses]
    met = state.entitlement(user)
    if covering := state.covering(user, asked.now):
        yield _begun(asked, runs, state.entitling(user, replace(covering, used=True)))
    else:
        yield NOT_COVERED, state
    if met and any(asked.now < state.pack(name).expires for name in met.spent):
        yield _begun(asked, runs, state)


def _retry(state: State, asked: Start, ref: Ref) -> Possible:
    parent = state.run(ref)
    if parent is None:
        yield NOT_FOUND, state
    elif parent.settled is None or parent.settled.outcome != "succeeded" or not parent.settled.errors:
        yield NOT_RETRYABLE, state
    elif sum(run.root == (parent.root or ref) for _, run in state.runs) >= RETRIES_MAX:
        yield RETRIED_ENOUGH, state
    else:
        retry = Run(_request(asked), (), None, None, None, kind="free", root=parent.root or ref, parent=ref)
        yield _begun(asked, [retry], state)


def _begun(asked: Start, runs: Sequence[Run], state: State) -> tuple[object, State]:
    told = tuple((run.allocation, run.until) for run in runs)
    begun = {(asked.name, number): run for number, run in enumerate(runs)}
    return Started(told, replayed=False), state.having(runs=begun)


def _request(asked: Start) -> tuple[object, ...]:
    return asked.licenses, asked.lease, asked.user, asked.parent


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
    return Run(_request(asked), allocation, leased=until, until=until, latest=latest)

"""The checker itself, on histories written by hand: of a counter, and of Packhouse."""

from collections.abc import Hashable, Iterable

import pytest

from tests.proofs.histories import model, operations
from tests.proofs.histories.checker import UNKNOWN, Call, UndecidedError, check
from tests.proofs.histories.state import Pack, State, stocked

STOCK = stocked(Pack("soon", expires=100, quantity=2), Pack("late", expires=10**6, quantity=2))


def taking(stock: int, operation: Hashable, answer: Hashable) -> Iterable[int]:
    """A stock from which one is taken at a time: `ok`, or `none` when there is none."""
    assert operation == "take"
    if answer is UNKNOWN:
        return [stock, max(stock - 1, 0)]
    return [stock - (answer == "ok")] if (answer == "ok") == (stock > 0) else []


def explained(*calls: Call, initial: State = STOCK) -> bool:
    """Whether there is an order; to put at once what only tells must make no difference."""
    verdict = check(calls, initial, model.step, tells_only=operations.tells_only)
    assert verdict.linearizable == check(calls, initial, model.step).linearizable
    return verdict.linearizable


def started(allocation: operations.Allocation, until: int = 60, *, replayed: bool = False) -> operations.Started:
    return operations.Started(((allocation, until),), replayed=replayed)


def start(name: str = "a", licenses: int = 1, *, now: int = 0) -> operations.Start:
    return operations.Start(name, (licenses,), lease=60, now=now)


def settle(
    outcome: str = "failed", *, used: int | None = None, errors: tuple[str, ...] = (), now: int = 0
) -> operations.Settle:
    return operations.Settle(("a", 0), outcome, used, errors, now)


ONE, TWO = (("soon", 1),), (("soon", 2),)
BEGUN = Call(0, 1, start(licenses=2), started(TWO))


def test_calls_one_after_another_happen_in_their_order() -> None:
    first, second = Call(0, 1, "take", "ok"), Call(2, 3, "take", "none")

    assert check([first, second], 1, taking).linearizable
    assert not check([Call(0, 1, "take", "none"), Call(2, 3, "take", "ok")], 1, taking).linearizable


def test_calls_at_once_may_have_happened_in_any_order() -> None:
    assert check([Call(0, 9, "take", "none"), Call(1, 2, "take", "ok")], 1, taking).linearizable


def test_the_last_one_taken_twice_is_found_out() -> None:
    verdict = check([Call(0, 9, "take", "ok"), Call(1, 2, "take", "ok")], 1, taking)

    assert not verdict.linearizable
    assert len(verdict.longest) == 1


def test_a_call_that_overlaps_one_of_two_is_bound_by_the_other() -> None:
    """The first was refused before the last was called, so nothing can have been taken in between for its sake."""
    refused, taken = Call(0, 1, "take", "none"), Call(2, 3, "take", "ok")

    assert not check([refused, Call(0, 9, "take", "ok"), taken], 1, taking).linearizable
    assert check([refused, Call(0, 9, "take", "ok")], 1, taking).linearizable


def test_what_nobody_knows_may_have_happened_or_not() -> None:
    unknown = Call(0, 1, "take", UNKNOWN)

    assert check([unknown, Call(2, 3, "take", "ok")], 1, taking).linearizable
    assert check([unknown, Call(2, 3, "take", "none")], 1, taking).linearizable
    assert not check([unknown, Call(2, 3, "take", "none")], 2, taking).linearizable


def test_what_nobody_knows_may_happen_late_but_never_before_its_call() -> None:
    unknown = Call(4, 5, "take", UNKNOWN)
    taken, refused = Call(6, 7, "take", "ok"), Call(8, 9, "take", "none")

    assert check([unknown, taken, refused], 2, taking).linearizable
    assert not check([Call(0, 1, "take", "none"), unknown], 1, taking).linearizable


def test_too_many_orders_are_told_and_not_guessed_at() -> None:
    with pytest.raises(UndecidedError):
        check([Call(0, 9, "take", "ok") for _ in range(8)], 8, taking, configurations_max=3)


@pytest.mark.parametrize(
    "then",
    [
        [(start("b", 3), operations.Exhausted(3, 2))],
        [(start("b"), started((("late", 1),)))],
        [(start(licenses=2), started(TWO, replayed=True))],
        [(start(), operations.REUSED)],
        [
            (settle("succeeded", now=59), operations.Ended(2, now=True)),
            (operations.LookAtPack("soon", 99), operations.Counters(0, 0)),
        ],
        [(settle(), operations.Ended(None, now=True)), (operations.LookAtPack("soon", 0), operations.Counters(2, 0))],
        [(settle(), operations.Ended(None, now=True)), (settle(now=999), operations.Ended(None, now=False))],
        [(settle(), operations.Ended(None, now=True)), (settle("succeeded"), operations.ALREADY_SETTLED)],
        [(settle(), operations.Ended(None, now=True)), (settle(errors=("x",)), operations.ALREADY_SETTLED)],
        [
            (settle("succeeded", used=1), operations.Ended(1, now=True)),
            (start("b", 3), started((("soon", 1), ("late", 2)))),
        ],
        [(settle("succeeded", used=3), operations.TOO_MANY)],
        [
            (settle(now=60), operations.LeaseEnded(60)),
            (operations.LookAtRun(("a", 0), 60), operations.Standing("lapsed", None)),
        ],
        [
            (operations.Heartbeat(("a", 0), 90, 10), operations.Extended(100)),
            (settle(now=60), operations.Ended(None, now=True)),
        ],
        [
            (operations.Heartbeat(("a", 0), 200, 10), operations.Extended(210)),
            (settle(now=150), operations.Ended(None, now=True)),
            (operations.LookAtPack("soon", 150), operations.Counters(0, 2)),
        ],
        [(operations.Heartbeat(("a", 0), 1, 10), operations.Extended(60))],
        [(operations.Heartbeat(("a", 0), 90, 60), operations.LeaseEnded(60))],
        [(operations.Heartbeat(("b", 0), 90, 0), operations.NOT_FOUND)],
    ],
)
def test_true_answers_are_explained(then: list[tuple[Hashable, Hashable]]) -> None:
    calls = [Call(2 * number, 2 * number + 1, *call) for number, call in enumerate(then, start=1)]

    assert explained(BEGUN, *calls)


@pytest.mark.parametrize(
    "then",
    [
        [(start("b", 3), started((("soon", 1), ("late", 2))))],
        [(start("b", 2), operations.Exhausted(2, 1))],
        [(start(licenses=2), started(TWO))],
        [(start(licenses=2), started(ONE, replayed=True))],
        [(start("b", now=100), started(ONE, until=160))],
        [(settle("succeeded"), operations.Ended(1, now=True))],
        [(settle(), operations.Ended(None, now=True)), (settle(), operations.Ended(None, now=True))],
        [(settle(), operations.Ended(None, now=True)), (settle("succeeded"), operations.Ended(2, now=True))],
        [
            (settle("succeeded"), operations.Ended(2, now=True)),
            (operations.LookAtPack("soon", 0), operations.Counters(2, 0)),
        ],
        [(settle(now=60), operations.Ended(None, now=True))],
        [(settle(now=59), operations.LeaseEnded(60))],
        [
            (operations.Heartbeat(("a", 0), 90, 10), operations.Extended(100)),
            (settle(now=60), operations.LeaseEnded(60)),
        ],
        [(settle(now=60), operations.LeaseEnded(60)), (operations.LookAtPack("soon", 60), operations.Counters(2, 0))],
        [
            (settle(), operations.Ended(None, now=True)),
            (operations.Heartbeat(("a", 0), 90, 0), operations.Extended(90)),
        ],
        [(operations.LookAtRun(("a", 0), 0), operations.NOT_FOUND)],
    ],
)
def test_false_answers_are_not(then: list[tuple[Hashable, Hashable]]) -> None:
    calls = [Call(2 * number, 2 * number + 1, *call) for number, call in enumerate(then, start=1)]

    assert explained(BEGUN, *calls[:-1])
    assert not explained(BEGUN, *calls)


def test_a_payment_makes_its_pack_once() -> None:
    bought = stocked(Pack("bought", expires=10**6, quantity=1, granted=False))
    paid, again = (
        Call(0, 5, operations.Pay("bought", 0), operations.GRANTED),
        Call(6, 9, operations.Pay("bought", 0), operations.GRANTED),
    )
    unseen, seen = Call(1, 2, start(), operations.Exhausted(1, 0)), Call(3, 4, start(), started((("bought", 1),)))

    assert explained(paid, unseen, seen, again, initial=bought)
    assert explained(paid, unseen, seen, again, Call(10, 11, start("b"), operations.Exhausted(1, 0)), initial=bought)
    late = Call(10, 11, start("b"), started((("bought", 1),)))
    assert not explained(paid, unseen, seen, again, late, initial=bought)
    assert not explained(Call(0, 1, start(), started((("bought", 1),))), Call(2, 3, *_of(paid)), initial=bought)


def test_a_start_that_nobody_heard_of_may_hold_any_licenses_or_none() -> None:
    lost = Call(0, 1, start(licenses=2), UNKNOWN)

    assert explained(lost, Call(2, 3, start("b", 3), operations.Exhausted(3, 2)))
    assert explained(lost, Call(2, 3, start("b", 4), started((("soon", 2), ("late", 2)))))
    assert explained(lost, Call(2, 3, start(licenses=2), started((("soon", 1), ("late", 1)), replayed=True)))
    assert not explained(lost, Call(2, 3, start("b", 4), operations.Exhausted(4, 3)))


ADA = operations.Start("e", (1,), lease=60, now=0, user="ada")
COVERED = operations.Started((((), None),), replayed=False)
ASSIGNED = Call(0, 1, operations.Assign("ada", 0), operations.Assigned("soon", now=True))
STARTED = Call(2, 3, ADA, COVERED)
WITHDRAWN = operations.Withdrawn("soon")
LEFT_ONE = Call(4, 5, operations.Settle(("e", 0), "succeeded", None, ("one",), 0), operations.Ended(None, now=True))


def after(*then: tuple[Hashable, Hashable]) -> list[Call]:
    return [Call(10 + 2 * number, 11 + 2 * number, *call) for number, call in enumerate(then)]


def retry(name: str, of: str = "e") -> operations.Start:
    return operations.Start(name, (1,), lease=60, now=0, parent=(of, 0))


def test_of_a_withdrawal_and_a_covered_start_at_once_both_answers_must_fit() -> None:
    start_won = Call(2, 9, operations.Withdraw("ada", 0), operations.ENTITLEMENT_USED)
    withdrawal_won = Call(2, 9, operations.Withdraw("ada", 0), WITHDRAWN)

    assert explained(ASSIGNED, STARTED, start_won)
    assert explained(ASSIGNED, Call(2, 9, ADA, operations.NOT_COVERED), withdrawal_won)
    assert not explained(ASSIGNED, STARTED, withdrawal_won)
    assert not explained(ASSIGNED, Call(2, 9, ADA, operations.NOT_COVERED), start_won)


def test_an_assigned_license_is_out_of_its_pack_until_it_is_withdrawn() -> None:
    look, withdraw = operations.LookAtPack("soon", 0), operations.Withdraw("ada", 0)
    back = [(withdraw, WITHDRAWN), (look, operations.Counters(2, 0)), (withdraw, WITHDRAWN)]

    assert explained(ASSIGNED, *after((look, operations.Counters(1, 0, assigned=1)), *back))
    assert not explained(ASSIGNED, *after((look, operations.Counters(2, 0))))
    assert not explained(ASSIGNED, *after((operations.Assign("ada", 0), operations.Assigned("late", now=True))))
    assert explained(ASSIGNED, *after((operations.Assign("ada", 100), operations.Assigned("late", now=True))))
    assert explained(ASSIGNED, *after((operations.Withdraw("ada", 100), operations.PACK_ENDED)))


def test_a_root_is_retried_once_and_only_for_the_errors_it_left() -> None:
    other = operations.Settle(("r", 0), "failed", None, ("two",), 0)
    once = (retry("r"), COVERED)

    assert explained(ASSIGNED, STARTED, *after((retry("r"), operations.NOT_RETRYABLE)))
    assert explained(ASSIGNED, STARTED, LEFT_ONE, *after(once, (other, operations.OTHER_ERRORS)))
    assert explained(ASSIGNED, STARTED, LEFT_ONE, *after(once, (retry("t"), operations.RETRIED_ENOUGH)))
    assert not explained(ASSIGNED, STARTED, LEFT_ONE, *after(once, (retry("t"), COVERED)))
    assert not explained(ASSIGNED, STARTED, *after(once))


def test_of_a_settlement_and_a_lapse_at_once_both_answers_must_fit() -> None:
    swept = Call(2, 9, operations.SweepRun(("a", 0), 60), operations.LAPSED)
    left = Call(2, 9, operations.SweepRun(("a", 0), 60), operations.LEFT)
    settled = Call(2, 9, settle(now=59), operations.Ended(None, now=True))
    too_late = Call(2, 9, settle(now=59), operations.LeaseEnded(60))

    assert explained(BEGUN, left, settled)
    assert explained(BEGUN, swept, too_late, *after((operations.LookAtPack("soon", 60), operations.Counters(2, 0))))
    assert not explained(BEGUN, swept, settled)
    assert not explained(BEGUN, left, too_late)
    assert not explained(BEGUN, left)


def test_what_is_left_of_a_pack_expires_once_and_what_comes_late_at_the_last_look() -> None:
    late = (settle(now=50), operations.Ended(None, now=True))
    ends = [(operations.SweepPack("soon", now), operations.EXPIRED) for now in (100, 400)]
    counted = (operations.LookAtPack("soon", 400), operations.Counters(0, 2))

    assert explained(BEGUN, *after(ends[0], late, ends[1], counted))
    assert not explained(BEGUN, *after(ends[0], late, counted))
    assert not explained(BEGUN, *after(ends[0], ends[0]))


def test_of_a_removal_and_a_start_at_once_both_answers_must_fit() -> None:
    removed = Call(0, 9, operations.Remove("p", release=False, now=0), operations.REMOVED)
    refused = Call(0, 9, operations.Remove("p", release=False, now=0), operations.OPEN_RUNS)
    released = Call(0, 9, operations.Remove("p", release=True, now=0), operations.REMOVED)
    stopped = (operations.SweepRun(("a", 0), 1), operations.STOPPED)

    assert explained(Call(0, 9, BEGUN.operation, operations.NOT_ACTIVE), removed)
    assert explained(BEGUN, refused)
    assert explained(BEGUN, released, *after(stopped, (settle("stopped"), operations.Ended(None, now=False))))
    assert not explained(BEGUN, removed)
    assert not explained(BEGUN, refused, *after(stopped))
    assert not explained(Call(0, 9, BEGUN.operation, operations.NOT_ACTIVE), refused)


def _of(call: Call) -> tuple[Hashable, Hashable]:
    return call.operation, call.answer

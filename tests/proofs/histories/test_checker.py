"""The checker itself, on histories written by hand: of a counter, and of Packhouse."""

from collections.abc import Hashable, Iterable

import pytest

from tests.proofs.histories import model, plans
from tests.proofs.histories.checker import UNKNOWN, Call, UndecidedError, check
from tests.proofs.model.rules import calls
from tests.proofs.model.rules.calls import BUNDLE, MAILBOXES, NOT_FOUND, Refused
from tests.proofs.model.rules.state import Order, Pack, Page, Project, Shelf, State, Terms, Type

WORK = frozenset({MAILBOXES})
TYPES = {
    MAILBOXES: Type(sku=MAILBOXES, services=WORK, on_success=True, months=12, lease=60, price=1),
    BUNDLE: Type(sku=BUNDLE, services=WORK, on_success=False, months=12, lease=60, price=2),
}
POLICIES = {
    "inactivity_months": 6,
    "lease_hours_after_pack_expiry": 24,
    "pack_reminder_days": 30,
    "packs_per_run_max": 5,
    "project_last_warning_days": 1,
    "project_second_warning_days": 7,
    "project_warning_days": 30,
    "retries_per_root_max": 1,
    "run_days_max": 30,
}


def beginning(sku: str, **expires: int) -> State:
    """Two licenses in each pack, and both projects."""
    state = State(Terms(TYPES, POLICIES), projects=Shelf({name: Project(name=name, most=9) for name in ("p", "q")}))
    packs = [Pack(name=name, sku=sku, available=2, acquired=0, expires=at, due=at) for name, at in expires.items()]
    return state.with_packs(*packs)


STOCK = beginning(MAILBOXES, soon=100, late=10**6)
BUNDLES = beginning(BUNDLE, soon=100, late=10**6)


def taking(stock: int, operation: Hashable, answer: Hashable) -> Iterable[int]:
    """A stock from which one is taken at a time: `ok`, or `none` when there is none."""
    assert operation == "take"
    if answer is UNKNOWN:
        return [stock, max(stock - 1, 0)]
    return [stock - (answer == "ok")] if (answer == "ok") == (stock > 0) else []


def explained(*history: Call, initial: State = STOCK) -> bool:
    """Whether there is an order; to put at once what only tells must make no difference."""
    verdict = check(history, initial, model.step, tells_only=calls.tells_only)
    assert verdict.linearizable == check(history, initial, model.step).linearizable
    return verdict.linearizable


def started(allocation: calls.Allocation, until: int = 60, *, replayed: bool = False) -> calls.Started:
    return calls.Started(((allocation, until),), replayed=replayed)


def start(name: str = "a", licenses: int = 1, *, now: int = 0) -> calls.Start:
    return plans.start(name, (licenses,), 60, now=now)


def exhausted(asked: int, available: int) -> Refused:
    return Refused("licenses-exhausted", (asked, available))


def lease_ended(at: int) -> Refused:
    return Refused("lease-ended", (at,))


def settle(
    outcome: str = "failed", *, used: int | None = None, errors: tuple[str, ...] = (), now: int = 0
) -> calls.Settle:
    return calls.Settle(("a", 0), outcome, used, errors, now)


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
        [(start("b", 3), exhausted(3, 2))],
        [(start("b"), started((("late", 1),)))],
        [(start(licenses=2), started(TWO, replayed=True))],
        [(start(), Refused("idempotency-key-reused"))],
        [
            (settle("succeeded", now=59), calls.Ended(2, now=True)),
            (calls.LookAtPack("soon", 99), calls.Counters(0, 0)),
        ],
        [(settle(), calls.Ended(None, now=True)), (calls.LookAtPack("soon", 0), calls.Counters(2, 0))],
        [(settle(), calls.Ended(None, now=True)), (settle(now=999), calls.Ended(None, now=False))],
        [(settle(), calls.Ended(None, now=True)), (settle("succeeded"), Refused("run-already-settled"))],
        [(settle(), calls.Ended(None, now=True)), (settle(errors=("x",)), Refused("run-already-settled"))],
        [
            (settle("succeeded", used=1), calls.Ended(1, now=True)),
            (start("b", 3), started((("soon", 1), ("late", 2)))),
        ],
        [(settle("succeeded", used=3), Refused("invalid-request"))],
        [
            (settle(now=60), lease_ended(60)),
            (calls.LookAtRun(("a", 0), 60), calls.Standing("lapsed", None)),
        ],
        [
            (calls.Heartbeat(("a", 0), 90, 10), calls.Extended(100)),
            (settle(now=60), calls.Ended(None, now=True)),
        ],
        [
            (calls.Heartbeat(("a", 0), 200, 10), calls.Extended(210)),
            (settle(now=150), calls.Ended(None, now=True)),
            (calls.LookAtPack("soon", 150), calls.Counters(0, 2)),
        ],
        [(calls.Heartbeat(("a", 0), 1, 10), calls.Extended(60))],
        [(calls.Heartbeat(("a", 0), 90, 60), lease_ended(60))],
        [(calls.Heartbeat(("b", 0), 90, 0), NOT_FOUND)],
    ],
)
def test_true_answers_are_explained(then: list[tuple[Hashable, Hashable]]) -> None:
    history = [Call(2 * number, 2 * number + 1, *call) for number, call in enumerate(then, start=1)]

    assert explained(BEGUN, *history)


@pytest.mark.parametrize(
    "then",
    [
        [(start("b", 3), started((("soon", 1), ("late", 2))))],
        [(start("b", 2), exhausted(2, 1))],
        [(start(licenses=2), started(TWO))],
        [(start(licenses=2), started(ONE, replayed=True))],
        [(start("b", now=100), started(ONE, until=160))],
        [(settle("succeeded"), calls.Ended(1, now=True))],
        [(settle(), calls.Ended(None, now=True)), (settle(), calls.Ended(None, now=True))],
        [(settle(), calls.Ended(None, now=True)), (settle("succeeded"), calls.Ended(2, now=True))],
        [
            (settle("succeeded"), calls.Ended(2, now=True)),
            (calls.LookAtPack("soon", 0), calls.Counters(2, 0)),
        ],
        [(settle(now=60), calls.Ended(None, now=True))],
        [(settle(now=59), lease_ended(60))],
        [
            (calls.Heartbeat(("a", 0), 90, 10), calls.Extended(100)),
            (settle(now=60), lease_ended(60)),
        ],
        [(settle(now=60), lease_ended(60)), (calls.LookAtPack("soon", 60), calls.Counters(2, 0))],
        [
            (settle(), calls.Ended(None, now=True)),
            (calls.Heartbeat(("a", 0), 90, 0), calls.Extended(90)),
        ],
        [(calls.LookAtRun(("a", 0), 0), NOT_FOUND)],
    ],
)
def test_false_answers_are_not(then: list[tuple[Hashable, Hashable]]) -> None:
    history = [Call(2 * number, 2 * number + 1, *call) for number, call in enumerate(then, start=1)]

    assert explained(BEGUN, *history[:-1])
    assert not explained(BEGUN, *history)


def test_a_payment_makes_its_pack_once() -> None:
    page = Page("", ends=60, paid_at=0)
    bought = beginning(MAILBOXES).with_order(Order(name="one", lines=((MAILBOXES, 1),), expires=60, pages=(page,)))
    told = calls.Pay("one", ("bought",), 0), calls.Done("granted")
    paid, again = Call(0, 5, *told), Call(6, 9, *told)
    unseen, seen = Call(1, 2, start(), exhausted(1, 0)), Call(3, 4, start(), started((("bought", 1),)))

    assert explained(paid, unseen, seen, again, initial=bought)
    assert explained(paid, unseen, seen, again, Call(10, 11, start("b"), exhausted(1, 0)), initial=bought)
    late = Call(10, 11, start("b"), started((("bought", 1),)))
    assert not explained(paid, unseen, seen, again, late, initial=bought)
    assert not explained(Call(0, 1, start(), started((("bought", 1),))), Call(2, 3, *_of(paid)), initial=bought)


def test_a_start_that_nobody_heard_of_may_hold_any_licenses_or_none() -> None:
    lost = Call(0, 1, start(licenses=2), UNKNOWN)

    assert explained(lost, Call(2, 3, start("b", 3), exhausted(3, 2)))
    assert explained(lost, Call(2, 3, start("b", 4), started((("soon", 2), ("late", 2)))))
    assert explained(lost, Call(2, 3, start(licenses=2), started((("soon", 1), ("late", 1)), replayed=True)))
    assert not explained(lost, Call(2, 3, start("b", 4), exhausted(4, 3)))


def test_a_license_of_an_unknown_pack_is_explained_by_nothing() -> None:
    assert not explained(Call(0, 1, start(), started((("unknown pack_01", 1),))))


ADA = plans.start("e", (1,), 60, now=0, user="ada")
COVERED = calls.Started((((), None),), replayed=False)
ASSIGNED = Call(0, 1, calls.Assign("ada", 0), calls.Assigned("soon", now=True))
STARTED = Call(2, 3, ADA, COVERED)
WITHDRAWN = calls.Withdrawn("soon")
LEFT_ONE = Call(4, 5, calls.Settle(("e", 0), "succeeded", None, ("one",), 0), calls.Ended(None, now=True))


def entitled(*history: Call) -> bool:
    return explained(*history, initial=BUNDLES)


def after(*then: tuple[Hashable, Hashable]) -> list[Call]:
    return [Call(10 + 2 * number, 11 + 2 * number, *call) for number, call in enumerate(then)]


def retry(name: str, of: str = "e") -> calls.Start:
    return plans.start(name, (1,), 60, now=0, parent=(of, 0))


def test_of_a_withdrawal_and_a_covered_start_at_once_both_answers_must_fit() -> None:
    start_won = Call(2, 9, calls.Withdraw("ada", 0), Refused("entitlement-used"))
    withdrawal_won = Call(2, 9, calls.Withdraw("ada", 0), WITHDRAWN)

    assert entitled(ASSIGNED, STARTED, start_won)
    assert entitled(ASSIGNED, Call(2, 9, ADA, model.NOT_COVERED), withdrawal_won)
    assert not entitled(ASSIGNED, STARTED, withdrawal_won)
    assert not entitled(ASSIGNED, Call(2, 9, ADA, model.NOT_COVERED), start_won)


def test_an_assigned_license_is_out_of_its_pack_until_it_is_withdrawn() -> None:
    look, withdraw = calls.LookAtPack("soon", 0), calls.Withdraw("ada", 0)
    back = [(withdraw, WITHDRAWN), (look, calls.Counters(2, 0)), (withdraw, WITHDRAWN)]

    assert entitled(ASSIGNED, *after((look, calls.Counters(1, 0, assigned=1)), *back))
    assert not entitled(ASSIGNED, *after((look, calls.Counters(2, 0))))
    assert not entitled(ASSIGNED, *after((calls.Assign("ada", 0), calls.Assigned("late", now=True))))
    assert entitled(ASSIGNED, *after((calls.Assign("ada", 100), calls.Assigned("late", now=True))))
    assert entitled(ASSIGNED, *after((calls.Withdraw("ada", 100), Refused("pack-not-usable"))))


def test_a_root_is_retried_once_and_only_for_the_errors_it_left() -> None:
    other = calls.Settle(("r", 0), "failed", None, ("two",), 0)
    once = (retry("r"), COVERED)

    assert entitled(ASSIGNED, STARTED, *after((retry("r"), Refused("parent-not-retryable"))))
    assert entitled(ASSIGNED, STARTED, LEFT_ONE, *after(once, (other, Refused("errors-not-of-parent"))))
    assert entitled(ASSIGNED, STARTED, LEFT_ONE, *after(once, (retry("t"), Refused("retries-exhausted"))))
    assert not entitled(ASSIGNED, STARTED, LEFT_ONE, *after(once, (retry("t"), COVERED)))
    assert not entitled(ASSIGNED, STARTED, *after(once))


def test_of_a_settlement_and_a_lapse_at_once_both_answers_must_fit() -> None:
    swept = Call(2, 9, calls.SweepRun(("a", 0), 60), calls.LAPSED)
    left = Call(2, 9, calls.SweepRun(("a", 0), 60), calls.LEFT)
    settled = Call(2, 9, settle(now=59), calls.Ended(None, now=True))
    too_late = Call(2, 9, settle(now=59), lease_ended(60))

    assert explained(BEGUN, left, settled)
    assert explained(BEGUN, swept, too_late, *after((calls.LookAtPack("soon", 60), calls.Counters(2, 0))))
    assert not explained(BEGUN, swept, settled)
    assert not explained(BEGUN, left, too_late)
    assert not explained(BEGUN, left)


def test_what_is_left_of_a_pack_expires_once_and_what_comes_late_at_the_last_look() -> None:
    late = (settle(now=50), calls.Ended(None, now=True))
    ends = [(calls.SweepPack("soon", now), calls.EXPIRED) for now in (100, 400)]
    counted = (calls.LookAtPack("soon", 400), calls.Counters(0, 2))

    assert explained(BEGUN, *after(ends[0], late, ends[1], counted))
    assert not explained(BEGUN, *after(ends[0], late, counted))
    assert not explained(BEGUN, *after(ends[0], ends[0]))


def test_of_a_removal_and_a_start_at_once_both_answers_must_fit() -> None:
    removed = Call(0, 9, calls.Remove("p", release=False, now=0), calls.Done("removed"))
    refused = Call(0, 9, calls.Remove("p", release=False, now=0), Refused("project-has-open-runs"))
    released = Call(0, 9, calls.Remove("p", release=True, now=0), calls.Done("removed"))
    stopped = (calls.SweepRun(("a", 0), 1), calls.STOPPED)

    assert explained(Call(0, 9, BEGUN.operation, Refused("project-not-active")), removed)
    assert explained(BEGUN, refused)
    assert explained(BEGUN, released, *after(stopped, (settle("stopped"), calls.Ended(None, now=False))))
    assert not explained(BEGUN, removed)
    assert not explained(BEGUN, refused, *after(stopped))
    assert not explained(Call(0, 9, BEGUN.operation, Refused("project-not-active")), refused)


def _of(call: Call) -> tuple[Hashable, Hashable]:
    return call.operation, call.answer

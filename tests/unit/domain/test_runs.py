from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packhouse.domain import ids
from packhouse.domain.runs import (
    Allocation,
    Coverage,
    Outcome,
    Run,
    RunState,
    Settlement,
    allocate,
    lease_latest_at,
    leased_until,
    require_one_transaction,
    retryable,
)
from packhouse.errors import StartTooScattered

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)


def pack(number: int) -> str:
    return ids.pack_id("MB", str(number), expires_at=NOW + timedelta(days=number + 1), acquired_at=NOW)


def run(**held: int) -> Run:
    return Run(
        workgroup_id="wg",
        project_id="prj",
        run_id="run",
        item_id="box",
        service="mailbox-migration",
        sku="mailbox-migration",
        allocation=dict(sorted((pack(int(name[1:])), quantity) for name, quantity in held.items())),
        started_at=NOW,
        started_by="ada",
        lease_seconds=3600,
        lease_latest_at=NOW + timedelta(days=30),
        lease_expires_at=NOW + timedelta(hours=1),
        request_hash="hash",
    )


def started(allocations: Sequence[Allocation]) -> list[Run]:
    return [replace(run(), run_id=f"run {number}", allocation=one) for number, one in enumerate(allocations)]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=30), st.lists(st.integers(1, 3), min_size=1, max_size=20))
def test_items_take_what_they_asked_for_in_burn_down_order_and_no_more_than_there_is(
    stock: list[int], wanted: list[int]
) -> None:
    held = {pack(number): quantity for number, quantity in enumerate(stock)}
    if sum(wanted) > sum(stock):
        wanted = [1] * min(len(wanted), sum(stock))

    allocations = allocate(held, wanted)

    assert [sum(allocation.values()) for allocation in allocations] == wanted
    taken = {name: sum(allocation.get(name, 0) for allocation in allocations) for name in held}
    assert all(taken[name] <= held[name] for name in held)
    latest = max(name for allocation in allocations for name in allocation)
    assert all(taken[name] == held[name] for name in held if name < latest)


def test_a_start_that_needs_more_writes_than_a_transaction_holds_says_how_many_items_would_do() -> None:
    runs = started(allocate({pack(number): 1 for number in range(98)}, [1] * 98))

    with pytest.raises(StartTooScattered) as refusal:
        require_one_transaction(runs, {}, packs_per_run_max=5)

    assert refusal.value.items_max == 49  # 49 items, 49 packs, the project: 99 writes
    require_one_transaction(runs[:49], {}, packs_per_run_max=5)


@pytest.mark.parametrize(("shared", "items_max"), [(1, 98), (10, 89), (98, 49)])
def test_what_several_runs_share_is_one_write_more(shared: int, items_max: int) -> None:
    runs = started([{}] * 98)
    also = {run.run_id: f"root {number % shared}" for number, run in enumerate(runs)}

    require_one_transaction(runs[:items_max], also, packs_per_run_max=5)
    if items_max < 98:
        with pytest.raises(StartTooScattered) as refusal:
            require_one_transaction(runs, also, packs_per_run_max=5)
        assert refusal.value.items_max == items_max


def test_an_item_on_more_packs_than_a_run_may_hold_is_too_scattered() -> None:
    runs = started(allocate({pack(number): 1 for number in range(8)}, [2, 6]))

    with pytest.raises(StartTooScattered) as refusal:
        require_one_transaction(runs, {}, packs_per_run_max=5)

    assert refusal.value.items_max == 1
    with pytest.raises(StartTooScattered, match="Ask for fewer licenses") as alone:
        require_one_transaction(runs[1:], {}, packs_per_run_max=5)
    assert alone.value.items_max == 0


def test_what_was_used_is_the_soonest_expiring_and_the_rest_goes_back() -> None:
    ended = run(p0=2, p1=2, p2=1).settled(Settlement(outcome=Outcome.SUCCEEDED, licenses_used=3), by="worker", at=NOW)

    assert ended.state is RunState.CONSUMED
    assert ended.consumed() == {pack(0): 2, pack(1): 1}
    assert ended.given_back() == {pack(1): 1, pack(2): 1}


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.STOPPED])
def test_what_did_not_succeed_gives_everything_back(outcome: Outcome) -> None:
    ended = run(p0=2, p1=1).settled(Settlement(outcome=outcome), by="worker", at=NOW)

    assert ended.state is RunState.RELEASED
    assert ended.licenses_used is None
    assert ended.given_back() == ended.allocation


def test_a_hold_reads_as_lapsed_from_the_instant_its_lease_ends() -> None:
    held = run(p0=1)
    assert held.lease_expires_at is not None

    assert held.standing(held.lease_expires_at - timedelta(seconds=1)) is RunState.HELD
    assert held.standing(held.lease_expires_at) is RunState.LAPSED


def test_a_settled_run_never_reads_as_lapsed() -> None:
    ended = run(p0=1).settled(Settlement(outcome=Outcome.SUCCEEDED), by="worker", at=NOW)

    assert ended.standing(NOW + timedelta(days=400)) is RunState.CONSUMED


def test_a_run_tells_how_it_was_started_whatever_became_of_it() -> None:
    started = run(p0=1)
    ended = started.settled(Settlement(outcome=Outcome.SUCCEEDED, errors=("mail",), error_count=3), by="worker", at=NOW)

    assert ended.as_started() == started


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (Settlement(outcome=Outcome.SUCCEEDED), True),
        (Settlement(outcome=Outcome.SUCCEEDED, licenses_used=2), True),
        (Settlement(outcome=Outcome.SUCCEEDED, licenses_used=1), False),
        (Settlement(outcome=Outcome.FAILED), False),
        (Settlement(outcome=Outcome.SUCCEEDED, error_count=1), False),
        (Settlement(outcome=Outcome.SUCCEEDED, errors=("mail",), error_count=1), False),
    ],
)
def test_a_settlement_is_the_same_if_it_would_end_the_run_just_so(other: Settlement, *, same: bool) -> None:
    ended = run(p0=2).settled(Settlement(outcome=Outcome.SUCCEEDED), by="worker", at=NOW)

    assert ended.settled_as(other) is same


def test_a_lease_ends_at_the_latest_so_long_after_the_soonest_expiry_and_within_the_runs_life() -> None:
    soon, late = pack(3), pack(90)  # expire in 4 and in 91 days

    assert lease_latest_at({soon: 1, late: 1}, NOW, hours_after_expiry=24, days=30) == NOW + timedelta(days=5)
    assert lease_latest_at({soon: 1}, NOW, hours_after_expiry=0, days=30) == NOW + timedelta(days=4)
    assert lease_latest_at({late: 1}, NOW, hours_after_expiry=24, days=30) == NOW + timedelta(days=30)
    assert leased_until(NOW, 3600, NOW + timedelta(minutes=5)) == NOW + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("outcome", "error_count", "coverage", "retried"),
    [
        (Outcome.SUCCEEDED, 1, Coverage.LICENSED, True),
        (Outcome.SUCCEEDED, 1, Coverage.COVERED, True),
        (Outcome.SUCCEEDED, 1, Coverage.FREE, True),
        (Outcome.SUCCEEDED, 0, Coverage.LICENSED, False),
        (Outcome.FAILED, 1, Coverage.LICENSED, False),
        (Outcome.STOPPED, 1, Coverage.COVERED, False),
        (None, 0, Coverage.LICENSED, False),
    ],
)
def test_what_succeeded_and_left_errors_can_be_retried_whatever_it_ran_on(
    outcome: Outcome | None,
    error_count: int,
    coverage: Coverage,
    retried: bool,
) -> None:
    parent = replace(run(), outcome=outcome, error_count=error_count, coverage=coverage, state=coverage.first_state)

    assert retryable(parent, item_id=parent.item_id, service=parent.service) is retried
    assert not retryable(parent, item_id="another", service=parent.service)
    assert not retryable(parent, item_id=parent.item_id, service="another")


@pytest.mark.parametrize("coverage", [Coverage.COVERED, Coverage.FREE])
def test_a_run_without_a_license_is_open_until_it_is_settled_and_keeps_its_state(coverage: Coverage) -> None:
    begun = replace(
        run(), allocation={}, coverage=coverage, state=coverage.first_state, lease_expires_at=None, lease_seconds=None
    )
    settlement = Settlement(outcome=Outcome.SUCCEEDED, errors=("mail-1",), error_count=1)

    ended = begun.settled(settlement, by="worker", at=NOW + timedelta(days=400))

    assert begun.is_open(NOW + timedelta(days=400))
    assert not ended.is_open(NOW)
    assert (ended.state, ended.licenses_used, ended.given_back()) == (begun.state, None, {})
    assert ended.settled_as(settlement)
    assert not ended.settled_as(replace(settlement, errors=()))
    assert ended.as_started() == begun

"""Which packs a run's licenses come from and go back to, in whatever order they are listed; and where retries begin."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from packhouse.domain.runs import Outcome, Run, RunState, Settlement, allocate, require_one_transaction
from packhouse.errors import StartTooScattered

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
RUN = Run(
    workgroup_id="wg",
    project_id="prj",
    run_id="run_1",
    item_id="box",
    service="mail",
    sku="mail",
    allocation={"pack_2": 2, "pack_1": 1},
    started_at=NOW,
    started_by="ada",
    lease_seconds=3600,
    lease_expires_at=NOW + timedelta(hours=1),
    request_hash="hash",
)


def test_licenses_are_taken_in_the_order_of_the_ids_however_the_stock_lists_them() -> None:
    assert allocate({"pack_2": 1, "pack_3": 9, "pack_1": 1}, [1, 2]) == [{"pack_1": 1}, {"pack_2": 1, "pack_3": 1}]


def test_for_nothing_nothing_is_taken() -> None:
    assert allocate({}, []) == []


def test_what_was_used_is_counted_in_the_order_of_the_ids_however_the_run_lists_them() -> None:
    ended = RUN.settled(Settlement(outcome=Outcome.SUCCEEDED, licenses_used=1), by="worker", at=NOW)

    assert (ended.consumed(), ended.given_back()) == ({"pack_1": 1}, {"pack_2": 2})


def test_a_lapsed_run_gives_back_all_that_it_held() -> None:
    lapsed = RUN.lapsed()

    assert lapsed == replace(RUN, state=RunState.LAPSED)
    assert (lapsed.consumed(), lapsed.given_back()) == ({}, RUN.allocation)


def test_retries_go_back_to_the_run_at_which_their_chain_began() -> None:
    assert RUN.root == "run_1"
    assert replace(RUN, parent_run_id="run_8", root_run_id="run_0").root == "run_0"


@pytest.mark.parametrize(("packs", "fits"), [(4, True), (5, True), (6, False)])
def test_a_run_holds_licenses_of_as_many_packs_as_one_may(packs: int, *, fits: bool) -> None:
    run = replace(RUN, allocation={f"pack_{number}": 1 for number in range(packs)})

    if fits:
        require_one_transaction([run], {}, packs_per_run_max=5)
        return
    with pytest.raises(StartTooScattered):
        require_one_transaction([run], {}, packs_per_run_max=5)

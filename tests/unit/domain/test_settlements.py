"""Settlements: which of them a single write can book."""

import pytest

from packhouse.domain.runs import Outcome, Settlement


@pytest.mark.parametrize(
    ("settlement", "alone"),
    [
        (Settlement(outcome=Outcome.SUCCEEDED), True),
        (Settlement(outcome=Outcome.SUCCEEDED, error_count=3), True),
        (Settlement(outcome=Outcome.SUCCEEDED, licenses_used=1), False),
        (Settlement(outcome=Outcome.SUCCEEDED, errors=("mail-1",), error_count=1), False),
        (Settlement(outcome=Outcome.FAILED), False),
        (Settlement(outcome=Outcome.STOPPED), False),
    ],
)
def test_only_a_success_that_gives_nothing_back_and_keeps_no_error_is_written_alone(
    settlement: Settlement, *, alone: bool
) -> None:
    assert settlement.spends_all is alone

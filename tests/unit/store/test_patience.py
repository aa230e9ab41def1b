"""A step whose items others change is attempted again, each time with what is read then."""

import pytest

from packhouse.errors import TryAgain
from packhouse.store.patience import TRIES_MAX, Moved, until_settled


def test_after_a_move_the_step_is_attempted_with_a_fresh_read() -> None:
    reads, attempts = iter(["second", "third"]), list[str]()

    def attempt(seen: str) -> str:
        attempts.append(seen)
        if len(attempts) < TRIES_MAX - 2:
            raise Moved
        return seen

    assert until_settled(lambda: next(reads), attempt, first="first") == "third"
    assert attempts == ["first", "second", "third"]


def test_a_step_that_always_meets_a_move_is_to_be_tried_again() -> None:
    def attempt(_seen: str) -> str:
        raise Moved

    with pytest.raises(TryAgain):
        until_settled(lambda: "read", attempt)

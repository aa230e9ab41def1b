"""The stamp of a change: its instant, its parts, and whether an item bears it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from packhouse.domain import instants
from packhouse.domain.access import Stamp

NOW = datetime(2026, 11, 24, 3, 4, 5, 678_901, tzinfo=UTC)
STAMP = Stamp(principal="ada", request_id="one", changed_at=NOW)


def item(request_id: str = "one", changed_at: datetime = NOW) -> dict[str, str]:
    return {"principal": "ada", "request_id": request_id, "changed_at": instants.precise(changed_at)}


def test_a_change_counts_from_the_second_it_was_made_in() -> None:
    assert STAMP.at == datetime(2026, 11, 24, 3, 4, 5, tzinfo=UTC)


def test_a_part_of_a_request_has_its_number_and_everything_else_of_its_stamp() -> None:
    assert STAMP.part(7) == replace(STAMP, request_id="one#7")


@pytest.mark.parametrize(
    ("stamp", "borne"),
    [
        (item(), True),
        (item("one#7"), True),
        (item("two"), False),
        (item("two#1"), False),
        (item(changed_at=NOW + timedelta(microseconds=1)), False),
        (item("two", NOW + timedelta(microseconds=1)), False),
    ],
)
def test_an_item_bears_a_stamp_if_its_request_and_its_instant_are_the_stamps(
    stamp: dict[str, str], *, borne: bool
) -> None:
    assert STAMP.is_on(stamp) is borne
    assert STAMP.part(3).is_on(stamp) is borne  # another part of the same request wrote it

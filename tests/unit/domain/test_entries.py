"""Entries of the security log: the request that a reader is told, and the month an entry is kept in."""

from dataclasses import replace

import pytest

from packhouse.domain.journal import Entry

ENTRY = Entry(
    owner="wg",
    entry_id="1",
    at="2026-11-24T03:04:05.678901Z",
    kind="pack.granted",
    item="pack_1",
    actor="ada",
    request_id="one",
    changes=[],
    project_id=None,
    pack_ids=["pack_1"],
    sequence="1",
)


@pytest.mark.parametrize(
    ("request_id", "told"), [("one", "one"), ("one#7", "one"), ("one#7#8", "one"), ("#7", ""), (None, None)]
)
def test_a_reader_is_told_the_request_without_its_part(request_id: str | None, told: str | None) -> None:
    assert replace(ENTRY, request_id=request_id).request == told


@pytest.mark.parametrize(
    ("at", "month"),
    [("2026-11-24T03:04:05.678901Z", "202611"), ("2027-01-01T00:00:00.000000Z", "202701")],
)
def test_an_entry_is_kept_in_its_month_of_utc(at: str, month: str) -> None:
    assert replace(ENTRY, at=at).month == month

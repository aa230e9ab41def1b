"""Ids and instants as they are stored, spelled out: another width or form would part them from what is there."""

from datetime import UTC, datetime

import pytest

from packhouse.domain import ids, instants

EXPIRES, ACQUIRED = datetime(2027, 11, 24, 3, tzinfo=UTC), datetime(2026, 11, 24, 3, tzinfo=UTC)


def test_a_pack_id_is_its_code_two_instants_of_seven_symbols_and_sixteen_of_its_name() -> None:
    pack = ids.pack_id("MB", "wg", "ord_1", "0", expires_at=EXPIRES, acquired_at=ACQUIRED)

    code, expires, acquired, tail = pack[5:7], pack[7:14], pack[14:21], pack[21:]
    assert (code, expires, acquired) == ("MB", ids.crockford(EXPIRES), ids.crockford(ACQUIRED))
    assert (ids.crockford(EXPIRES), ids.crockford(ACQUIRED)) == ("1PECC9G", "1NG9ZDG")
    assert (len(tail), len(pack)) == (16, 37)


@pytest.mark.parametrize(
    ("seconds", "symbols"), [(0, "0000000"), (31, "000000Z"), (32, "0000010"), (32**7 - 1, "ZZZZZZZ")]
)
def test_an_instant_in_an_id_is_always_as_wide(seconds: int, symbols: str) -> None:
    assert ids.crockford(datetime.fromtimestamp(seconds, UTC)) == symbols


def test_the_hash_of_a_request_is_half_a_sha_256() -> None:
    assert ids.request_hash({"a": 1}) == "AVq9f1zFei3ZS3WQ8ErYCA"


@pytest.mark.parametrize(
    ("stored", "precise"),
    [
        ("2026-11-24T03:00:00.000000Z", True),
        ("2026-11-24T03:00:00.000001Z", True),
        ("2026-11-24T03:00:00Z", False),
        ("2026-11-24T03:00:00.000000+00:00", False),
        ("2026-11-24", False),
        ("yesterday", False),
        ("", False),
    ],
)
def test_a_stamp_is_told_apart_from_any_other_text(stored: str, *, precise: bool) -> None:
    assert instants.is_precise(stored) is precise

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from packhouse.domain import ids
from packhouse.domain.ids import Prefix

INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(3000, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001  # hypothesis adds the zone
    lambda at: at.replace(microsecond=0)
)


def test_the_same_names_derive_the_same_id_and_others_another() -> None:
    once = ids.named(Prefix.RUN, "wg", "POST runs key", "0")

    assert once == ids.named(Prefix.RUN, "wg", "POST runs key", "0")
    assert once != ids.named(Prefix.RUN, "wg", "POST runs key", "1")
    assert once != ids.named(Prefix.RUN, "wg", "POST runs key0", "")
    assert ids.is_id(Prefix.RUN, once)


@given(INSTANTS, INSTANTS, INSTANTS, INSTANTS)
def test_pack_ids_sort_in_burn_down_order(
    expires: datetime, acquired: datetime, other_expires: datetime, other_acquired: datetime
) -> None:
    one = ids.pack_id("MB", "a", expires_at=expires, acquired_at=acquired)
    other = ids.pack_id("MB", "b", expires_at=other_expires, acquired_at=other_acquired)

    if (expires, acquired) != (other_expires, other_acquired):
        assert (one < other) == ((expires, acquired) < (other_expires, other_acquired))
    assert ids.is_id(Prefix.PACK, one)


@given(INSTANTS)
def test_a_pack_id_tells_its_expiry(expires: datetime) -> None:
    pack = ids.pack_id("MB", "a", expires_at=expires, acquired_at=expires - timedelta(seconds=1))

    assert ids.pack_expiry(pack) == expires
    assert ids.pack_code(pack) == "MB"


def test_what_cannot_be_an_id_is_told_apart() -> None:
    run = ids.named(Prefix.RUN, "a")

    assert not ids.is_id(Prefix.PROJECT, run)
    assert not ids.is_id(Prefix.RUN, run + "\n")
    assert not ids.is_id(Prefix.RUN, run.upper())
    assert not ids.is_id(Prefix.RUN, "")
    assert not ids.is_id(Prefix.PACK, "pack_MB")


def test_the_hash_of_a_body_does_not_depend_on_the_order_of_its_members() -> None:
    assert ids.request_hash({"a": 1, "b": [2]}) == ids.request_hash({"b": [2], "a": 1})
    assert ids.request_hash({"a": 1}) != ids.request_hash({"a": 2})

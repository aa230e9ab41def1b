"""Packs: what a reader is shown of one, what can be taken of it, and what several of them come to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from packhouse.domain import ids
from packhouse.domain.money import Money
from packhouse.domain.orders import OrderLine
from packhouse.domain.packs import (
    EXPIRING_WITHIN,
    Pack,
    PackStanding,
    PackState,
    Source,
    SourceKind,
    acquired,
    balance,
    packs_of,
)
from tests.unit.purchases import license_type

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MAIL = license_type("mail", 1200)
FILES = license_type("files", 2500, code="DC", validity_months=3)
CARD = Source(kind=SourceKind.CARD, order_id="ord_1")


def pack(**fields: object) -> Pack:
    made = Pack(
        workgroup_id="wg",
        pack_id="pack_1",
        sku="mail",
        source=CARD,
        quantity=100,
        available=100,
        acquired_at=NOW,
        expires_at=NOW + timedelta(days=365),
    )
    return replace(made, **fields)  # type: ignore[arg-type]  # any of its fields


def test_what_is_in_no_counter_is_in_runs() -> None:
    spread = pack(available=50, assigned=20, in_coupons=10, expired=5, revoked=3)

    assert spread.in_runs == 12
    assert pack().in_runs == 0


@pytest.mark.parametrize(
    ("state", "standing"),
    [
        (PackState.FROZEN, PackStanding.FROZEN),
        (PackState.REFUND_PENDING, PackStanding.REFUND_PENDING),
        (PackState.REFUNDED, PackStanding.REFUNDED),
        (PackState.REVOKED, PackStanding.REVOKED),
    ],
)
@pytest.mark.parametrize("available", [0, 100])
@pytest.mark.parametrize("now", [NOW, NOW + timedelta(days=400)])
def test_a_state_that_was_set_is_shown_whatever_clock_and_counters_say(
    state: PackState, standing: PackStanding, available: int, now: datetime
) -> None:
    assert pack(state=state, available=available).standing(now) is standing
    assert pack(state=state, available=available).takeable(now) == 0


@pytest.mark.parametrize("available", [0, 100])
def test_an_active_pack_is_expired_from_the_instant_it_ends(available: int) -> None:
    ends = pack(available=available)

    assert ends.standing(ends.expires_at) is PackStanding.EXPIRED
    assert ends.standing(ends.expires_at - SECOND) is not PackStanding.EXPIRED
    assert ends.takeable(ends.expires_at) == 0
    assert ends.takeable(ends.expires_at - SECOND) == available


def test_an_active_pack_of_which_nothing_is_left_is_exhausted() -> None:
    assert pack(available=1).standing(NOW) is PackStanding.ACTIVE
    assert pack(available=0).standing(NOW) is PackStanding.EXHAUSTED


def test_a_new_pack_has_everything_available_for_its_types_calendar_months() -> None:
    begins = datetime(2026, 11, 30, 3, tzinfo=UTC)
    ends = datetime(2027, 2, 28, 3, tzinfo=UTC)

    made = acquired("wg", OrderLine.of(FILES, 7), "ord_1", "0", source=CARD, acquired_at=begins)

    pack_id = ids.pack_id("DC", "wg", "ord_1", "0", expires_at=ends, acquired_at=begins)
    assert made == Pack(
        workgroup_id="wg",
        pack_id=pack_id,
        sku="files",
        source=CARD,
        quantity=7,
        available=7,
        unit_price=Money(2500),
        acquired_at=begins,
        expires_at=ends,
    )


def granted(wg: str = "wg", acquisition: str = "ord_1") -> list[Pack]:
    lines = [OrderLine.of(FILES, 1), OrderLine.of(MAIL, 2), OrderLine.of(MAIL, 2)]
    return packs_of(wg, lines, acquisition=acquisition, source=CARD, acquired_at=NOW)


def test_each_line_becomes_a_pack_in_the_order_of_the_lines() -> None:
    made = granted()

    assert [(one.sku, one.quantity, one.source, one.acquired_at) for one in made] == [
        ("files", 1, CARD, NOW),
        ("mail", 2, CARD, NOW),
        ("mail", 2, CARD, NOW),
    ]
    assert len({one.pack_id for one in made}) == 3


def test_one_acquisition_makes_the_same_packs_again_and_another_makes_others() -> None:
    ours = {one.pack_id for one in granted()}

    assert granted() == granted()
    assert ours.isdisjoint(one.pack_id for one in granted(acquisition="ord_2"))
    assert ours.isdisjoint(one.pack_id for one in granted(wg="wg_other"))


def test_a_balance_counts_the_packs_of_its_type_and_only_usable_licenses() -> None:
    packs = [
        pack(available=90, in_coupons=4),
        pack(available=50, assigned=1, state=PackState.FROZEN),
        pack(available=20, in_coupons=8, expires_at=NOW),
        pack(sku="files", available=1, in_coupons=1),
    ]

    found = balance(MAIL, packs, NOW)

    assert found.license_type is MAIL
    assert found.available == 90
    assert found.in_coupons == 4 + 8
    assert found.in_runs == 6 + 49 + 72


@pytest.mark.parametrize(("within", "expiring"), [(-SECOND, 100), (timedelta(), 0), (SECOND, 0)])
def test_what_ends_within_45_days_is_expiring(within: timedelta, expiring: int) -> None:
    ends = NOW + timedelta(days=45) + within

    assert timedelta(days=45) == EXPIRING_WITHIN
    assert balance(MAIL, [pack(expires_at=ends)], NOW).expiring == expiring


def test_the_next_expiry_is_the_soonest_of_a_pack_that_has_licenses_left() -> None:
    days = [timedelta(days=number) for number in (50, 40, 30)]
    packs = [pack(expires_at=NOW + after) for after in days]

    assert balance(MAIL, packs, NOW).next_expiry == NOW + days[2]
    assert balance(MAIL, [*packs[:2], replace(packs[2], available=0)], NOW).next_expiry == NOW + days[1]
    assert balance(MAIL, [pack(available=0)], NOW).next_expiry is None
    assert balance(MAIL, [], NOW).available == 0

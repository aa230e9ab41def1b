from dataclasses import replace
from datetime import UTC, datetime, timedelta

from packhouse.domain.entitlements import Entitlement, EntitlementStanding, EntitlementState

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
ASSIGNED = Entitlement(
    workgroup_id="wg",
    user="ada",
    sku="bundle",
    pack_id="pack_2",
    assigned_at=NOW,
    assigned_by="tests",
    until=NOW + timedelta(days=1),
    earlier=("pack_1",),
)


def test_it_covers_until_its_pack_expires_and_not_at_that_instant() -> None:
    assert ASSIGNED.covers(ASSIGNED.until - timedelta(seconds=1))
    assert not ASSIGNED.covers(ASSIGNED.until)
    assert ASSIGNED.standing(ASSIGNED.until) is EntitlementStanding.ENDED


def test_what_was_withdrawn_covers_nothing_before_or_after_its_end() -> None:
    withdrawn = replace(ASSIGNED, state=EntitlementState.WITHDRAWN)

    for at in (NOW, ASSIGNED.until):
        assert withdrawn.standing(at) is EntitlementStanding.WITHDRAWN
        assert not withdrawn.covers(at)


def test_its_license_is_spent_unless_it_was_withdrawn_and_those_of_its_predecessors_always() -> None:
    assert ASSIGNED.spent() == ("pack_1", "pack_2")
    assert replace(ASSIGNED, state=EntitlementState.WITHDRAWN).spent() == ("pack_1",)

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packhouse.catalog import catalog
from packhouse.domain.coverage import Decision, Decisions, Need, decide, types_covering
from packhouse.domain.entitlements import Entitlement
from packhouse.domain.licenses import Catalog
from packhouse.domain.money import Money
from packhouse.errors import ServiceNotCovered, UserMissing

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
MAIL, BUNDLE, DEVICES, CHECK = "mailbox-migration", "user-migration-bundle", "device-management", "health-check"
USERS = ("ada", "max", "amy", None)


def need(user: str | None = None, licenses: int = 1) -> Need:
    return Need(user=user, licenses=licenses)


def entitled(user: str, sku: str = BUNDLE) -> Entitlement:
    return Entitlement(
        workgroup_id="wg",
        user=user,
        sku=sku,
        pack_id="pack_1",
        assigned_at=NOW,
        assigned_by="tests",
        until=NOW.replace(year=2027),
    )


def decided(*needs: Need, service: str = MAIL, entitled_users: tuple[str, ...] = (), **stock: int) -> Decisions:
    named = {"mail": MAIL, "bundle": BUNDLE, "devices": DEVICES}
    in_stock = {each.sku: 0 for each in catalog()} | {named[name]: count for name, count in stock.items()}
    return decide(catalog(), service, needs, entitlements=[entitled(user) for user in entitled_users], stock=in_stock)


def decisions(found: Decisions) -> list[str]:
    return [one.decision for one in found.decided]


def test_an_entitlement_comes_before_stock_and_stock_before_an_assignment_and_that_before_a_purchase() -> None:
    needs = [need(user) for user in ("ada", "ada", "max", "amy", "zoe")]

    found = decided(*needs, entitled_users=("ada",), mail=1, bundle=1)

    assert decisions(found) == [
        "covered",
        "covered",
        "license_available",
        "assignment_required",
        "purchase_required",
    ]
    assert not found.startable
    assert (found.missing, found.purchase.lines[0].sku, found.purchase.total) == (1, MAIL, Money(1200))


def test_a_user_takes_one_assignment_whatever_is_theirs() -> None:
    found = decided(*[need("ada", 3)] * 3, need("max"), bundle=1)

    assert decisions(found) == [*["assignment_required"] * 3, "purchase_required"]
    assert [one.needed for one in found.decided] == [1, 0, 0, 1]


def test_a_user_buys_one_license_of_a_type_that_is_assigned() -> None:
    found = decided(*[need("ada", 3)] * 3, need("max", 2), service=CHECK)

    assert decisions(found) == ["purchase_required"] * 4
    assert (found.asked, found.missing, found.purchase.lines[0].sku) == (2, 2, DEVICES)


def test_of_more_than_a_line_may_have_a_cart_gets_as_many_as_it_takes() -> None:
    found = decided(*(need(licenses=100) for _ in range(101)))

    assert found.missing == 10_100
    assert [line.quantity for line in found.purchase.lines] == [10_000]
    assert found.purchase.total == found.sold.unit_price.times(10_000)


def test_licenses_that_a_larger_need_could_not_take_are_taken_by_a_smaller_one_behind_it() -> None:
    found = decided(need(licenses=3), need(), mail=2)

    assert decisions(found) == ["purchase_required", "license_available"]
    assert (found.asked, found.available, found.missing) == (4, 2, 2)


def test_what_is_only_assigned_names_its_user_and_the_refusal_says_which_need_lacks_it() -> None:
    unnamed = replace(need(), item=1)

    with pytest.raises(UserMissing) as refusal:
        decided(need("ada"), unnamed, service=CHECK)

    assert refusal.value.needs == [unnamed]


def test_a_service_that_no_type_covers_is_refused() -> None:
    with pytest.raises(ServiceNotCovered):
        decided(need(), service="gardening")
    assert types_covering(catalog(), "gardening") == []


def test_of_two_types_to_assign_the_cheapest_that_is_in_stock_is_told() -> None:
    dear = replace(catalog().of(BUNDLE), sku="dear", unit_price=Money(9900))
    types = Catalog({**catalog().types, "dear": dear})

    def found(**stock: int) -> tuple[str, str]:
        covering = decide(types, MAIL, [need("ada")], entitlements=[], stock={MAIL: 0, **stock})
        return covering.decided[0].decision, covering.decided[0].sku

    assert [each.sku for each in types_covering(types, MAIL)] == [MAIL, BUNDLE, "dear"]
    assert found(**{BUNDLE: 1, "dear": 1}) == ("assignment_required", BUNDLE)
    assert found(**{BUNDLE: 0, "dear": 1}) == ("assignment_required", "dear")
    assert found(**{BUNDLE: 0, "dear": 0}) == ("purchase_required", MAIL)


needs_of_any = st.lists(st.builds(need, st.sampled_from(USERS), st.integers(1, 4)), min_size=1, max_size=12)


@given(needs_of_any, st.integers(0, 12), st.integers(0, 4), st.sets(st.sampled_from(["ada", "max"])))
def test_what_is_decided_takes_no_more_than_there_is_and_what_is_bought_is_enough(
    needs: list[Need], mail: int, bundle: int, entitled_users: set[str]
) -> None:
    found = decided(*needs, entitled_users=tuple(entitled_users), mail=mail, bundle=bundle)

    taken = Counter[str]()
    for wanted, one in zip(needs, found.decided, strict=True):
        assert (one.decision is Decision.COVERED) == (wanted.user in entitled_users)
        if one.decision in {Decision.LICENSE_AVAILABLE, Decision.ASSIGNMENT_REQUIRED}:
            taken[one.sku] += one.needed
    assert taken[MAIL] <= mail
    assert taken[BUNDLE] <= bundle
    after = decided(*needs, entitled_users=tuple(entitled_users), mail=mail + found.missing, bundle=bundle)
    if Decision.ASSIGNMENT_REQUIRED not in decisions(found):
        assert after.startable
        assert found.missing == max(0, found.asked - mail)
        assert found.startable == (found.missing == 0)


@given(st.lists(st.sampled_from(["ada", "max", "amy"]), min_size=1, max_size=8), st.integers(0, 4))
def test_of_what_is_only_assigned_each_user_without_one_lacks_one(users: list[str], devices: int) -> None:
    found = decided(*map(need, users), service=CHECK, devices=devices)

    assert found.missing == max(0, len(set(users)) - devices)
    assert found.asked == len(set(users))

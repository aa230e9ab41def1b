"""Which stories `make test` tells of a delivery: few of many, and every fault, operation and part is in one of them."""

import pytest

from tests.proofs.crash.faults import LASTING, STORIES_MAX, Fault, most_telling_plans, shown, telling_plans

LONG = (
    *["dynamodb:Query", "dynamodb:BatchGetItem"] * 6,
    *["dynamodb:TransactWriteItems"] * 20,
    "stripe:POST /v1/refunds",
    "sesv2:SendEmail",
    *["dynamodb:Query"] * 3,
    "dynamodb:PutItem",
)
SHORT = ("dynamodb:GetItem", "dynamodb:TransactWriteItems")


def test_a_long_delivery_has_as_many_stories_as_the_bound_says() -> None:
    assert len(telling_plans(LONG)) > 100

    assert len(most_telling_plans(LONG)) == STORIES_MAX


def test_a_short_delivery_has_all_its_stories() -> None:
    assert most_telling_plans(SHORT) == telling_plans(SHORT)


@pytest.mark.parametrize("calls", [LONG, LONG[12:], LONG[::-1]])
def test_every_fault_operation_and_part_is_in_a_story(calls: tuple[str, ...]) -> None:
    told = set().union(*(shown(plan, calls) for plan in most_telling_plans(calls)))

    assert told == set().union(*(shown(plan, calls) for plan in telling_plans(calls)))
    assert told >= {*Fault} - LASTING - {Fault.DIES_BEFORE} | {Fault.BUSY}


def test_the_same_stories_are_told_each_time() -> None:
    assert most_telling_plans(LONG) == most_telling_plans(LONG)

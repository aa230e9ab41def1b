"""Who may read usage, and of what."""

from datetime import UTC, datetime

import pytest

from packhouse.domain import instants
from tests.events.usage.rollups import a_busy_day, at, roll_up, told, usage
from tests.harness.world import World


@pytest.mark.parametrize(
    ("who", "status"),
    [("ada", 200), ("max", 200), ("otto", 200), ("amy", 403), ("worker", 403), ("platform", 403), ("cora", 404)],
)
def test_usage_is_read_by_who_reads_the_log(world: World, who: str, status: int) -> None:
    assert world.call("GET", "usage", who).status == status


def test_a_workgroup_that_is_not_there_answers_like_a_foreign_one(world: World) -> None:
    absent = world.call("GET", "/v1/workgroups/wg_00000000000000000000000000000000/usage", "cora")
    foreign = world.call("GET", "usage", "cora")

    assert (absent.status, {**absent.body, "instance": ""}) == (404, {**foreign.body, "instance": ""})


def test_an_operators_look_is_journaled(world: World) -> None:
    world.call("GET", "usage", "otto")
    world.pump()

    (look,) = world.call("GET", "journal?kind=security-log.read", "ada").body["items"]

    assert look["changes"] == [{"field": "route", "before": None, "after": "GET usage"}]


@pytest.mark.parametrize("query", ["by=week", "by=", "from=yesterday", "to=2026-02-30", "to=9999-12-31"])
def test_a_query_that_cannot_be_is_refused(world: World, query: str) -> None:
    assert world.call("GET", f"usage?{query}", "ada").slug == "invalid-request"


def test_days_far_away_are_just_empty(world: World) -> None:
    a_busy_day(world)
    at(world, "2026-11-25T01:00:00Z")
    roll_up(world)

    assert usage(world, "from=2999-12-31") == usage(world, "to=2000-01-01") == {}
    assert usage(world, "from=2000-01-01&to=2999-12-31") == usage(world)


def test_nothing_is_told_of_days_that_are_not_counted_yet(world: World) -> None:
    told(world, "2026-11-24T04:00:00Z")
    told(world, instants.text(datetime(2026, 11, 25, 4, tzinfo=UTC)), licenses=2)
    at(world, "2026-11-25T08:00:00Z")
    roll_up(world)

    assert usage(world, "to=2026-11-30") == {"2026-11": {"held": 1}}

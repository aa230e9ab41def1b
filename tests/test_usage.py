"""Usage: what is told of closed days is what happened in them, whenever and however often the roll-up came by."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from packhouse import metering
from packhouse.domain import instants
from packhouse.domain.journal import Change, Entry
from packhouse.domain.runs import RunState
from packhouse.domain.usage import Part
from packhouse.store import journal, keys
from packhouse.store import usage as counting
from packhouse.store.table import Log, plain
from tests.harness.gateway import context, handler_of
from tests.harness.world import CONTOSO, NORTHWIND, START, World

MAIL, DOCUMENTS = "mailbox-migration", "document-migration"
NOTHING = {"held": 0, "consumed": 0, "released": 0, "lapsed": 0, "covered": 0, "free": 0}

type Sums = dict[str, dict[str, int]]


def roll_up(world: World) -> dict[str, int]:
    """A tick, once the stream has come through."""
    world.pump()
    return tick()


def tick() -> dict[str, int]:
    done: dict[str, int] = handler_of("RollUpFunction")({"job": "roll-up-usage"}, context())
    return done


def usage(world: World, query: str = "", who: str = "ada") -> Sums:
    """What is told, by key, without the zeros."""
    answer = world.call("GET", f"usage?{query}", who)
    assert answer.status == 200, answer
    return {
        row["key"]: {name: count for name, count in row.items() if name != "key" and count}
        for row in answer.body["items"]
    }


def through(world: World) -> str:
    day: str = world.call("GET", "usage", "ada").body["through"]
    return day


def at(world: World, when: str) -> None:
    world.clock.now = instants.parse(when)


def zone(world: World, name: str) -> None:
    assert world.call("PATCH", "", "ada", json={"time_zone": name}).status == 200


def told(world: World, when: str, kind: str = "run.held", licenses: int = 1, wg: str = NORTHWIND) -> None:
    """An entry about a run of its own, put where the journal function puts it."""
    coverage = {"run.covered": "covered", "run.free": "free"}.get(kind, "licensed")
    changes = {"coverage": coverage, "licenses": licenses, "sku": MAIL if licenses else None}
    entry = Entry(
        owner=wg,
        entry_id=f"{when}-{kind}-{licenses}",
        at=instants.precise(instants.parse(when)),
        kind=kind,
        item="run_told",
        actor="tests",
        request_id="tests",
        changes=[Change(field=name, before=None, after=value) for name, value in changes.items()],
        project_id="prj_told",
        pack_ids=[],
        sequence="0",
    )
    assert isinstance(world.journal, Log)
    journal.append(world.journal, entry)
    world.sound = False  # there is no such run


def caught_up(world: World, until: datetime, *, wg: str | None = None) -> None:
    """As if all that was before were counted, and came to nothing."""
    assert isinstance(world.journal, Log)
    part = Part(first=START, last=until, day=until.date() - timedelta(days=1), entries=0, final=True)
    for one in [wg] if wg else [NORTHWIND, CONTOSO]:
        assert counting.claim(world.journal, one, part)


def counted(world: World) -> list[dict[str, Any]]:
    """Everything that the roll-up has written of Northwind's usage."""
    pages = world.raw.get_paginator("scan").paginate(TableName=world.journal.name)
    items = [plain(item) for page in pages for item in page["Items"]]
    return [item for item in items if "entry_id" not in item and item["PK"].endswith(NORTHWIND)]


@contextmanager
def at_put(world: World, number: int, happens: Callable[[], object]) -> Iterator[None]:
    """Have something happen just before the so many-th put of what is done meanwhile."""
    puts = iter(range(1, 1_000))

    def before(**_: object) -> None:
        if next(puts) == number:
            happens()

    events = world.client.meta.events
    events.register_first("before-call.dynamodb.PutItem", before)
    try:
        yield
    finally:
        events.unregister("before-call.dynamodb.PutItem", before)
    assert next(puts) > number


class DiedError(BaseException):
    """The process is gone."""


def die() -> None:
    raise DiedError


PUTS = 10
"""How many puts a tick takes after `two_days`: Contoso's two days; for each of Northwind's its claim, its rows (two,
then one) and its end; and how far the tick came."""


def two_days(world: World) -> None:
    """A busy day and one with a single start, both over, and in the log."""
    a_busy_day(world)
    told(world, "2026-11-25T05:00:00Z", licenses=7)
    at(world, "2026-11-26T01:00:00Z")
    world.pump()


def a_busy_day(world: World) -> tuple[str, str]:
    """Two projects, one for a customer; runs that consumed, used fewer, failed, and go on."""
    world.grant(MAIL, 50)
    world.grant(DOCUMENTS, 50)
    first, second = world.project(customer="Adatum", max_licenses_per_item=3), world.project()
    runs = world.started(first, 4, licenses=3)
    world.settle(first, runs[0])
    world.settle(first, runs[1], licenses_used=1)
    world.settle(first, runs[2], "failed")
    (run,) = world.started(second, service=DOCUMENTS)
    world.settle(second, run)
    return first, second


def test_the_sums_are_what_happened_whatever_they_are_by(world: World) -> None:
    first, second = a_busy_day(world)
    at(world, "2026-11-25T01:00:00Z")
    roll_up(world)

    mail = {"held": 12, "consumed": 4, "released": 5}
    documents = {"held": 1, "consumed": 1}
    assert usage(world) == usage(world, "by=month") == {"2026-11": {"held": 13, "consumed": 5, "released": 5}}
    assert usage(world, "by=sku") == {DOCUMENTS: documents, MAIL: mail}
    assert usage(world, "by=project") == {first: mail, second: documents}
    assert usage(world, "by=customer") == {"": documents, "Adatum": mail}


def test_rows_tell_every_count_and_stand_in_the_order_of_their_keys(world: World) -> None:
    a_busy_day(world)
    at(world, "2026-11-25T01:00:00Z")
    roll_up(world)

    answer = world.call("GET", "usage?by=sku", "ada")

    assert answer.body == {
        "items": [
            {**NOTHING, "key": DOCUMENTS, "held": 1, "consumed": 1},
            {**NOTHING, "key": MAIL, "held": 12, "consumed": 4, "released": 5},
        ],
        "through": "2026-11-24",
    }


def test_a_run_counts_on_the_day_it_starts_and_on_the_day_it_ends(world: World) -> None:
    world.grant(MAIL, 5)
    project = world.project()
    (run,) = world.started(project, lease_seconds=86_400)
    world.clock.advance(hours=23)
    world.settle(project, run)
    world.clock.advance(days=1)
    roll_up(world)

    assert usage(world, "to=2026-11-24") == {"2026-11": {"held": 1}}
    assert usage(world, "from=2026-11-25&to=2026-11-25") == {"2026-11": {"consumed": 1}}
    assert usage(world, "from=2026-11-26") == usage(world, "from=2026-11-25&to=2026-11-24") == {}


def test_a_hold_that_lapses_counts_when_it_is_booked(world: World) -> None:
    world.grant(MAIL, 5)
    project = world.project()
    (run,) = world.started(project)
    table = world.stamped()
    lapse = "SET #state = :lapsed"
    table.write(
        table.update(keys.run(NORTHWIND, project, run), lapse, only_if="attribute_exists(PK)", lapsed=RunState.LAPSED)
    )
    world.sound = False  # its license is still out
    at(world, "2026-11-25T01:00:00Z")
    roll_up(world)

    assert usage(world) == {"2026-11": {"held": 1, "lapsed": 1}}


def test_runs_that_need_no_license_are_counted_as_runs(world: World) -> None:
    told(world, "2026-11-24T04:00:00Z", "run.covered", licenses=0)
    told(world, "2026-11-24T04:00:01Z", "run.free", licenses=0)
    told(world, "2026-11-24T04:00:02Z", "run.free", licenses=0)
    at(world, "2026-11-25T01:00:00Z")
    roll_up(world)

    assert usage(world, "by=sku") == {"": {"covered": 1, "free": 2}}
    assert usage(world, "by=project") == {"prj_told": {"covered": 1, "free": 2}}
    assert usage(world, "by=customer") == {"": {"covered": 1, "free": 2}}


def test_covered_and_free_runs_count_for_the_type_that_they_go_back_to(world: World) -> None:
    world.grant(MAIL, 5)
    world.entitle("ada")
    project = world.project(customer="Adatum")
    items = [{"item_id": name, "user": user} for name, user in (("a", "ada"), ("b", "ada"), ("c", "max"))]
    covered, _, licensed = world.started(project, items=items)
    for run in (covered, licensed):
        world.settle(project, run, errors=["mail-1"])
    for item, parent in (("a", covered), ("c", licensed), ("c", licensed)):
        retries = [{"item_id": item, "parent_run_id": parent}]
        (run,) = world.started(project, items=retries, run_pass="retry_errors")
        world.settle(project, run)
    at(world, "2026-11-25T01:00:00Z")
    roll_up(world)

    mail, bundle = {"held": 1, "consumed": 1, "free": 2}, {"covered": 2, "free": 1}
    assert usage(world, "by=sku") == {MAIL: mail, "user-migration-bundle": bundle}
    assert usage(world, "by=customer") == {"Adatum": {"held": 1, "consumed": 1, "covered": 2, "free": 3}}


def test_a_removed_project_stays_with_its_customer(world: World) -> None:
    first, _ = a_busy_day(world)
    table = world.stamped()
    removed = "SET #state = :removed"
    table.write(
        table.update(keys.project(NORTHWIND, first), removed, only_if="attribute_exists(PK)", removed="removed")
    )
    at(world, "2026-11-25T01:00:00Z")
    roll_up(world)

    assert first in usage(world, "by=project")
    assert "Adatum" in usage(world, "by=customer")


def test_a_workgroup_is_told_its_own_usage_alone(world: World) -> None:
    a_busy_day(world)
    at(world, "2026-11-25T01:00:00Z")
    roll_up(world)

    assert world.call("GET", f"/v1/workgroups/{CONTOSO}/usage", "cora").body == {"items": [], "through": "2026-11-24"}


# --- when days close ------------------------------------------------------------------------------------------------


def test_a_day_closes_an_hour_after_its_end(world: World) -> None:
    a_busy_day(world)
    before = through(world)
    at(world, "2026-11-25T00:59:59Z")
    roll_up(world)
    early = through(world), usage(world)
    world.clock.advance(seconds=1)
    roll_up(world)

    assert (before, early) == ("2026-11-23", ("2026-11-23", {}))
    assert through(world) == "2026-11-24"
    assert usage(world)["2026-11"]["held"] == 13


@pytest.mark.parametrize(
    ("name", "closes", "day", "others"),
    [
        ("Pacific/Kiritimati", "2026-11-24T10:00:00Z", "2026-11-24", "2026-11-25"),  # UTC+14
        ("Etc/GMT+12", "2026-11-24T12:00:00Z", "2026-11-23", "2026-11-24"),  # UTC-12
        ("America/New_York", "2026-11-24T05:00:00Z", "2026-11-23", "2026-11-24"),
    ],
)
def test_a_day_closes_in_the_workgroups_zone(world: World, name: str, closes: str, day: str, others: str) -> None:
    zone(world, name)
    end = instants.parse(closes)
    told(world, instants.text(end - timedelta(seconds=1)), licenses=1)
    told(world, instants.text(end), licenses=2)
    world.clock.now = end + timedelta(minutes=59)
    roll_up(world)
    early = usage(world)
    world.clock.now = end + timedelta(hours=1)
    roll_up(world)
    on_time = through(world), usage(world)
    world.clock.advance(days=1)
    roll_up(world)

    assert early == {}
    assert on_time == (day, {"2026-11": {"held": 1}})
    assert usage(world, f"from={others}") == {"2026-11": {"held": 2}}


@pytest.mark.parametrize(
    ("name", "day", "first", "last"),
    [
        ("Europe/Berlin", "2027-03-28", "2027-03-27T23:00:00Z", "2027-03-28T22:00:00Z"),  # 23 hours
        ("Australia/Sydney", "2027-04-04", "2027-04-03T13:00:00Z", "2027-04-04T14:00:00Z"),  # 25
    ],
)
def test_a_day_is_as_long_as_its_zone_says(world: World, name: str, day: str, first: str, last: str) -> None:
    zone(world, name)
    begins, ends = instants.parse(first), instants.parse(last)
    caught_up(world, begins - timedelta(days=2))
    told(world, instants.text(begins - timedelta(seconds=1)), licenses=1)
    told(world, first, licenses=2)
    told(world, instants.text(ends - timedelta(seconds=1)), licenses=4)
    told(world, last, licenses=8)
    world.clock.now = ends + timedelta(days=2)
    roll_up(world)

    assert usage(world, f"from={day}&to={day}") == {day[:7]: {"held": 6}}


def test_months_end_where_they_end(world: World) -> None:
    caught_up(world, datetime(2028, 1, 30, tzinfo=UTC))
    for when, licenses in [
        ("2028-01-31T23:59:59Z", 1),
        ("2028-02-01T00:00:00Z", 2),
        ("2028-02-29T23:59:59Z", 4),
        ("2028-03-01T00:00:00Z", 8),
    ]:
        told(world, when, licenses=licenses)
    at(world, "2028-03-02T01:00:00Z")
    roll_up(world)

    assert usage(world) == {"2028-01": {"held": 1}, "2028-02": {"held": 6}, "2028-03": {"held": 8}}
    assert usage(world, "from=2028-02-29&to=2028-02-29") == {"2028-02": {"held": 4}}


@pytest.mark.parametrize(
    "zones",
    [
        ("UTC", "Etc/GMT+12", "Pacific/Kiritimati"),
        ("Pacific/Kiritimati", "Etc/GMT+12"),
        ("Etc/GMT+12", "Pacific/Kiritimati"),
        ("UTC", "America/New_York", "Asia/Kathmandu", "Europe/Berlin"),
    ],
)
def test_a_zone_that_changes_counts_nothing_twice_and_loses_nothing(world: World, zones: tuple[str, ...]) -> None:
    for hour in range(24 * 4):
        told(world, instants.text(START + timedelta(hours=hour)))
    for day in range(1, 6):
        zone(world, zones[day % len(zones)])
        world.clock.now = START + timedelta(days=day)
        tick()
        world.clock.advance(hours=9)
        tick()
    world.clock.advance(days=3)
    tick()

    assert usage(world, "by=project") == {"prj_told": {"held": 24 * 4}}


# --- what comes late, twice, at once, or not at all -------------------------------------------------------------------


def test_what_comes_late_is_counted_once_the_day_is_final(world: World) -> None:
    told(world, "2026-11-24T04:00:00Z")
    at(world, "2026-11-25T01:00:00Z")
    roll_up(world)
    told(world, "2026-11-24T05:00:00Z", licenses=2)
    at(world, "2026-11-26T01:00:00Z")
    roll_up(world)
    before = usage(world)
    at(world, "2026-11-27T00:00:00Z")
    roll_up(world)

    assert before == {"2026-11": {"held": 1}}
    assert usage(world) == {"2026-11": {"held": 3}}


def test_a_day_that_was_closed_long_before_the_next_tick_is_counted_again_all_the_same(world: World) -> None:
    told(world, "2026-11-24T04:00:00Z")
    at(world, "2026-11-25T01:00:00Z")
    roll_up(world)
    told(world, "2026-11-24T05:00:00Z", licenses=2)
    at(world, "2027-02-01T00:00:00Z")
    roll_up(world)

    assert usage(world) == {"2026-11": {"held": 3}}


def test_ticks_that_come_again_change_nothing(world: World) -> None:
    a_busy_day(world)
    at(world, "2026-11-25T01:00:00Z")
    roll_up(world)
    once = counted(world)

    again = [roll_up(world)["parts"] for _ in range(3)]
    at(world, "2026-11-27T02:00:00Z")
    last = roll_up(world), roll_up(world)

    assert again == [0, 0, 0]
    assert [item for item in counted(world) if item["PK"].startswith("USAGE")] == [
        item for item in once if item["PK"].startswith("USAGE")
    ]
    assert [tick["parts"] for tick in last] == [6, 0]  # of both workgroups: one again, two days anew


@pytest.mark.parametrize("number", range(1, PUTS + 1))
def test_a_tick_that_dies_is_completed_by_the_next(world: World, number: int) -> None:
    two_days(world)

    with at_put(world, number, die), pytest.raises(DiedError):
        tick()
    part_way = usage(world)
    tick()
    tick()

    whole = {"2026-11": {"held": 20, "consumed": 5, "released": 5}}
    assert part_way in ({}, {"2026-11": {"held": 13, "consumed": 5, "released": 5}}, whole)
    assert usage(world) == whole


@pytest.mark.parametrize("number", range(1, PUTS + 1))
def test_two_ticks_at_once_count_as_one(world: World, number: int) -> None:
    """The other comes at any moment, after the zone was changed, and sees a little more of the log."""
    two_days(world)
    told(world, "2026-11-24T15:00:00Z", licenses=1)  # in another day than the rest, in the other zone
    others = []

    def meanwhile() -> None:
        zone(world, "Pacific/Kiritimati")
        told(world, "2026-11-24T05:00:00Z", licenses=30)
        others.append(tick())

    with at_put(world, number, meanwhile):
        tick()
    at(world, "2026-11-30T00:00:00Z")
    tick()

    assert len(others) == 1
    assert usage(world) == {"2026-11": {"held": 51, "consumed": 5, "released": 5}}


@pytest.mark.parametrize("number", range(1, PUTS + 1))
def test_a_tick_that_was_overtaken_by_the_last_count_takes_nothing_back(world: World, number: int) -> None:
    two_days(world)

    def meanwhile() -> None:
        told(world, "2026-11-24T05:00:00Z", licenses=30)
        told(world, "2026-11-25T06:00:00Z", licenses=50)
        at(world, "2026-11-30T00:00:00Z")
        tick()

    with at_put(world, number, meanwhile):
        tick()

    assert usage(world) == {"2026-11": {"held": 100, "consumed": 5, "released": 5}}
    assert {item["day"]: item["final"] for item in counted(world) if "final" in item} == {
        "2026-11-24": True,
        "2026-11-25": True,
        "2026-11-26": True,
        "2026-11-27": True,
        "2026-11-28": False,
    }


def test_months_without_a_tick_are_made_up_for(world: World) -> None:
    """The oldest days first, and at most so many a tick."""
    caught_up(world, datetime(2028, 1, 2, tzinfo=UTC), wg=CONTOSO)
    for day in range(0, 410, 10):
        told(world, instants.text(START + timedelta(days=day)))
    at(world, "2028-01-08T01:00:00Z")

    done = roll_up(world), through(world), roll_up(world), through(world)

    assert done == (
        {"workgroups": 2, "parts": metering.PARTS_PER_TICK_MAX + 6, "failed": 0},
        "2027-12-28",
        {"workgroups": 2, "parts": 10, "failed": 0},
        "2028-01-07",
    )
    assert usage(world, "by=project") == {"prj_told": {"held": 41}}
    assert usage(world)["2027-02"] == {"held": 3}


def test_a_tick_that_has_no_time_left_goes_on_where_it_stopped(world: World) -> None:
    assert isinstance(world.journal, Log)
    told(world, "2026-11-24T04:00:00Z")
    at(world, "2026-11-27T01:00:00Z")

    done = [metering.tick(world.table, world.journal, now=world.clock.now, seconds=0) for _ in range(8)]

    assert [tick.parts for tick in done] == [1, 1, 1, 1, 1, 1, 0, 0]  # by turns: Contoso, Northwind, Contoso, …
    assert usage(world, "by=project") == {"prj_told": {"held": 1}}
    assert through(world) == "2026-11-26"


def test_a_day_of_very_many_entries_is_counted_in_parts(world: World) -> None:
    """Each ends between two instants: what one request did is in one of them."""
    assert isinstance(world.journal, Log)
    for number in range(24):
        told(world, instants.text(START + timedelta(minutes=number // 3)), licenses=number + 1)
    at(world, "2026-11-25T01:00:00Z")

    done = metering.tick(world.table, world.journal, now=world.clock.now, seconds=60, entries_max=10)
    metering.tick(world.table, world.journal, now=world.clock.now + timedelta(days=2), seconds=60, entries_max=10)

    assert done.parts == 4  # 9, 9 and 6 entries, and Contoso's day
    assert usage(world) == {"2026-11": {"held": 24 * 25 // 2}}


def test_a_workgroup_that_cannot_be_counted_keeps_no_other_from_it(world: World) -> None:
    a_busy_day(world)
    told(world, "2026-11-24T04:00:00Z", "run.consumed", wg=CONTOSO)
    damaged: Any = {name: {"S": value} for name, value in keys.run(CONTOSO, "prj_told", "run_told").items()}
    world.raw.put_item(TableName=world.table.name, Item=damaged)
    at(world, "2026-11-25T01:00:00Z")

    for _ in range(2):
        with pytest.raises(KeyError):
            roll_up(world)

    assert usage(world)["2026-11"]["held"] == 13


def test_the_end_of_a_run_that_was_erased_is_left_out(world: World) -> None:
    a_busy_day(world)
    world.pump()
    for item in [item for item in world.items() if keys.kind(item) == "RUN" and item["state"] == "released"]:
        key: Any = {name: {"S": item[name]} for name in ("PK", "SK")}
        world.raw.delete_item(TableName=world.table.name, Key=key)
    world.sound = False
    at(world, "2026-11-25T01:00:00Z")
    roll_up(world)

    assert usage(world) == {"2026-11": {"held": 13, "consumed": 5, "released": 2}}


# --- who may, and what for --------------------------------------------------------------------------------------------


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

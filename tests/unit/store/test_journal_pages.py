"""The journal's table: an entry is written once, and a page across months is no longer than its limit."""

from datetime import UTC, datetime
from typing import Any

import pytest

from packhouse.domain import instants
from packhouse.domain.journal import Entry
from packhouse.store import journal, keys
from packhouse.store.journal import PageEnd, Selection
from packhouse.store.table import Log
from tests.harness.world import NORTHWIND, World

ALL = Selection(first=datetime(2026, 1, 1, tzinfo=UTC), last=datetime(2027, 6, 1, tzinfo=UTC))


def appended(world: World, *at: str, kind: str = "pack.changed") -> None:
    """Entries of these instants, put where the journal function puts them."""
    for when in at:
        journal.append(log_of(world), entry(when, kind=kind))
    world.sound = False  # there is no such pack


def log_of(world: World) -> Log:
    assert isinstance(world.journal, Log)
    return world.journal


def entry(at: str, **fields: Any) -> Entry:
    whole = {
        "owner": NORTHWIND,
        "entry_id": f"told-{at}",
        "at": instants.precise(instants.parse(at)),
        "kind": "pack.changed",
        "item": "pack_told",
        "actor": "tests",
        "request_id": "tests",
        "changes": [],
        "project_id": None,
        "pack_ids": ["pack_told"],
        "sequence": "0",
        **fields,
    }
    return Entry(**whole)


def told(entries: list[Entry]) -> list[str]:
    return [one.at[:10] for one in entries if one.item == "pack_told"]


def pages(world: World, wanted: Selection, *, limit: int) -> list[list[str]]:
    """The days of what each page lists."""
    found: list[list[str]] = []
    end: PageEnd | None = None
    while True:
        page, end = journal.page(world.journal, NORTHWIND, wanted, limit=limit, start=end)
        found.append(told(page))
        if end is None:
            return found


THREE_MONTHS = ("2027-01-03", "2027-01-02", "2027-02-05", "2027-02-04", "2027-02-03", "2027-03-01")
NEWEST_FIRST = sorted(THREE_MONTHS, reverse=True)
OF_2027 = Selection(first=datetime(2027, 1, 1, tzinfo=UTC), last=datetime(2027, 6, 1, tzinfo=UTC))


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6, 7])
def test_pages_across_months_are_no_longer_than_their_limit_and_leave_nothing_out(world: World, limit: int) -> None:
    appended(world, *(f"{day}T03:00:00Z" for day in THREE_MONTHS))

    found = pages(world, OF_2027, limit=limit)

    assert max(len(page) for page in found) <= limit
    assert [day for page in found for day in page] == NEWEST_FIRST


def test_a_page_is_filled_up_from_the_months_before(world: World) -> None:
    appended(world, *(f"{day}T03:00:00Z" for day in THREE_MONTHS))

    page, end = journal.page(world.journal, NORTHWIND, OF_2027, limit=3, start=None)

    assert told(page) == NEWEST_FIRST[:3]
    assert end is not None
    assert end.month == "202702"


def test_a_page_goes_back_a_year_and_then_says_where_the_next_goes_on(world: World) -> None:
    appended(world, "2026-01-02T03:00:00Z")

    page, end = journal.page(world.journal, NORTHWIND, ALL, limit=50, start=None)

    assert (told(page), end) == ([], PageEnd("202606", None))
    assert [day for days in pages(world, ALL, limit=50) for day in days] == ["2026-01-02"]


@pytest.mark.parametrize("kind", ["pack.changed", "pack.granted"])
def test_a_page_lists_only_the_kinds_that_are_wanted(world: World, kind: str) -> None:
    appended(world, "2027-01-02T03:00:00Z", kind="pack.changed")
    appended(world, "2027-01-03T03:00:00Z", kind="pack.granted")

    page, _ = journal.page(
        world.journal, NORTHWIND, Selection(first=OF_2027.first, last=OF_2027.last, kinds=[kind]), limit=9, start=None
    )

    assert [one.kind for one in page] == [kind]


@pytest.mark.parametrize(
    "wanted",
    [
        {"kinds": ["pack.granted"], "project_id": "prj_1", "pack_id": "pack_told"},
        {"kinds": ["pack.changed"], "project_id": "prj_2", "pack_id": "pack_told"},
        {"kinds": ["pack.changed"], "project_id": "prj_1", "pack_id": "pack_2"},
    ],
    ids=str,
)
def test_an_entry_is_listed_only_if_its_kind_its_project_and_its_packs_are_wanted(
    world: World, wanted: dict[str, Any]
) -> None:
    journal.append(log_of(world), entry("2027-01-02T03:00:00Z", project_id="prj_1"))
    world.sound = False
    fitting = {"kinds": ["pack.changed"], "project_id": "prj_1", "pack_id": "pack_told"}

    def listed(**given: Any) -> list[str]:
        page, _ = journal.page(
            world.journal, NORTHWIND, Selection(first=OF_2027.first, last=OF_2027.last, **given), limit=9, start=None
        )
        return told(page)

    assert listed(**fitting) == ["2027-01-02"]
    assert listed(**wanted) == []


def test_an_entry_is_written_once_however_its_record_is_told_again(world: World) -> None:
    appended(world, "2027-01-02T03:00:00Z", kind="pack.changed")
    appended(world, "2027-01-02T03:00:00Z", kind="pack.granted")

    page, _ = journal.page(world.journal, NORTHWIND, OF_2027, limit=9, start=None)

    assert [one.kind for one in page] == ["pack.changed"]


def test_an_operators_look_is_recorded_once_however_often_its_write_is_sent(world: World) -> None:
    table = world.stamped("otto")
    look = table.stamp
    journal.record_read(table, NORTHWIND, "GET journal")

    journal.record_read(world.table.stamped(look), NORTHWIND, "GET usage")

    item = world.item(keys.operator_read(NORTHWIND, look.request_id))
    assert item is not None
    assert item["route"] == "GET journal"

"""Counting usage: sums of each kind, the rows of a part, and days that the clocks make longer."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime

import pytest

from packhouse.domain.journal import Change, Entry
from packhouse.domain.usage import Count, Part, Row, Usage, of_end, of_start, part_from

FIRST = datetime(2026, 11, 24, tzinfo=UTC)
DAY = date(2026, 11, 24)
PART = Part(first=FIRST, last=FIRST.replace(day=25), day=DAY)
ENTRY = Entry(
    owner="wg",
    entry_id="1",
    at="2026-11-24T03:00:00.000000Z",
    kind="run.held",
    item="run_1",
    actor="tests",
    request_id="r",
    changes=[],
    project_id="prj_1",
    pack_ids=[],
    sequence="1",
)


def born(**told: object) -> Entry:
    """The entry of a birth that tells these attributes."""
    return replace(ENTRY, changes=[Change(field=name, before=None, after=value) for name, value in told.items()])


def test_nothing_was_used_until_something_is_counted() -> None:
    assert Usage() == Usage(held=0, consumed=0, released=0, lapsed=0, covered=0, free=0)
    assert not PART.final
    assert list(Count(PART).rows()) == []
    assert Count(PART).entries == 0


@pytest.mark.parametrize("name", [field.name for field in fields(Usage)])
def test_sums_add_each_kind_of_usage_to_its_own(name: str) -> None:
    one, two = Usage(**{name: 2}), Usage(**{name: 5})

    assert one + two == Usage(**{name: 7})
    assert one + Usage() == Usage() + one == one


def test_a_part_has_a_row_for_each_project_and_type_and_counts_its_entries() -> None:
    count = Count(PART)

    count.add(ENTRY, "mail", Usage(held=2))
    count.add(ENTRY, "files", Usage(held=1))
    count.add(ENTRY, "mail", Usage(consumed=1, released=1))
    count.add(replace(ENTRY, project_id=None), "", Usage(free=1))

    assert count.entries == 4
    assert list(count.rows()) == [
        row("prj_1", "mail", Usage(held=2, consumed=1, released=1), entries=2),
        row("prj_1", "files", Usage(held=1), entries=1),
        row("", "", Usage(free=1), entries=1),
    ]


def row(project_id: str, sku: str, usage: Usage, *, entries: int) -> Row:
    return Row(day=DAY, project_id=project_id, sku=sku, first=FIRST, usage=usage, entries=entries)


def test_a_start_of_which_the_licenses_are_not_told_held_none() -> None:
    assert of_start(born(coverage="licensed", sku="mail")) == ("mail", Usage())


def test_an_end_that_does_not_tell_what_was_used_used_all() -> None:
    assert of_end(replace(ENTRY, kind="run.consumed"), 3) == Usage(consumed=3)


def test_an_hour_that_comes_twice_over_midnight_is_counted_once() -> None:
    """In 2010 the clocks of Newfoundland went back a minute after midnight, to 23:01 of the day before."""
    begins = datetime(2010, 11, 6, 2, 30, tzinfo=UTC)

    parts = [part_from(begins, "America/St_Johns")]
    while parts[-1].last < datetime(2010, 11, 9, tzinfo=UTC):
        parts.append(part_from(parts[-1].last, "America/St_Johns"))

    assert [(part.day.day, f"{part.first:%d %H:%M}", f"{part.last:%d %H:%M}") for part in parts] == [
        (6, "06 02:30", "07 02:30"),
        (7, "07 02:30", "08 03:30"),
        (8, "08 03:30", "09 03:30"),
    ]


@pytest.mark.parametrize("minute", [31, 45, 59])
def test_a_part_that_begins_in_the_hour_that_came_twice_goes_to_the_end_of_the_next_day(minute: int) -> None:
    begins = datetime(2010, 11, 7, 2, minute, tzinfo=UTC)

    part = part_from(begins, "America/St_Johns")

    assert part == Part(first=begins, last=datetime(2010, 11, 8, 3, 30, tzinfo=UTC), day=date(2010, 11, 7))

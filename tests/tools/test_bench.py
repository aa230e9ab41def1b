"""The arithmetic of `make bench`; what it measures is asserted nowhere."""

from functools import partial

import pytest

from bench import rounds
from bench.prices import MILLION, Usage, billed_milliseconds
from bench.report import Row, Section


def test_a_million_requests_cost_what_each_part_of_them_costs() -> None:
    used = Usage(requests=1, invocations=2, milliseconds=100, write_units=8, read_units=2, events=1)

    dollars = used.dollars * MILLION

    gb_seconds = MILLION * 0.1 * 0.5
    assert dollars == pytest.approx(1.00 + 0.40 + gb_seconds * 0.0000133334 + 8 * 0.625 + 2 * 0.125 + 1.00)


def test_usages_are_added_and_multiplied_part_by_part() -> None:
    start = Usage(requests=1, invocations=1, milliseconds=10, write_units=50, read_units=1, events=25)
    settle = Usage(requests=1, invocations=1, milliseconds=5, write_units=2, events=1)

    run = start * (1 / 25) + settle

    assert run.requests == pytest.approx(1.04)
    assert run.write_units == pytest.approx(4)
    assert run.events == pytest.approx(2)
    assert run.milliseconds == pytest.approx(5.4)


def test_less_memory_is_less_cpu_and_a_call_takes_as_long() -> None:
    assert billed_milliseconds(5.12, 0) == pytest.approx(17.69)
    assert billed_milliseconds(0, 2) == pytest.approx(10)


def test_rounds_start_with_each_act_in_turn_and_the_first_does_not_count() -> None:
    done: list[str] = []

    def act(name: str) -> float:
        done.append(name)
        return len(done)

    seconds = rounds.interleaved({name: partial(act, name) for name in "abc"}, rounds=2)

    assert "".join(done) == "abcbcacab"
    assert seconds == {"a": [6, 8], "b": [4, 9], "c": [5, 7]}


def test_a_ratio_is_that_of_the_rounds_not_of_the_medians() -> None:
    found = rounds.ratio([2.0, 20.0, 3.0], [1.0, 10.0, 3.0])

    assert (found.median, found.lower, found.upper) == (2.0, 1.5, 2.0)


def test_rows_of_other_columns_get_a_heading_of_their_own() -> None:
    section = Section(
        title="Title",
        note="How.",
        rows=[Row("one", {"calls": "2", "ms": 1.5}), Row("two", {"calls": "1", "ms": 1000.0}), Row("run", {"$": 2.0})],
    )

    assert section.printed().splitlines() == [
        "Title",
        "  How.",
        "",
        "       calls        ms",
        "  one      2      1.50",
        "  two      1  1,000.00",
        "          $",
        "  run  2.00",
    ]

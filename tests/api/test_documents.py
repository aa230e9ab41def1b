"""Workbooks, read back: what they list is what the API tells, and no cell is anything but its value."""

import base64
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook

from packhouse.documents.xlsx import Cell, Sheet, workbook
from packhouse.domain.usage import Row, Usage
from packhouse.errors import AnswerTooLarge
from packhouse.journal import reporting
from packhouse.journal.reporting import Days
from packhouse.store import keys, usage
from packhouse.store.journal import Selection
from packhouse.store.table import Log
from packhouse.web import documents
from packhouse.web.documents import ANSWER_BYTES_MAX, XLSX, attached
from tests.harness.gateway import context, handler_of
from tests.harness.world import CONTOSO, NORTHWIND, START, World

MAIL = "mailbox-migration"

type Rows = list[dict[str, Any]]


def opened(content: bytes) -> Any:
    return load_workbook(BytesIO(content), data_only=False)


def sheets(world: World, path: str, who: str = "ada") -> dict[str, Rows]:
    """Each sheet's rows, by title."""
    answer = world.call("GET", path, who)
    assert answer.status == 200, answer
    found: dict[str, Rows] = {}
    for sheet in opened(answer.body).worksheets:
        titles, *rows = sheet.iter_rows(values_only=True)
        found[sheet.title] = [dict(zip(titles, row, strict=True)) for row in rows]
    return found


def roll_up(world: World) -> None:
    world.pump()
    handler_of("RollUpFunction")({"job": "roll-up-usage"}, context())


def a_day(world: World, **project: object) -> str:
    """Runs that consumed from one pack, from two, a part of what they held, and nothing."""
    world.grant(MAIL, 4)
    world.clock.advance(seconds=1)
    world.grant(MAIL, 20)
    project_id = world.project(**{"customer": "Adatum", "max_licenses_per_item": 3, **project})
    runs = world.started(project_id, 4, licenses=3)
    world.settle(project_id, runs[0])
    world.settle(project_id, runs[1])
    world.settle(project_id, runs[2], licenses_used=1)
    world.settle(project_id, runs[3], "failed")
    return project_id


# --- the file ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["journal", "usage"])
def test_a_workbook_is_a_file_in_base_64(world: World, name: str) -> None:
    answer = world.call("GET", f"{name}.xlsx", "ada")

    assert answer.headers["content-type"] == XLSX
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}.xlsx"'
    assert opened(answer.body).sheetnames[-1] == "About"


@pytest.mark.parametrize("path", ["journal.xlsx", "usage.xlsx"])
@pytest.mark.parametrize(
    ("who", "status"),
    [("ada", 200), ("max", 200), ("otto", 200), ("amy", 403), ("worker", 403), ("platform", 403), ("cora", 404)],
)
def test_workbooks_are_for_who_reads_the_log(world: World, path: str, who: str, status: int) -> None:
    assert world.call("GET", path, who).status == status


@pytest.mark.parametrize("path", ["journal.xlsx", "usage.xlsx"])
def test_an_operators_look_is_journaled(world: World, path: str) -> None:
    world.call("GET", path, "otto")
    world.pump()

    (look,) = world.call("GET", "journal?kind=security-log.read", "ada").body["items"]

    assert look["changes"] == [{"field": "route", "before": None, "after": f"GET {path}"}]


@pytest.mark.parametrize(
    "path",
    ["journal.xlsx?from=yesterday", "usage.xlsx?by=week", "usage.xlsx?to=2026-02-30", "journal.xlsx?to=9999-12-31"],
)
def test_a_query_that_cannot_be_is_refused(world: World, path: str) -> None:
    assert world.call("GET", path, "ada").slug == "invalid-request"


# --- cells ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")'])
def test_text_never_becomes_a_formula(text: str) -> None:
    content = workbook([Sheet("Sheet", ["=1"], [[text]])], zone="UTC", made_at=datetime(2026, 11, 24, tzinfo=UTC))

    title, cell = (row[0] for row in opened(content).active.iter_rows())
    assert (title.data_type, cell.data_type) == ("s", "s")
    assert title.value == "=1"
    assert cell.value.replace("_x000D_", "\r").replace("_x0009_", "\t") == f"'{text}"


def test_cells_are_what_their_values_are() -> None:
    noon = datetime(2026, 11, 24, 12, 0, 1, tzinfo=UTC)
    values: list[Cell] = ["a=1", 12, noon, date(2026, 11, 24), None, 0]

    content = workbook([Sheet("Sheet", list("abcdef"), [values])], zone="Asia/Kathmandu", made_at=noon)

    _, row = opened(content).active.iter_rows()
    assert [cell.value for cell in row] == [
        "a=1",
        12,
        datetime(2026, 11, 24, 17, 45, 1),  # noqa: DTZ001  # a cell has no zone: its title names it
        datetime(2026, 11, 24),  # noqa: DTZ001  # as above
        None,
        0,
    ]
    assert [cell.number_format for cell in row[2:4]] == ["yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd"]


def test_text_that_no_cell_holds_is_cut() -> None:
    content = workbook(
        [Sheet("Sheet", ["a"], [["x" * 40_000]])], zone="UTC", made_at=datetime(2026, 11, 24, tzinfo=UTC)
    )

    _, row = opened(content).active.iter_rows()
    assert row[0].value == "x" * 15_999 + "…"


def test_what_people_name_is_told_as_text(world: World) -> None:
    world.grant(MAIL, 5)
    project = world.project(name="=cmd|' /C calc'!A0", customer="@here")
    (run,) = world.started(project, items=[{"item_id": "+49 30 1", "user": "-2+3@x"}])
    world.settle(project, run)
    world.clock.advance(days=1)
    roll_up(world)

    answer = world.call("GET", "usage.xlsx?by=customer", "ada")

    book = opened(answer.body)
    (row,) = list(book["Consumed"].iter_rows(values_only=True))[1:]
    assert [row[column] for column in (2, 3, 5, 6)] == ["'=cmd|' /C calc'!A0", "'@here", "'+49 30 1", "'-2+3@x"]
    assert book["Usage"]["A2"].value == "'@here"
    kinds = {cell.data_type for sheet in book.worksheets for cells in sheet.iter_rows() for cell in cells}
    assert kinds <= {"s", "n", "d"}


# --- the journal ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "",
        "from=2026-11-25",
        "to=2026-11-24",
        "from=2026-11-25&to=2026-11-25",
        "from=2026-11-26&to=2026-11-25",
        "kind=run.held",
        "kind=run.held,run.consumed",
        "kind=run.held&kind=project.created",
        "project={project}",
        "pack={pack}",
        "kind=pack.changed&pack={pack}&from=2026-11-24&project={project}",
    ],
)
def test_the_workbook_lists_what_the_log_lists(world: World, query: str) -> None:
    world.call("PATCH", "", "ada", json={"time_zone": "Pacific/Kiritimati"})
    project = a_day(world)
    pack = world.grant(MAIL, 1)
    world.clock.advance(hours=8)  # the 25th there
    world.started(project, 2)
    world.pump()
    query = query.format(project=project, pack=pack.pack_id)

    listed = world.call("GET", f"journal?limit=100&{query}", "ada").body["items"]

    rows = sheets(world, f"journal.xlsx?{query}")["Journal"]
    assert [row["Entry"] for row in rows] == [entry["entry_id"] for entry in listed]
    assert [row["Kind"] for row in rows] == [entry["kind"] for entry in listed]


def test_an_entry_tells_in_the_workbook_what_it_tells_in_the_log(world: World) -> None:
    world.call("PATCH", "", "ada", json={"time_zone": "Asia/Kathmandu"})
    project = a_day(world)
    world.pump()
    (entry,) = world.call("GET", f"journal?kind=run.released&project={project}", "ada").body["items"]

    (row,) = sheets(world, f"journal.xlsx?kind=run.released&project={project}")["Journal"]

    assert row == {
        "At (Asia/Kathmandu)": datetime(2026, 11, 24, 8, 45, 1),  # noqa: DTZ001  # as the title says
        "Kind": "run.released",
        "Item": entry["item"],
        "Project": project,
        "Actor": entry["actor"],
        "Request": entry["request_id"],
        "Changes": "error_count: - → 0; outcome: - → failed; state: held → released",
        "Entry": entry["entry_id"],
    }


def test_a_workbook_says_of_whom_and_when_it_was_made(world: World) -> None:
    about = sheets(world, "journal.xlsx")["About"]

    assert [tuple(row.values()) for row in about] == [
        ("Workgroup", "Northwind"),
        ("Workgroup's id", NORTHWIND),
        ("Time zone", "UTC"),
        ("Made (UTC)", datetime(2026, 11, 24, 3, 0)),  # noqa: DTZ001  # as the title says
    ]


def test_as_many_entries_as_a_workbook_holds_and_no_more(world: World) -> None:
    a_day(world)
    world.pump()
    runs = Selection(first=START, last=world.clock.now + timedelta(days=1), kinds=["run.held", "run.consumed"])

    assert len(reporting.entries(world.journal, NORTHWIND, runs, rows_max=7)) == 7
    with pytest.raises(AnswerTooLarge):
        reporting.entries(world.journal, NORTHWIND, runs, rows_max=6)


# --- usage ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["month", "sku", "project", "customer"])
def test_the_sums_are_those_of_the_api(world: World, by: str) -> None:
    a_day(world)
    a_day(world, customer="Contoso")
    world.clock.advance(days=1)
    roll_up(world)
    rows = world.call("GET", f"usage?by={by}", "ada").body["items"]

    told = sheets(world, f"usage.xlsx?by={by}")["Usage"]

    titles = ("Held", "Consumed", "Released", "Lapsed", "Covered runs", "Free runs")
    assert len(told) == len(rows) > 0
    for cells, row in zip(told, rows, strict=True):
        assert next(iter(cells.values())) == row["key"]
        assert [cells[title] for title in titles] == [count for name, count in row.items() if name != "key"]
        assert {type(cells[title]) for title in titles} == {int}


def test_each_run_that_consumed_is_there_with_the_packs_that_paid_for_it(world: World) -> None:
    world.call("PATCH", "", "ada", json={"time_zone": "Pacific/Kiritimati"})
    project = a_day(world)
    runs = world.call("GET", f"projects/{project}/runs").body["items"]
    world.clock.advance(days=1)
    roll_up(world)

    rows = sheets(world, "usage.xlsx")["Consumed"]

    paid: dict[str, dict[str, int]] = {}
    for row in rows:
        paid.setdefault(row["Run"], {})[row["Pack"]] = row["Licenses used"]
    consumed = {run["run_id"]: run for run in runs if run["state"] == "consumed"}
    assert {run: sum(packs.values()) for run, packs in paid.items()} == {
        run_id: run["licenses_used"] for run_id, run in consumed.items()
    }
    assert sorted(map(len, paid.values())) == [1, 1, 2]  # the first pack had four
    for run_id, packs in paid.items():
        allocated = {one["pack_id"]: one["quantity"] for one in consumed[run_id]["allocations"]}
        assert all(licenses <= allocated[pack] for pack, licenses in packs.items())
    assert {row["Settled (Pacific/Kiritimati)"] for row in rows} == {
        datetime(2026, 11, 24, 17, 0, 1)  # noqa: DTZ001  # as the title says
    }
    assert {(row["Project"], row["Name"], row["Customer"], row["Service"], row["License type"]) for row in rows} == {
        (project, "Move", "Adatum", MAIL, MAIL)
    }
    assert {row["Item"] for row in rows} == {run["item_id"] for run in consumed.values()}


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_both_sheets_come_to_the_same_whatever_the_zone_has_become(world: World, zone: str) -> None:
    for _ in range(3):
        a_day(world)
        world.clock.advance(hours=26)
        roll_up(world)
    world.call("PATCH", "", "ada", json={"time_zone": zone})
    a_day(world)
    world.clock.advance(days=2)
    roll_up(world)

    for days in ("", "from=2026-11-25", "to=2026-11-25", "from=2026-11-25&to=2026-11-25", "from=2999-01-01"):
        told = sheets(world, f"usage.xlsx?{days}")
        licenses = sum(row["Licenses used"] for row in told["Consumed"])
        assert licenses == sum(row["Consumed"] for row in told["Usage"]), days
        assert bool(licenses) == (days != "from=2999-01-01")


def test_as_many_payments_as_a_workbook_holds_and_no_more(world: World) -> None:
    a_day(world)
    world.clock.advance(days=1)
    roll_up(world)
    days = Days(first=None, last=date(2026, 11, 24), through=date(2026, 11, 24))

    assert len(reporting.consumed_licenses(world.table, world.journal, NORTHWIND, days, rows_max=4)) == 4
    for rows_max in (3, 2):  # three runs, one of them on two packs
        with pytest.raises(AnswerTooLarge):
            reporting.consumed_licenses(world.table, world.journal, NORTHWIND, days, rows_max=rows_max)


def test_nothing_is_listed_of_days_that_are_not_counted_yet(world: World) -> None:
    a_day(world)
    world.pump()

    told = sheets(world, "usage.xlsx")

    assert (told["Usage"], told["Consumed"]) == ([], [])
    assert [tuple(row.values()) for row in told["About"]][3:6] == [
        ("First day", None),
        ("Last day", datetime(2026, 11, 23)),  # noqa: DTZ001  # a day
        ("Counted through", datetime(2026, 11, 23)),  # noqa: DTZ001  # a day
    ]


def test_a_removed_project_keeps_its_name(world: World) -> None:
    project = a_day(world)
    world.edit(keys.project(NORTHWIND, project), state="removed")
    world.clock.advance(days=1)
    roll_up(world)

    told = sheets(world, "usage.xlsx?by=project")

    assert [(row["Project"], row["Name"], row["Customer"]) for row in told["Usage"]] == [(project, "Move", "Adatum")]


def test_a_workgroup_gets_its_own_runs_alone(world: World) -> None:
    a_day(world)
    world.clock.advance(days=1)
    roll_up(world)

    told = sheets(world, f"/v1/workgroups/{CONTOSO}/usage.xlsx", "cora")

    assert (told["Usage"], told["Consumed"]) == ([], [])


def test_more_rows_than_are_read_at_once_are_refused(world: World) -> None:
    assert isinstance(world.journal, Log)
    for number in range(3):
        row = Row(
            day=date(2026, 11, 24),
            project_id=f"prj_{number}",
            sku=MAIL,
            first=world.clock.now,
            usage=Usage(held=1),
            entries=1,
        )
        usage.write_row(world.journal, NORTHWIND, row)
    last = date(2026, 11, 30)

    assert len(usage.rows(world.journal, NORTHWIND, None, last, rows_max=3)) == 3
    with pytest.raises(AnswerTooLarge):
        usage.rows(world.journal, NORTHWIND, None, last, rows_max=2)
    assert usage.rows(world.journal, NORTHWIND, date(2026, 11, 25), last, rows_max=0) == []


def test_a_file_that_lambda_would_not_let_through_is_refused() -> None:
    fits = ANSWER_BYTES_MAX * 3 // 4

    answer = attached(b"x" * fits, "fits.xlsx", rows_max=1)

    assert answer.body is not None
    assert base64.b64decode(answer.body) == b"x" * fits
    with pytest.raises(AnswerTooLarge):
        attached(b"x" * (fits + 3), "larger.xlsx", rows_max=1)
    assert documents.ANSWER_BYTES_MAX < 6 * 1024 * 1024

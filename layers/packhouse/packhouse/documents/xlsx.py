"""XLSX files with typed cells, in which no text is a formula."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import xlsxwriter

TEXT_MAX = 16_000  # a cell holds 32,767 UTF-16 units, and a symbol takes up to two
SUSPECT = ("=", "+", "-", "@", "\t", "\r")  # spreadsheets take text that begins with one of these for a formula
WIDTH_MIN, WIDTH_MAX = 10, 60
HEADER, DAY, INSTANT = {"bold": True}, {"num_format": "yyyy-mm-dd"}, {"num_format": "yyyy-mm-dd hh:mm:ss"}

type Cell = str | int | date | datetime | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows under titles. The type of a value is the type of its cell: text, whole number, day, instant, or empty."""

    name: str
    titles: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def workbook(sheets: Sequence[Sheet], *, zone: str, made_at: datetime) -> bytes:
    """The bytes of an XLSX file. It shows instants as local times of the zone, so a title must name the zone."""
    file = BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    book.set_properties({"created": made_at.replace(tzinfo=None)})
    header, day, instant = (book.add_format(style) for style in (HEADER, DAY, INSTANT))
    local = ZoneInfo(zone)
    for sheet in sheets:
        page = book.add_worksheet(sheet.name)
        page.freeze_panes(1, 0)
        widths = [max(WIDTH_MIN, len(title)) for title in sheet.titles]
        for column, title in enumerate(sheet.titles):
            page.write_string(0, column, title, header)
        for number, cells in enumerate(sheet.rows, 1):
            for column, cell in enumerate(cells):
                match cell:
                    case str():
                        text = plain(cell)
                        page.write_string(number, column, text)
                        widths[column] = max(widths[column], min(len(text), WIDTH_MAX))
                    case int():
                        page.write_number(number, column, cell)
                    case datetime():
                        page.write_datetime(
                            number, column, cell.astimezone(local).replace(tzinfo=None, microsecond=0), instant
                        )
                        widths[column] = max(widths[column], 19)
                    case date():
                        page.write_datetime(number, column, cell, day)
        for column, width in enumerate(widths):
            page.set_column(column, column, width + 1)
    book.close()
    return file.getvalue()


def plain(text: str) -> str:
    """Text that stays text, even if it is copied elsewhere: an apostrophe goes before the first symbol of a formula."""
    kept = text if len(text) <= TEXT_MAX else f"{text[: TEXT_MAX - 1]}…"
    return f"'{kept}" if kept.startswith(SUSPECT) else kept

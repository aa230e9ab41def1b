"""Tables of the figures for the terminal, and the machine on which they were measured."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("boto3", "aws-lambda-powertools", "pydantic", "ministack")

type Cell = float | str


@dataclass(frozen=True, slots=True)
class Row:
    """A measured thing, and its figures by the column's heading."""

    name: str
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    title: str
    note: str
    """How it was measured, and what wasn't."""
    rows: Sequence[Row]

    def printed(self) -> str:
        """A table. Where the columns change, a new heading is printed."""
        lines = [self.title, *(f"  {line}" for line in self.note.splitlines()), ""]
        width = max((len(row.name) for row in self.rows), default=0)
        columns: list[str] = []
        for row in self.rows:
            if list(row.cells) != columns:
                columns = list(row.cells)
                alike = [other for other in self.rows if list(other.cells) == columns]
                widths = [max(len(name), *(len(_text(other.cells[name])) for other in alike)) for name in columns]
                lines.append(_line("", columns, widths, width))
            lines.append(_line(row.name, [_text(cell) for cell in row.cells.values()], widths, width))
        return "\n".join(line.rstrip() for line in lines) + "\n"


def machine() -> str:
    """The machine: on another one all figures but ratios and counts are different."""
    load = " ".join(f"{load:.2f}" for load in os.getloadavg())
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    system = f"{platform.system()} {platform.release()} {platform.machine()}, Python {platform.python_version()}"
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {_cpu()}, {os.cpu_count()} cores; load {load}\n{system}; {versions}\n"
    )


def _cpu() -> str:
    names = Path("/proc/cpuinfo")
    if names.exists():
        for line in names.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _line(name: str, cells: Sequence[str], widths: Sequence[int], width: int) -> str:
    columns = "  ".join(f"{cell:>{wide}}" for cell, wide in zip(cells, widths, strict=True))
    return f"  {name:<{width}}  {columns}"


def _text(cell: Cell) -> str:
    return f"{cell:,.2f}" if isinstance(cell, float) else str(cell)

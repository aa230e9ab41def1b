"""What the sections find: rows, faults, and the machine they were found on."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("boto3", "botocore", "aws-lambda-powertools", "pydantic", "ministack")

type Cell = float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A thing measured. `fault` says which budget it misses; empty is none."""

    name: str
    cells: Mapping[str, Cell]
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    title: str
    note: str
    """How it was measured, in a sentence or two."""
    rows: Sequence[Row]

    @property
    def faults(self) -> list[str]:
        return [f"{self.title}: {row.name}: {row.fault}" for row in self.rows if row.fault]

    def written(self) -> dict[str, Any]:
        rows = [{"name": row.name, **row.cells, **({"fault": row.fault} if row.fault else {})} for row in self.rows]
        return {"title": self.title, "note": self.note, "rows": rows}

    def printed(self) -> str:
        """A table for the terminal. Rows of other columns than those above them get a heading of their own."""
        lines = [self.title, *(f"  {line}" for line in self.note.splitlines()), ""]
        width = max(len(row.name) for row in self.rows)
        for number, row in enumerate(self.rows):
            if number == 0 or list(row.cells) != list(self.rows[number - 1].cells):
                widths = _widths([other for other in self.rows if list(other.cells) == list(row.cells)])
                lines.append(_line("", row.cells, widths, width))
            lines.append(_line(row.name, [_text(cell) for cell in row.cells.values()], widths, width))
            if row.fault:
                lines.append(f"  MISSED: {row.fault}")
        return "\n".join(line.rstrip() for line in lines) + "\n"


def over(ratio: float, budget: float) -> str:
    """Why a ratio misses its budget; empty where it doesn't."""
    return f"{ratio:.2f} times, and {budget:.2f} is the budget" if ratio > budget else ""


def machine() -> dict[str, Cell]:
    """Where the figures come from: they mean nothing elsewhere, but for the ratios and the counts."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": _cpu(),
        "cores": os.cpu_count() or 0,
        "load": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


def _cpu() -> str:
    names = Path("/proc/cpuinfo")
    if names.exists():
        for line in names.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _widths(rows: Sequence[Row]) -> list[int]:
    return [max(len(name), *(len(_text(row.cells[name])) for row in rows)) for name in rows[0].cells]


def _line(name: str, cells: Mapping[str, Cell] | Sequence[str], widths: Sequence[int], width: int) -> str:
    columns = "  ".join(f"{cell:>{wide}}" for cell, wide in zip(cells, widths, strict=True))
    return f"  {name:<{width}}  {columns}"


def _text(cell: Cell) -> str:
    return f"{cell:,.2f}" if isinstance(cell, float) else str(cell)

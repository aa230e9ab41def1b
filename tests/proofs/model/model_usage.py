"""What the model answers of usage, once every day on which something happened is closed."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.proofs.model.model import Expected, Packhouse, Run

CAUGHT_UP_AFTER = timedelta(hours=1)
COLUMNS = ("held", "consumed", "released", "lapsed", "covered", "free")


def read(house: Packhouse, *, by: str) -> Expected:
    """In the workgroup's first zone, UTC."""
    sums: dict[str, dict[str, int]] = {}
    for run in house.runs.values():
        for at, column, number in _counted(run):
            project = house.projects[run.project_id]
            key = {
                "month": f"{at:%Y-%m}",
                "sku": run.sku,
                "project": run.project_id,
                "customer": project.told["customer"] or "",
            }[by]
            row = sums.setdefault(key, dict.fromkeys(COLUMNS, 0))
            row[column] += number
    through = (house.now - CAUGHT_UP_AFTER).date() - timedelta(days=1)
    return Expected(200, {"items": [{"key": key, **sums[key]} for key in sorted(sums)], "through": str(through)})


def _counted(run: Run) -> Iterator[tuple[datetime, str, int]]:
    """What a run adds to usage, and when."""
    if run.coverage != "licensed":
        yield run.started_at, run.coverage, 1
        return
    yield run.started_at, "held", run.licenses
    if run.booked_at:
        yield run.booked_at, "lapsed", run.licenses
    if run.ending and run.settled_at:
        used = run.ending.used or 0
        yield run.settled_at, "consumed", used
        yield run.settled_at, "released", run.licenses - used

"""Usage: what runs add up to by month, type or project, in UTC."""

from collections.abc import Iterator

from tests.proofs.model.rules.state import Run, State

COLUMNS = ("held", "consumed", "released", "lapsed", "covered", "free")


def sums(state: State, *, by: str) -> dict[str, dict[str, int]]:
    """The columns by key, once every day on which something happened is closed."""
    found: dict[str, dict[str, int]] = {}
    for run in state.runs.values():
        for at, column, number in _counted(run):
            month = f"{state.terms.at(at):%Y-%m}"
            key = {"month": month, "sku": run.sku, "project": run.request.project}[by]
            found.setdefault(key, dict.fromkeys(COLUMNS, 0))[column] += number
    return found


def _counted(run: Run) -> Iterator[tuple[int, str, int]]:
    """What a run adds to usage, and when."""
    if run.kind != "licensed":
        yield run.started, run.kind, 1
        return
    yield run.started, "held", run.licenses
    if run.lapsed is not None:
        yield run.lapsed, "lapsed", run.licenses
    if run.settled:
        used = run.settled.used or 0
        yield run.settled.now, "consumed", used
        yield run.settled.now, "released", run.licenses - used

"""Which runs of a project are open, and when one was last settled or succeeded: each operand of the filters alone."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from packhouse.store import keys, runs
from tests.harness.damage import overwrite
from tests.harness.world import NORTHWIND, START, World

SETTLED = {"settled_at": "2026-11-25T03:00:00Z", "settled_by": "tests", "outcome": "failed", "error_count": 0}


def run_as(world: World, **attributes: Any) -> tuple[str, str]:
    """A project and its only run, with these attributes set by hand."""
    world.grant("mailbox-migration", 1)
    project = world.project()
    (run,) = world.started(project)
    item = world.item(keys.run(NORTHWIND, project, run))
    assert item is not None
    overwrite(world, item, **attributes)
    world.sound = False
    return project, run


def unlicensed(state: str, **attributes: Any) -> dict[str, Any]:
    return {"state": state, "coverage": state, "allocation": {}, "lease_expires_at": None, **attributes}


OPEN = [
    {},
    {"lease_expires_at": "2026-11-24T02:59:59Z"},  # it lapses when the sweep has been there
    unlicensed("covered"),
    unlicensed("free"),
]
OVER = [
    unlicensed("covered", **SETTLED),
    unlicensed("free", **SETTLED),
    *({"state": state} for state in ("released", "consumed", "lapsed")),
]


def test_open_is_what_is_held_or_needs_no_license_and_was_not_settled(world: World) -> None:
    for attributes in (*OPEN, *OVER):
        project, run = run_as(world, **attributes)
        found = [one.run_id for one in runs.open_of(world.table, NORTHWIND, project)]
        assert found == ([run] if attributes in OPEN else []), attributes


@pytest.mark.parametrize(
    ("after", "found"),
    [(START + timedelta(days=1, seconds=-1), START + timedelta(days=1)), (START + timedelta(days=1), None)],
)
def test_the_last_settlement_is_told_only_if_it_is_later(world: World, after: datetime, found: datetime | None) -> None:
    project, _ = run_as(world, state="released", **SETTLED)

    assert runs.last_settled_at(world.table, NORTHWIND, project, after=after) == found


@pytest.mark.parametrize(
    ("outcome", "found"), [("succeeded", START + timedelta(days=1)), ("failed", None), ("stopped", None)]
)
def test_only_what_succeeded_is_a_success(world: World, outcome: str, found: datetime | None) -> None:
    project, _ = run_as(world, **{**SETTLED, "outcome": outcome})

    assert runs.last_success_at(world.table, NORTHWIND, project) == found


def test_the_latest_of_several_settlements_is_told(world: World) -> None:
    world.grant("mailbox-migration", 3)
    project = world.project()
    for _ in range(3):
        world.clock.advance(days=1)
        (run,) = world.started(project)
        world.settle(project, run)

    latest = START + timedelta(days=3)

    assert runs.last_settled_at(world.table, NORTHWIND, project, after=START) == latest
    assert runs.last_success_at(world.table, NORTHWIND, project) == latest

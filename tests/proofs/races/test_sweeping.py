"""The sweep beside callers and beside itself, on an engine that is right about it."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from packhouse.consumption import settling
from packhouse.domain import instants
from packhouse.domain.access import Stamp
from packhouse.domain.packs import Pack
from packhouse.domain.runs import Outcome, Run, RunState, Settlement
from packhouse.errors import LeaseEnded, Refusal
from packhouse.policies import Policies
from packhouse.store import keys, runs
from packhouse.store.table import StampedTable
from packhouse.sweep.engine import Swept
from tests.harness.sweeping import tick
from tests.harness.world import NORTHWIND, START, World
from tests.proofs.races.test_races import CALLERS, at_once

YEAR_AGO = instants.plus_months(START, -12)

type Settled = tuple[Run, bool]


def sweeping_at(world: World, *, items_max: int = 1000) -> Callable[[], dict[str, Swept]]:
    return lambda: tick(world.table, Policies(), items_max=items_max)


def stamped_before(world: World, number: int) -> StampedTable:
    """The table in the name of a request that came just before the clock stood where it stands."""
    at = world.clock.now - timedelta(seconds=1)
    return world.table.stamped(Stamp(principal="worker", request_id=f"late {number}", changed_at=at))


def end_of(world: World, project: str, run: str, outcome: Outcome, number: int) -> Callable[[], Settled]:
    table = stamped_before(world, number)
    return lambda: settling.settle(table, NORTHWIND, project, run, Settlement(outcome=outcome))


def counted(world: World, pack: Pack) -> tuple[int, int]:
    item = world.item(keys.pack(NORTHWIND, pack.pack_id))
    assert item is not None
    return item["available"], item["expired"]


@pytest.mark.parametrize("outcome", [Outcome.SUCCEEDED, Outcome.FAILED])
def test_of_settlement_and_lapse_at_once_one_wins_and_both_get_a_true_answer(world: World, outcome: Outcome) -> None:
    """The settlements came in the last second of the leases, and are written while the sweep ends them."""
    pack = world.grant("mailbox-migration", 40)
    project = world.project()
    held = world.started(project, 40, lease_seconds=60)
    world.clock.advance(seconds=60)

    acts: list[Callable[[], object]] = [end_of(world, project, run, outcome, number) for number, run in enumerate(held)]
    acts.insert(2, sweeping_at(world))
    answers = at_once(acts, callers=3)

    items = {run: world.item(keys.run(NORTHWIND, project, run)) for run in held}
    states = Counter(item["state"] for item in items.values() if item)
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    settled = [answer[0] for answer in answers if isinstance(answer, tuple)]
    assert {type(refusal) for refusal in refused} <= {LeaseEnded}
    assert len(refused) == states["lapsed"]
    ended = RunState.CONSUMED if outcome is Outcome.SUCCEEDED else RunState.RELEASED
    assert {run.state for run in settled} <= {ended}
    assert len(settled) == states[ended] == 40 - states["lapsed"]
    assert counted(world, pack) == (40 - states["consumed"], 0)


def test_of_heartbeats_and_a_lapse_at_once_a_run_is_extended_or_lapses(world: World) -> None:
    pack = world.grant("mailbox-migration", 20)
    project = world.project()
    held = world.started(project, 20, lease_seconds=60)
    world.clock.advance(seconds=60)

    def extending(run: str, number: int) -> Callable[[], Run]:
        table = stamped_before(world, number)
        return lambda: runs.extend(table, NORTHWIND, project, run, lease_seconds=3600)

    acts: list[Callable[[], object]] = [extending(run, number) for number, run in enumerate(held)]
    acts.insert(2, sweeping_at(world))
    answers = at_once(acts, callers=3)

    items = [world.item(keys.run(NORTHWIND, project, run)) for run in held]
    states = Counter(item["state"] for item in items if item)
    assert sum(isinstance(answer, Run) for answer in answers) == states["held"]
    assert sum(isinstance(answer, LeaseEnded) for answer in answers) == states["lapsed"]
    assert counted(world, pack)[0] == states["lapsed"]


def test_two_sweeps_at_once_and_more_do_each_thing_once(world: World) -> None:
    packs = [world.grant("mailbox-migration", 10, acquired=YEAR_AGO + timedelta(days=days)) for days in (1, 2, 3)]
    reminded = world.grant("document-migration", 5, acquired=YEAR_AGO + timedelta(days=10))
    project = world.project()
    held = world.started(project, 30, lease_seconds=60)
    world.clock.advance(days=4)

    answers = at_once([sweeping_at(world) for _ in range(CALLERS)])
    at_once([sweeping_at(world) for _ in range(2)])

    assert not [answer for answer in answers if isinstance(answer, Refusal)]
    assert {item["state"] for item in world.items() if keys.entity(item) == "RUN"} == {"lapsed"}
    assert [counted(world, pack) for pack in packs] == [(0, 10)] * 3
    world.pump()
    kinds = Counter(entry.kind for entry in world.entries())
    assert (kinds["run.lapsed"], kinds["pack.reminded"]) == (len(held), 1)
    item = world.item(keys.pack(NORTHWIND, reminded.pack_id))
    assert item is not None
    assert item["reminded_days"] == 7


def test_months_without_a_sweep_are_caught_up_in_bounded_ticks(world: World) -> None:
    """Hundreds of leases and packs end while nothing sweeps; heartbeats went on for some of them."""
    packs = [world.grant("mailbox-migration", 20, acquired=YEAR_AGO + timedelta(days=days)) for days in range(1, 11)]
    project = world.project()
    runs = [run for _ in range(2) for run in world.started(project, 90, lease_seconds=3600)]
    for run in runs[:40]:
        world.call("POST", f"projects/{project}/runs/{run}/heartbeat", json={"lease_seconds": 7200})
    for run in runs[40:60]:
        world.settle(project, run)
    world.clock.advance(days=150)

    done: list[int] = []
    while not done or done[-1]:
        swept = sweeping_at(world, items_max=60)()
        done.append(sum(one.done for one in swept.values()))
        assert all(one.postponed == one.parked == 0 for one in swept.values())
        assert len(done) < 10

    assert done == [60, 60, 50, 0]
    assert {item["state"] for item in world.items() if keys.entity(item) == "RUN"} == {"lapsed", "consumed"}
    assert sum(counted(world, pack)[0] for pack in packs) == 0
    assert sum(counted(world, pack)[1] for pack in packs) == 200 - 20
    assert not [item for item in world.items() if keys.entity(item) in {"RUN", "PACK"} and "due" in item]

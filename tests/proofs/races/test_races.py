"""Many callers at once, on an engine that is right about it: nothing is sold twice, nothing is lost."""

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from packhouse.catalog import catalog
from packhouse.consumption import settling, starting
from packhouse.consumption.starting import Start, Started, StartItem
from packhouse.domain.runs import Outcome, Run, Settlement
from packhouse.errors import LicensesExhausted, Refusal, RunAlreadySettled
from packhouse.policies import Policies
from packhouse.store import keys, runs
from tests.harness.world import NORTHWIND, World

CALLERS = 8


def at_once[Done](acts: Sequence[Callable[[], Done]], callers: int = CALLERS) -> list[Done | Refusal]:
    """What each act answers or is refused for, when so many callers start together and take one after another."""
    barrier = threading.Barrier(callers)
    waiting = itertools.count()
    lock = threading.Lock()
    answers: list[Done | Refusal] = []

    def caller() -> None:
        barrier.wait()
        while True:
            with lock:
                number = next(waiting)
            if number >= len(acts):
                return
            try:
                answer: Done | Refusal = acts[number]()
            except Refusal as refusal:
                answer = refusal
            with lock:
                answers.append(answer)

    with ThreadPoolExecutor(callers) as pool:
        for future in [pool.submit(caller) for _ in range(callers)]:
            future.result()
    return answers


def start_of(world: World, project: str, name: str) -> Callable[[], Started]:
    wanted = Start(
        workgroup_id=NORTHWIND,
        project_id=project,
        service="mailbox-migration",
        items=[StartItem(item_id="box", user=None, licenses=1)],
        lease_seconds=None,
        name=name,
        request_hash="hash",
    )
    table = world.stamped()
    return lambda: starting.start(table, catalog(), Policies(), wanted)


def end_of(world: World, project: str, run: str, outcome: Outcome) -> Callable[[], tuple[Run, bool]]:
    table = world.stamped()
    return lambda: settling.settle(table, NORTHWIND, project, run, Settlement(outcome=outcome))


@pytest.mark.parametrize("round_number", range(10))
def test_100_licenses_are_held_exactly_100_times(world: World, round_number: int) -> None:
    """8 callers, 300 attempts, and the store read again in each round; from one pack or from several."""
    split = ([100], [50, 50], [34, 33, 33], [25, 25, 25, 25])[round_number % 4]
    packs = [world.grant("mailbox-migration", quantity) for quantity in split]
    project = world.project()

    answers = at_once([start_of(world, project, f"attempt {number}") for number in range(300)])

    started = [answer for answer in answers if isinstance(answer, Started)]
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert len(started) == 100
    assert {type(refusal) for refusal in refused} == {LicensesExhausted}
    items = [world.item(keys.pack(NORTHWIND, pack.pack_id)) for pack in packs]
    assert [item and item["available"] for item in items] == [0] * len(packs)
    held = [item for item in world.items() if keys.entity(item) == "RUN"]
    assert Counter(pack for item in held for pack in item["allocation"]) == {
        pack.pack_id: pack.quantity for pack in packs
    }


def test_one_key_fired_8_times_at_once_starts_one_run_and_has_8_equal_answers(world: World) -> None:
    pack = world.grant("mailbox-migration", 10)
    project = world.project()

    for round_number in range(10):
        name = f"key {round_number}"
        answers = at_once([start_of(world, project, name) for _ in range(CALLERS)])

        told = [answer.runs for answer in answers if isinstance(answer, Started)]
        assert len(told) == CALLERS, answers
        assert all(one == told[0] for one in told)
        assert sum(not answer.replayed for answer in answers if isinstance(answer, Started)) == 1

    item = world.item(keys.pack(NORTHWIND, pack.pack_id))
    assert item is not None
    assert item["available"] == 0


def test_the_last_license_asked_for_8_times_under_one_key_is_never_refused(world: World) -> None:
    for round_number in range(10):
        world.grant("mailbox-migration", 1)
        project = world.project()

        answers = at_once([start_of(world, project, f"last {round_number}") for _ in range(CALLERS)])

        assert all(isinstance(answer, Started) for answer in answers), answers


def test_of_success_and_failure_at_once_one_wins_and_both_get_a_true_answer(world: World) -> None:
    pack = world.grant("mailbox-migration", 10)
    project = world.project()
    ended = Counter[str]()

    for run in world.started(project, 10):
        acts = [
            end_of(world, project, run, outcome)
            for outcome in (Outcome.SUCCEEDED, Outcome.FAILED)
            for _ in range(CALLERS // 2)
        ]
        answers = at_once(acts)

        (state,) = {answer[0].state for answer in answers if not isinstance(answer, Refusal)}
        assert sum(answer[1] for answer in answers if not isinstance(answer, Refusal)) == 1
        refused = [answer for answer in answers if isinstance(answer, Refusal)]
        assert len(refused) == CALLERS // 2
        assert {type(refusal) for refusal in refused} == {RunAlreadySettled}
        ended[state] += 1

    item = world.item(keys.pack(NORTHWIND, pack.pack_id))
    assert item is not None
    assert item["available"] == ended["released"]


def test_a_heartbeat_and_a_settlement_at_once_leave_the_run_settled(world: World) -> None:
    world.grant("mailbox-migration", 10)
    project = world.project()

    for run in world.started(project, 10, lease_seconds=60):
        table = world.stamped()
        beats: list[Callable[[], object]] = [
            lambda table=table, run=run: runs.extend(table, NORTHWIND, project, run, lease_seconds=3600)  # type: ignore[misc]  # bound now
            for _ in range(CALLERS - 1)
        ]
        at_once([*beats, end_of(world, project, run, Outcome.FAILED)])

    shown = [item for item in world.items() if keys.entity(item) == "RUN"]
    assert {item["state"] for item in shown} == {"released"}
    assert not any("due" in item for item in shown)


def test_releases_and_starts_at_once_conserve_every_license(world: World) -> None:
    packs = [world.grant("mailbox-migration", 5) for _ in range(3)]
    project = world.project()
    held = world.started(project, 15)

    acts: list[Callable[[], object]] = [start_of(world, project, f"new {number}") for number in range(40)]
    for number, run in enumerate(held):
        acts.insert(number * 3, end_of(world, project, run, Outcome.FAILED))
    at_once(acts)

    items = [world.item(keys.pack(NORTHWIND, pack.pack_id)) for pack in packs]
    open_runs = [item for item in world.items() if keys.entity(item) == "RUN" and item["state"] == "held"]
    assert sum(item["available"] for item in items if item) + len(open_runs) == 15

"""Entitlements and retries under many callers at once, on an engine that is right about it."""

from collections import Counter
from collections.abc import Callable

from packhouse.catalog import catalog
from packhouse.consumption import entitling, starting
from packhouse.consumption.starting import Start, Started, StartItem
from packhouse.domain.entitlements import Entitlement
from packhouse.domain.runs import Coverage, Pass
from packhouse.errors import AssignmentRequired, EntitlementUsed, LicensesExhausted, Refusal, RetriesExhausted
from packhouse.policies import Policies
from packhouse.store import keys
from tests.harness.world import NORTHWIND, World
from tests.proofs.races.test_races import CALLERS, at_once

BUNDLE = "user-migration-bundle"
ROUNDS = 6


def start_of(world: World, project: str, name: str, item: StartItem, run_pass: Pass) -> Callable[[], Started]:
    wanted = Start(
        workgroup_id=NORTHWIND,
        project_id=project,
        service="mailbox-migration",
        run_pass=run_pass,
        items=[item],
        lease_seconds=None,
        name=name,
        request_hash="hash",
    )
    table = world.stamped()
    return lambda: starting.start(table, catalog(), Policies(), wanted)


def start_for(world: World, project: str, user: str, name: str) -> Callable[[], Started]:
    return start_of(world, project, name, StartItem(item_id="box", user=user, licenses=1), Pass.FULL)


def assigning(world: World, user: str) -> Callable[[], tuple[Entitlement, bool]]:
    table = world.stamped()
    return lambda: entitling.assign(table, catalog(), NORTHWIND, user, BUNDLE)


def withdrawing(world: World, user: str) -> Callable[[], Entitlement]:
    table = world.stamped()
    return lambda: entitling.withdraw(table, NORTHWIND, user, BUNDLE)


def test_of_a_withdrawal_and_a_covered_start_one_wins_and_both_get_a_true_answer(world: World) -> None:
    pack = world.grant(BUNDLE, ROUNDS)
    project = world.project()
    won = Counter[str]()

    for number in range(ROUNDS):
        user = f"user-{number}"
        world.entitlement("PUT", user)
        acts: list[Callable[[], object]] = [
            start_for(world, project, user, f"start {user}"),
            withdrawing(world, user),
        ]
        answers = at_once(acts if number % 2 else acts[::-1], callers=2)

        (started,) = (one for one in answers if isinstance(one, Started | AssignmentRequired | LicensesExhausted))
        (withdrawn,) = (one for one in answers if isinstance(one, Entitlement | EntitlementUsed))
        assert isinstance(started, Started) == isinstance(withdrawn, EntitlementUsed), answers
        if isinstance(started, Started):
            assert [run.coverage for run in started.runs] == [Coverage.COVERED]
        won[type(withdrawn).__name__] += 1

    item = world.item(keys.pack(NORTHWIND, pack.pack_id))
    assert item is not None
    assert (item["assigned"], item["available"]) == (won["EntitlementUsed"], won["Entitlement"])


def test_the_last_license_is_assigned_to_one_of_many(world: World) -> None:
    for number in range(ROUNDS):
        world.grant(BUNDLE, 1)

        answers = at_once([assigning(world, f"user-{number}-{caller}") for caller in range(CALLERS)])

        refused = [answer for answer in answers if isinstance(answer, Refusal)]
        assert len(refused) == CALLERS - 1
        assert {type(refusal) for refusal in refused} == {LicensesExhausted}


def test_one_user_takes_one_license_however_many_assign_it_at_once(world: World) -> None:
    pack = world.grant(BUNDLE, 100)

    for number in range(ROUNDS):
        answers = at_once([assigning(world, f"user-{number}") for _ in range(CALLERS)])

        told = [answer for answer in answers if not isinstance(answer, Refusal)]
        assert len(told) == CALLERS, answers
        assert sum(assigned_now for _, assigned_now in told) == 1
        assert len({entitlement.assigned_at for entitlement, _ in told}) == 1

    item = world.item(keys.pack(NORTHWIND, pack.pack_id))
    assert item is not None
    assert item["assigned"] == ROUNDS


def test_the_last_license_assigned_to_one_user_by_many_at_once_is_refused_to_none_of_them(world: World) -> None:
    for number in range(ROUNDS):
        world.grant(BUNDLE, 1)

        answers = at_once([assigning(world, f"user-{number}") for _ in range(CALLERS)])

        told = [answer for answer in answers if not isinstance(answer, Refusal)]
        assert len(told) == CALLERS, answers
        assert sum(assigned_now for _, assigned_now in told) == 1


def test_many_first_runs_of_one_user_at_once_are_all_covered(world: World) -> None:
    project = world.project()
    world.entitle("ada")

    answers = at_once([start_for(world, project, "ada", f"start {number}") for number in range(2 * CALLERS)])

    assert all(isinstance(answer, Started) for answer in answers), answers


def test_a_root_is_retried_10_times_by_many_at_once_and_no_more(world: World) -> None:
    world.grant("mailbox-migration", 1)
    project = world.project()
    (root,) = world.started(project)
    world.settle(project, root, errors=["mail-1"])
    item = StartItem(item_id="box-0", user=None, licenses=1, parent_run_id=root)

    answers = at_once(
        [start_of(world, project, f"retry {number}", item, Pass.RETRY_ERRORS) for number in range(3 * CALLERS)]
    )

    started = [answer for answer in answers if isinstance(answer, Started)]
    assert len(started) == 10
    assert {type(answer) for answer in answers} == {Started, RetriesExhausted}
    assert len([one for one in world.items() if keys.entity(one) == "RUN"]) == 11

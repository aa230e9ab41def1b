"""The conditions of the writes on runs, each operand damaged alone: the write is refused, and nothing changes."""

from typing import Any

import pytest

from packhouse.domain.runs import Outcome, Pass, Settlement
from packhouse.errors import NotFound
from packhouse.store import keys, runs
from packhouse.store.wire import Item
from tests.harness.damage import erase, overwrite
from tests.harness.gateway import Answer
from tests.harness.world import NORTHWIND, World

NOW = "2026-11-24T03:00:00Z"
SECOND_AGO, SECOND_LATER, HOUR_LATER = "2026-11-24T02:59:59Z", "2026-11-24T03:00:01Z", "2026-11-24T04:00:00Z"
SUCCEEDED, FAILED = Settlement(outcome=Outcome.SUCCEEDED), Settlement(outcome=Outcome.FAILED)
ENDED = ["consumed", "released", "lapsed"]


class Started:
    """A run of a world, with these attributes set by hand."""

    def __init__(self, world: World, run_id: str, project: str, **attributes: Any) -> None:
        self.world, self.project, self.run_id = world, project, run_id
        self.set(**attributes)
        world.sound = False

    @property
    def item(self) -> Item:
        item = self.world.item(keys.run(NORTHWIND, self.project, self.run_id))
        assert item is not None
        return item

    @property
    def path(self) -> str:
        return f"projects/{self.project}/runs/{self.run_id}"

    def set(self, **attributes: Any) -> None:
        overwrite(self.world, self.item, **attributes)

    def settle(self, outcome: str, **fields: object) -> Answer:
        return self.world.settle(self.project, self.run_id, outcome, **fields)

    def beat(self, lease_seconds: int) -> Answer:
        return self.world.call("POST", f"{self.path}/heartbeat", json={"lease_seconds": lease_seconds})

    def available(self) -> int:
        """How many licenses are left in its pack."""
        (pack_id,) = self.item["allocation"]
        pack = self.world.item(keys.pack(NORTHWIND, pack_id))
        assert pack is not None
        left: int = pack["available"]
        return left


def held(world: World, **attributes: Any) -> Started:
    """A run that holds the only license there is."""
    world.grant("mailbox-migration", 1)
    project = world.project()
    (run,) = world.started(project)
    return Started(world, run, project, **attributes)


def covered(world: World, **attributes: Any) -> Started:
    """A run that its user's entitlement covers."""
    world.entitle("ann@northwind.example")
    project = world.project()
    (run,) = world.started(project, items=[{"item_id": "box", "user": "ann@northwind.example"}])
    return Started(world, run, project, **attributes)


# --- settlements ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("outcome", "state", "left"), [("succeeded", "consumed", 0), ("failed", "released", 1)])
def test_a_hold_is_settled_in_the_last_second_of_its_lease(world: World, outcome: str, state: str, left: int) -> None:
    run = held(world, lease_expires_at=SECOND_LATER)

    assert run.settle(outcome).status == 200

    assert (run.item["state"], run.available()) == (state, left)
    assert "due" not in run.item


NOT_HELD = [
    ({"lease_expires_at": NOW}, "lease-ended"),
    ({"state": "consumed", "lease_expires_at": HOUR_LATER}, "run-already-settled"),
    ({"state": "released", "lease_expires_at": HOUR_LATER}, "run-already-settled"),
    ({"state": "lapsed", "lease_expires_at": HOUR_LATER}, "lease-ended"),
]
"""Attributes of runs that aren't held or have no lease any more, and how that is told."""


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_only_what_is_held_and_has_a_lease_is_settled(world: World, outcome: str) -> None:
    for damage, slug in NOT_HELD:
        run = held(world, **damage)
        before = run.item, run.available()
        answer = run.settle(outcome)
        assert (answer.status, answer.slug) == (409, slug), damage
        assert (run.item, run.available()) == before, damage


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_a_run_without_a_license_is_settled_once(world: World, outcome: str) -> None:
    run = covered(world, settled_at=NOW, settled_by="tests", outcome="stopped", error_count=0)
    before = run.item

    answer = run.settle(outcome)

    assert (answer.status, answer.slug) == (409, "run-already-settled")
    assert run.item == before


@pytest.mark.parametrize("settlement", [SUCCEEDED, FAILED], ids=["succeeded", "failed"])
@pytest.mark.parametrize("start", [held, covered])
def test_a_run_that_is_gone_is_not_made_by_its_settlement(world: World, start: Any, settlement: Settlement) -> None:
    run = start(world)
    read = runs.read(world.table, NORTHWIND, run.project, run.run_id)
    erase(world, run.item)

    with pytest.raises(NotFound):
        runs.settle(world.stamped(), read, settlement)
    with pytest.raises(NotFound):
        runs.consume(world.stamped(), NORTHWIND, run.project, run.run_id, SUCCEEDED)

    assert world.item(keys.run(NORTHWIND, run.project, run.run_id)) is None
    assert [item["available"] for item in world.items() if keys.entity(item) == "PACK"] == [0]


# --- leases -----------------------------------------------------------------------------------------------------------


def test_a_heartbeat_in_the_last_second_of_a_lease_moves_its_end(world: World) -> None:
    run = held(world, lease_expires_at=SECOND_LATER)

    assert run.beat(3600).body["lease_expires_at"] == HOUR_LATER

    assert run.item["lease_expires_at"] == HOUR_LATER


def test_only_what_is_held_and_has_a_lease_lives_on(world: World) -> None:
    for damage, slug in NOT_HELD:
        run = held(world, **damage)
        before = run.item
        answer = run.beat(7200)
        assert (answer.status, answer.slug) == (409, slug), damage
        assert run.item == before, damage


def test_a_heartbeat_never_moves_a_lease_back(world: World) -> None:
    run = held(world, lease_expires_at=HOUR_LATER)
    before = run.item

    answer = run.beat(3599)

    assert (answer.status, answer.body["lease_expires_at"]) == (200, HOUR_LATER)
    assert run.item == before


@pytest.mark.parametrize(("latest", "ends"), [(HOUR_LATER, HOUR_LATER), ("2026-11-24T03:59:59Z",) * 2])
def test_a_heartbeat_never_moves_a_lease_past_its_latest_instant(world: World, latest: str, ends: str) -> None:
    run = held(world, lease_expires_at=SECOND_LATER, lease_latest_at=latest)

    assert run.beat(3600).body["lease_expires_at"] == ends

    assert run.item["lease_expires_at"] == ends


def lapse(run: Started) -> None:
    runs.lapse(run.world.stamped(), runs.read(run.world.table, NORTHWIND, run.project, run.run_id))


def test_a_hold_lapses_at_the_instant_its_lease_ends(world: World) -> None:
    run = held(world, lease_expires_at=NOW)

    lapse(run)

    assert (run.item["state"], run.available()) == ("lapsed", 1)


def test_only_what_is_held_and_whose_lease_is_over_lapses(world: World) -> None:
    for damage in ({"lease_expires_at": SECOND_LATER}, *({"state": state} for state in ENDED)):
        run = held(world, **{"lease_expires_at": NOW, **damage})
        before = run.item, run.available()
        lapse(run)
        assert (run.item, run.available()) == before, damage


# --- starts -----------------------------------------------------------------------------------------------------------


def test_a_start_needs_an_active_project_that_allows_its_largest_item(world: World) -> None:
    """And says which of both is wanting; the rule itself is the write's."""
    world.grant("mailbox-migration", 2)
    ended: list[tuple[dict[str, Any], str]] = [
        ({"state": state}, "project-not-active") for state in ("closed", "retired", "removed")
    ]

    for damage, slug in (({"max_licenses_per_item": 1}, "too-many-licenses-for-item"), *ended):
        project = world.project(max_licenses_per_item=2)
        item = world.item(keys.project(NORTHWIND, project))
        assert item is not None
        overwrite(world, item, **damage)
        assert world.start(project, licenses=2).slug == slug, damage
        assert world.item(keys.project(NORTHWIND, project)) == {**item, **damage}
    assert [item for item in world.items() if keys.entity(item) == "RUN"] == []
    world.sound = False


def with_errors(world: World, **attributes: Any) -> Started:
    """A run that succeeded and left an error."""
    run = held(world)
    assert run.settle("succeeded", errors=["mail-1"]).status == 200
    run.set(**attributes)
    return run


def retry(run: Started, parent: str | None = None) -> Answer:
    items = [{"item_id": run.item["item_id"], "parent_run_id": parent or run.run_id}]
    return run.world.start(run.project, items=items, run_pass=Pass.RETRY_ERRORS)


@pytest.mark.parametrize(("retries", "status", "after"), [(None, 201, 1), (9, 201, 10), (10, 409, 10), (11, 409, 11)])
def test_a_run_is_retried_ten_times(world: World, retries: int | None, status: int, after: int) -> None:
    run = with_errors(world, retries=retries)

    answer = retry(run)

    assert answer.status == status
    assert run.item["retries"] == after


def test_a_root_that_is_gone_is_not_made_by_a_retry(world: World) -> None:
    root = with_errors(world)
    (again,) = retry(root).body["runs"]
    child = Started(world, again["run_id"], root.project)
    assert child.settle("succeeded", errors=["mail-1"]).status == 200
    erase(world, root.item)

    answer = retry(child)

    assert (answer.status, answer.slug) == (409, "retries-exhausted")
    assert world.item(keys.run(NORTHWIND, root.project, root.run_id)) is None


def test_a_run_is_started_once_whatever_has_become_of_it(world: World) -> None:
    run = held(world)
    read = runs.read(world.table, NORTHWIND, run.project, run.run_id)
    world.grant("mailbox-migration", 1)
    run.set(state="released")
    before = run.item

    with pytest.raises(runs.NotStarted):
        runs.start(world.stamped(), runs.Beginning(runs=[read]), licenses_per_item=1, retries_max=10)

    assert run.item == before


def test_the_errors_of_a_run_are_kept_once(world: World) -> None:
    run = held(world)
    table = world.stamped()
    kept = {**keys.run_errors(NORTHWIND, run.project, run.run_id), "errors": ["other"]}
    table.write(table.put(kept, only_if="attribute_not_exists(PK)"))

    answer = run.settle("succeeded", errors=["mail-1"])

    assert answer.status != 200
    item = world.item(keys.run_errors(NORTHWIND, run.project, run.run_id))
    assert item is not None
    assert item["errors"] == ["other"]

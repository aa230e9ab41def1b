"""Retry passes: what succeeded with errors left is retried free, of the same item, so many times and no more."""

from typing import Any

import pytest

from packhouse.catalog import catalog
from packhouse.consumption import starting
from packhouse.consumption.starting import Start, StartItem
from packhouse.domain.projects import ProjectState
from packhouse.domain.runs import Pass
from packhouse.errors import RetriesExhausted
from packhouse.policies import Policies
from packhouse.store import keys
from tests.harness.gateway import Answer
from tests.harness.world import CONTOSO, NORTHWIND, World

MAIL = "mailbox-migration"
ERRORS = ["mail-1", "mail-2", "mail-3"]
ADA = "ada@northwind.example"


@pytest.fixture
def project(world: World) -> str:
    world.grant(MAIL, 5)
    return world.project()


def ended(world: World, project: str, outcome: str = "succeeded", **fields: object) -> str:
    """A run of box-0 that has ended, with errors left unless said otherwise."""
    (run,) = world.started(project)
    assert world.settle(project, run, outcome, **{"errors": ERRORS, **fields}).status == 200
    return run


def retry(
    world: World,
    project: str,
    *parents: str,
    key: str | None = None,
    service: str = MAIL,
    **fields: Any,
) -> Answer:
    """A start of retries of so many parents, whose items are box-0 and so on."""
    items = [{"item_id": f"box-{number}", "parent_run_id": parent, **fields} for number, parent in enumerate(parents)]
    return world.start(project, items=items, key=key, service=service, run_pass="retry_errors")


def retried(world: World, project: str, parent: str, errors: list[str] | None = None) -> str:
    """A retry of box-0 that has succeeded with these errors left."""
    answer = retry(world, project, parent)
    assert answer.status == 201, answer
    run: str = answer.body["runs"][0]["run_id"]
    assert world.settle(project, run, errors=ERRORS if errors is None else errors).status == 200
    return run


def in_stock(world: World) -> tuple[int, int]:
    (line,) = (line for line in world.call("GET", "balance").body["license_types"] if line["sku"] == MAIL)
    return line["available"], line["in_runs"]


def counted(world: World, project: str, run: str) -> int:
    item = world.item(keys.run(NORTHWIND, project, run))
    assert item is not None
    return int(item.get("retries", 0))


def test_a_retry_is_free(world: World, project: str) -> None:
    parent = ended(world, project)
    before = in_stock(world)

    answer = retry(world, project, parent, errors=["mail-2"])

    assert answer.status == 201
    (run,) = answer.body["runs"]
    assert run == {
        "run_id": run["run_id"],
        "project_id": project,
        "item_id": "box-0",
        "service": MAIL,
        "sku": MAIL,
        "pass": "retry_errors",
        "coverage": "free",
        "state": "free",
        "licenses": 0,
        "allocations": [],
        "started_at": "2026-11-24T03:00:00Z",
        "started_by": run["started_by"],
        "error_count": 0,
        "parent_run_id": parent,
        "root_run_id": parent,
    }
    assert in_stock(world) == before
    assert counted(world, project, parent) == 1


def test_a_retry_needs_no_license_in_stock_nor_any_project_option(world: World) -> None:
    world.grant(MAIL, 1)
    project = world.project()
    parent = ended(world, project)
    assert world.start(project).status == 402

    assert retry(world, project, parent).status == 201


def test_a_covered_run_is_retried_after_its_entitlement_has_ended(world: World) -> None:
    world.entitle(ADA)
    project = world.project()
    (parent,) = world.started(project, items=[{"item_id": "box-0", "user": ADA}])
    world.settle(project, parent, errors=ERRORS)
    world.clock.advance(days=800)

    answer = retry(world, project, parent, user=ADA)

    assert (answer.status, answer.body["runs"][0]["sku"]) == (201, "user-migration-bundle")


def test_a_retry_of_a_retry_goes_back_to_the_same_root(world: World, project: str) -> None:
    root = ended(world, project)
    first = retried(world, project, root)

    (run,) = retry(world, project, first).body["runs"]

    assert (run["parent_run_id"], run["root_run_id"]) == (first, root)
    assert (counted(world, project, root), counted(world, project, first)) == (2, 0)


def test_a_root_is_retried_10_times_in_all_whichever_of_its_retries_are(world: World, project: str) -> None:
    root = ended(world, project)
    parents = [root, retried(world, project, root)]
    parents.append(retried(world, project, parents[1]))

    for number in range(8):
        assert retry(world, project, parents[number % 3]).status == 201
    refused = [retry(world, project, parent) for parent in parents]

    assert {(one.status, one.slug, one.body["maximum"]) for one in refused} == {(409, "retries-exhausted", 10)}
    assert counted(world, project, root) == 10
    other = ended(world, project)
    assert retry(world, project, other).status == 201


def test_the_maximum_counts_each_of_one_start(world: World, project: str) -> None:
    """No request names an item twice, so only a start that was made otherwise has several of one root."""
    root = ended(world, project)
    for _ in range(8):
        retry(world, project, root)

    def start(count: int) -> starting.Started:
        wanted = Start(
            workgroup_id=NORTHWIND,
            project_id=project,
            service=MAIL,
            run_pass=Pass.RETRY_ERRORS,
            items=[StartItem(item_id="box-0", user=None, licenses=1, parent_run_id=root)] * count,
            lease_seconds=None,
            name=f"retries {count}",
            request_hash="hash",
        )
        return starting.start(world.stamped(), catalog(), Policies(), wanted)

    for count in (3, 11):
        with pytest.raises(RetriesExhausted):
            start(count)
    assert len(start(2).runs) == 2
    assert counted(world, project, root) == 10


def test_the_same_key_retries_once_and_tells_it_again(world: World, project: str) -> None:
    parent = ended(world, project)
    first = retry(world, project, parent, key="one")
    world.settle(project, first.body["runs"][0]["run_id"])
    for number in range(9):
        retry(world, project, parent, key=f"other-{number}")

    again = retry(world, project, parent, key="one")
    other = retry(world, project, parent, key="one", errors=["mail-1"])

    assert (again.status, again.body, again.headers["idempotent-replayed"]) == (201, first.body, "true")
    assert other.slug == "idempotency-key-reused"
    assert counted(world, project, parent) == 10


@pytest.mark.parametrize(
    ("outcome", "fields", "state"),
    [("succeeded", {"errors": []}, "consumed"), ("failed", {}, "released"), ("stopped", {}, "released")],
)
def test_only_a_success_that_left_errors_is_retried(
    world: World, project: str, outcome: str, fields: dict[str, Any], state: str
) -> None:
    parent = ended(world, project, outcome, **fields)

    answer = retry(world, project, parent)

    assert (answer.status, answer.slug, answer.body["state"]) == (409, "parent-not-retryable", state)


def test_what_has_not_ended_is_not_retried(world: World, project: str) -> None:
    (held,) = world.started(project)
    first = retry(world, project, ended(world, project)).body["runs"][0]["run_id"]

    told = [retry(world, project, parent).body["state"] for parent in (held, first)]
    world.clock.advance(days=1)
    told.append(retry(world, project, held).body["state"])

    assert told == ["held", "free", "lapsed"]


def test_a_retry_that_left_no_error_is_not_retried(world: World, project: str) -> None:
    root = ended(world, project)
    clean = retried(world, project, root, errors=[])

    assert retry(world, project, clean).slug == "parent-not-retryable"
    assert retry(world, project, root).status == 201


def test_errors_that_are_only_counted_can_be_retried_as_a_whole(world: World, project: str) -> None:
    parent = ended(world, project, errors=[], error_count=7)

    assert retry(world, project, parent, errors=["mail-1"]).slug == "errors-not-of-parent"
    assert retry(world, project, parent).status == 201


def test_a_retry_is_of_the_same_item_and_service(world: World, project: str) -> None:
    parent = ended(world, project)
    items = [{"item_id": "box-7", "parent_run_id": parent}]

    for answer in (
        world.start(project, items=items, run_pass="retry_errors"),
        retry(world, project, parent, service="document-migration"),
        retry(world, project, parent, service="gardening"),
    ):
        assert (answer.status, answer.slug, answer.body["state"]) == (409, "parent-not-retryable", "consumed")


def test_a_parent_of_another_project_or_workgroup_or_none_is_not_found(world: World, project: str) -> None:
    parent = ended(world, project)
    elsewhere = world.project()
    theirs = world.call(
        "POST", f"/v1/workgroups/{CONTOSO}/projects", "cora", json={"name": "Theirs"}, key="theirs"
    ).body["project_id"]
    body = {"service": MAIL, "pass": "retry_errors", "items": [{"item_id": "box-0", "parent_run_id": parent}]}

    answers = [
        retry(world, elsewhere, parent),
        world.call("POST", f"/v1/workgroups/{CONTOSO}/projects/{theirs}/runs", "cora", json=body, key="one"),
        *(retry(world, project, absent) for absent in (parent[:-4] + "0000", "run_x", "..", "", "#", elsewhere)),
        retry(world, elsewhere[:-4] + "0000", parent),
    ]

    assert {(answer.status, answer.slug) for answer in answers} == {(404, "not-found")}


@pytest.mark.parametrize("errors", [["mail-9"], ["mail-1", "mail-9"], ["MAIL-1"]])
def test_a_retry_names_only_errors_of_its_parent(world: World, project: str, errors: list[str]) -> None:
    parent = ended(world, project)

    answer = retry(world, project, parent, errors=errors)

    assert (answer.status, answer.slug) == (422, "errors-not-of-parent")
    assert counted(world, project, parent) == 0


def test_a_retry_of_a_retry_names_only_what_that_one_left(world: World, project: str) -> None:
    first = retried(world, project, ended(world, project), errors=["mail-3"])

    assert retry(world, project, first, errors=["mail-1"]).slug == "errors-not-of-parent"
    assert retry(world, project, first, errors=["mail-3"]).status == 201


@pytest.mark.parametrize("batch", [False, True])
def test_a_retry_leaves_only_errors_that_its_parent_left(world: World, project: str, batch: bool) -> None:
    parent = ended(world, project)
    run = retry(world, project, parent, errors=["mail-1"]).body["runs"][0]["run_id"]

    def settle(errors: list[str]) -> tuple[int, str]:
        if not batch:
            answer = world.settle(project, run, errors=errors)
            return answer.status, answer.slug if answer.status != 200 else ""
        settlements = [{"run_id": run, "outcome": "succeeded", "errors": errors}]
        answer = world.call("POST", f"projects/{project}/runs/settle", json={"settlements": settlements})
        (result,) = answer.body["results"]
        problem = result.get("problem", {"status": 200, "type": "/"})
        return problem["status"], problem["type"].rpartition("/")[2]

    foreign = settle(["mail-1", "mail-9"])
    own, again, late = settle(["mail-1"]), settle(["mail-1"]), settle(["mail-9"])

    assert foreign == (422, "errors-not-of-parent")
    assert own == again == (200, "")
    assert late == (409, "run-already-settled")
    shown = world.call("GET", f"projects/{project}/runs/{run}").body
    assert (shown["state"], shown["outcome"], shown["errors"]) == ("free", "succeeded", ["mail-1"])


def test_up_to_100_errors_lie_in_an_item_of_their_own(world: World, project: str) -> None:
    errors = [f"mail-{number}" for number in range(100)]
    parent = ended(world, project, errors=errors)

    run = retry(world, project, parent, errors=errors).body["runs"][0]["run_id"]
    settled = world.settle(project, run, errors=errors[::-1])

    assert settled.body["errors"] == errors[::-1]
    kept = world.item(keys.run_errors(NORTHWIND, project, run))
    assert kept is not None
    assert kept["errors"] == errors[::-1]
    too_many = retry(world, project, parent, errors=[*errors, "mail-100"])
    assert too_many.slug == "invalid-request"


@pytest.mark.parametrize("state", [ProjectState.REMOVED, ProjectState.RETIRED])
def test_an_ended_project_takes_no_retry(world: World, project: str, state: ProjectState) -> None:
    parent = ended(world, project)
    first = retry(world, project, parent, key="one")
    world.edit(keys.project(NORTHWIND, project), state=state)

    answer = retry(world, project, parent)

    assert (answer.status, answer.slug, answer.body["state"]) == (409, "project-not-active", state)
    assert retry(world, project, parent[:-4] + "0000").slug == "project-not-active"
    assert retry(world, project, parent, key="one").body == first.body
    assert world.settle(project, first.body["runs"][0]["run_id"], errors=["mail-1"]).status == 200


def test_retries_of_distinct_roots_share_one_transaction(world: World) -> None:
    world.grant(MAIL, 98)
    project = world.project()
    parents = world.started(project, 98)
    settlements = [{"run_id": run, "outcome": "succeeded", "error_count": 1} for run in parents]
    world.call("POST", f"projects/{project}/runs/settle", json={"settlements": settlements})

    scattered = retry(world, project, *parents[:60])

    assert (scattered.status, scattered.slug, scattered.body["items_max"]) == (409, "start-too-scattered", 49)
    assert retry(world, project, *parents[:49]).status == 201


def test_one_item_that_cannot_be_retried_stops_all(world: World, project: str) -> None:
    good, bad = world.started(project, 2)
    world.settle(project, good, errors=ERRORS)
    world.settle(project, bad)

    assert retry(world, project, good, bad).slug == "parent-not-retryable"
    assert counted(world, project, good) == 0


@pytest.mark.parametrize(
    ("run_pass", "item"),
    [
        ("retry_errors", {}),
        ("retry_errors", {"errors": ["mail-1"]}),
        ("retry_errors", {"parent_run_id": "run_x", "errors": []}),
        ("retry_errors", {"parent_run_id": "run_x", "errors": ["mail-1", "mail-1"]}),
        ("retry_errors", {"parent_run_id": "run_x", "errors": ["x" * 65]}),
        ("retry_errors", {"parent_run_id": "run_x" * 20}),
        ("full", {"parent_run_id": "run_x"}),
        ("full", {"errors": ["mail-1"]}),
        ("again", {}),
    ],
)
def test_what_cannot_be_a_retry_is_refused(world: World, project: str, run_pass: str, item: dict[str, Any]) -> None:
    answer = world.start(project, items=[{"item_id": "box-0", **item}], run_pass=run_pass)

    assert (answer.status, answer.slug) == (422, "invalid-request")


def test_the_journal_tells_what_a_retry_goes_back_to_and_how_it_ended(world: World, project: str) -> None:
    parent = ended(world, project)
    run = retried(world, project, parent, errors=["mail-1"])

    world.pump()

    told = sorted((entry for entry in world.entries() if entry.item == run), key=lambda entry: int(entry.sequence))
    assert [entry.kind for entry in told] == ["run.free", "run.settled"]
    born, settled = ({change.field: change.after for change in entry.changes} for entry in told)
    assert (born["parent_run_id"], born["root_run_id"]) == (parent, parent)
    assert settled == {"outcome": "succeeded", "error_count": 1}

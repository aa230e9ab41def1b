"""What the store makes of DynamoDB's answers: passing trouble is tried again, a refusal explains itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from packhouse.domain import instants
from packhouse.domain.access import Stamp
from packhouse.errors import TryAgain
from packhouse.store import keys, patience
from packhouse.store.patience import WriteRefused
from tests.harness.world import NORTHWIND, World

KEY = {"PK": "WG#wg_test", "SK": "GARDEN#1"}
TRIES = len(patience.PAUSES_SECONDS_MAX)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)


@contextmanager
def trouble(world: World, operation: str, error: dict[str, Any], times: int, status: int = 400) -> Iterator[list[str]]:
    """DynamoDB answers this to the next so many calls of an operation; the calls it was asked are listed."""
    asked: list[str] = []

    def answer(model: Any, **_: object) -> Any:
        asked.append(model.name)
        if len(asked) <= times:
            return SimpleNamespace(status_code=status), {"ResponseMetadata": {}, **error}
        return None

    events = world.client.meta.events
    events.register_first(f"before-call.dynamodb.{operation}", answer, unique_id="trouble")
    try:
        yield asked
    finally:
        events.unregister(f"before-call.dynamodb.{operation}", unique_id="trouble")


def code(name: str) -> dict[str, Any]:
    return {"Error": {"Code": name, "Message": name}}


def cancelled(*reasons: str) -> dict[str, Any]:
    listed = [{"Code": reason} for reason in reasons]
    return {**code("TransactionCanceledException"), "CancellationReasons": listed}


PASSING = [
    ("UpdateItem", code("ProvisionedThroughputExceededException")),
    ("UpdateItem", code("ThrottlingException")),
    ("UpdateItem", code("TransactionConflictException")),
    ("UpdateItem", code("InternalServerError")),
    ("UpdateItem", {**code("503"), "ResponseMetadata": {"HTTPStatusCode": 503}}),
    ("TransactWriteItems", cancelled("None", "TransactionConflict")),
    ("TransactWriteItems", cancelled("ThrottlingError", "None")),
    ("TransactWriteItems", cancelled("ProvisionedThroughputExceeded", "TransactionConflict")),
    ("TransactWriteItems", code("TransactionInProgressException")),
]


def written(world: World, operation: str) -> Callable[[], None]:
    table = world.stamped()
    one = table.update(keys.workgroup(NORTHWIND), sets={"note": "x"}, only_if="attribute_exists(PK)")
    other = table.put({**KEY, "name": "Test"}, only_if="attribute_not_exists(PK)")
    return lambda: table.write(*([one] if operation == "UpdateItem" else [one, other]))


@pytest.mark.parametrize(("operation", "error"), PASSING)
def test_trouble_that_passes_is_tried_again(world: World, operation: str, error: dict[str, Any]) -> None:
    write = written(world, operation)

    with trouble(world, operation, error, times=TRIES - 1) as asked:
        write()

    assert len(asked) == TRIES
    item = world.item(keys.workgroup(NORTHWIND))
    assert item is not None
    assert item["note"] == "x"
    world.sound = False  # a test's own workgroup has no name in the journal


@pytest.mark.parametrize(("operation", "error"), PASSING)
def test_trouble_that_does_not_pass_is_a_try_again(world: World, operation: str, error: dict[str, Any]) -> None:
    write = written(world, operation)

    with trouble(world, operation, error, times=99) as asked, pytest.raises(TryAgain):
        write()

    assert len(asked) == TRIES
    assert world.item(KEY) is None


@pytest.mark.parametrize("error", [code("ValidationException"), cancelled("ValidationError", "TransactionConflict")])
def test_a_bug_is_not_tried_again(world: World, error: dict[str, Any]) -> None:
    write = written(world, "TransactWriteItems")

    with trouble(world, "TransactWriteItems", error, times=99) as asked, pytest.raises(ClientError):
        write()

    assert len(asked) == 1


def test_a_refusal_beside_a_conflict_is_an_answer(world: World) -> None:
    write = written(world, "TransactWriteItems")
    error = cancelled("ConditionalCheckFailed", "TransactionConflict")

    with trouble(world, "TransactWriteItems", error, times=99) as asked, pytest.raises(WriteRefused) as refusal:
        write()

    assert refusal.value.refused == (True, False)
    assert len(asked) == 1


def test_a_lost_connection_is_a_try_again(world: World) -> None:
    def lose(**_: object) -> None:
        raise ReadTimeoutError(endpoint_url="http://dynamodb")

    events = world.client.meta.events
    events.register_first("before-call.dynamodb", lose, unique_id="lose")
    try:
        with pytest.raises(TryAgain):
            world.table.read(KEY)
    finally:
        events.unregister("before-call.dynamodb", unique_id="lose")


def test_keys_that_a_batch_read_leaves_are_asked_for_again(world: World) -> None:
    key = {name: {"S": value} for name, value in keys.workgroup(NORTHWIND).items()}
    nothing = {"Responses": {}, "UnprocessedKeys": {world.table.name: {"Keys": [key], "ConsistentRead": True}}}

    with trouble(world, "BatchGetItem", nothing, times=1, status=200) as asked:
        (found,) = world.table.read_many([keys.workgroup(NORTHWIND)])
    with trouble(world, "BatchGetItem", nothing, times=99, status=200), pytest.raises(TryAgain):
        world.table.read_many([keys.workgroup(NORTHWIND)])

    assert found is not None
    assert found["name"] == "Northwind"
    assert len(asked) == 2


def test_a_refused_write_shows_the_item_it_met(world: World) -> None:
    table = world.stamped()
    taken = table.put({**keys.workgroup(NORTHWIND), "name": "Again"}, only_if="attribute_not_exists(PK)")
    free = table.put({**KEY, "name": "Test"}, only_if="attribute_not_exists(PK)")

    with pytest.raises(WriteRefused) as alone:
        table.write(taken)
    with pytest.raises(WriteRefused) as together:
        table.write(free, taken)

    for refusal, position in ((alone, 0), (together, 1)):
        met = refusal.value.met[position]
        assert met is not None
        assert met["name"] == "Northwind"
    assert together.value.refused == (False, True)
    assert world.item(KEY) is None


def test_every_write_is_stamped(world: World) -> None:
    table = world.stamped("ada")
    table.write(table.put({**KEY, "name": "Test"}, only_if="attribute_not_exists(PK)"))
    first = world.item(KEY)
    world.clock.advance(seconds=1)
    again = world.stamped("max")

    changed = again.change(again.update(KEY, sets={"name": "Other"}, only_if="attribute_exists(PK)"))

    assert first is not None
    assert first["principal"] == "ada"
    assert changed["principal"] == "max"
    assert first["changed_at"] < changed["changed_at"]
    assert first["request_id"] != changed["request_id"]


def test_an_update_that_only_removes_is_stamped_too(world: World) -> None:
    first, second = world.stamped("ada"), world.stamped("max")
    first.write(first.put({**KEY, "note": "x"}, only_if="attribute_not_exists(PK)"))

    second.write(second.update(KEY, sets={}, removes=["note"], only_if="attribute_exists(PK)"))

    assert (world.item(KEY) or {})["principal"] == "max"
    assert "note" not in (world.item(KEY) or {})
    world.sound = False  # a test's own workgroup has no name in the journal


def test_parts_of_a_request_have_stamps_of_their_own() -> None:
    stamp = Stamp(principal="ada", request_id="one", changed_at=instants.parse("2026-11-24T03:00:00.5Z"))

    assert {stamp.part(0).request_id, stamp.part(1).request_id} == {"one#0", "one#1"}
    assert instants.text(stamp.at) == "2026-11-24T03:00:00Z"


def test_more_keys_than_a_batch_read_takes_is_a_bug(world: World) -> None:
    with pytest.raises(ValueError, match="101 keys"):
        world.table.read_many([KEY] * 101)


def test_through_the_api_trouble_is_a_503_that_changed_nothing(world: World) -> None:
    world.grant("mailbox-migration", 5)
    project = world.project()

    with trouble(world, "TransactWriteItems", cancelled("TransactionConflict", "None", "None"), times=99):
        answer = world.start(project, key="one")

    assert (answer.status, answer.slug, answer.headers["retry-after"]) == (503, "try-again", "1")
    assert world.call("GET", f"projects/{project}/runs").body["items"] == []
    assert world.start(project, key="one").status == 201


def test_once_the_table_is_too_busy_the_rest_of_a_batch_is_not_tried(world: World) -> None:
    world.grant("mailbox-migration", 5)
    project = world.project()
    runs = world.started(project, 5)
    body = {"settlements": [{"run_id": run, "outcome": "succeeded"} for run in runs]}

    with trouble(world, "UpdateItem", code("ThrottlingException"), times=99) as asked:
        answer = world.call("POST", f"projects/{project}/runs/settle", json=body)

    assert {result["problem"]["status"] for result in answer.body["results"]} == {503}
    assert len(asked) == TRIES
    again = world.call("POST", f"projects/{project}/runs/settle", json=body)
    assert {result["status"] for result in again.body["results"]} == {"settled"}


def test_a_start_whose_answer_was_lost_is_found_by_its_key(world: World) -> None:
    pack = world.grant("mailbox-migration", 1)
    project = world.project()

    def lose(**_: object) -> None:
        raise ReadTimeoutError(endpoint_url="http://dynamodb")

    events = world.client.meta.events
    events.register_last("after-call.dynamodb.TransactWriteItems", lose, unique_id="lose")
    first = world.start(project, key="one")
    events.unregister("after-call.dynamodb.TransactWriteItems", unique_id="lose")
    again = world.start(project, key="one")

    assert first.status == 201  # its own look, after the answer was lost, found what it had written
    assert "idempotent-replayed" not in first.headers
    assert (again.status, again.body) == (201, first.body)
    assert again.headers["idempotent-replayed"] == "true"
    assert world.pack(pack)["in_runs"] == 1

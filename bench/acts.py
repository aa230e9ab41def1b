"""The requests that are measured, as the events that API Gateway hands to a function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from bench.stage import BenchError
from packhouse.store import packs
from tests.harness.gateway import Handler, context, handler_of
from tests.harness.world import NORTHWIND, World, path_of

BATCH = 25
PAGE = 25
LICENSES = 1_000_000
SKU = "mailbox-migration"
OTHER_SKU = "public-folder-migration"
STARTED_PER_CALL = 90

type Event = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A request of the hot path. `prepare` makes a world ready for so many such requests, and makes their events."""

    name: str
    prepare: Callable[[World, int], list[Event]]
    function: str = "ConsumptionFunction"
    per_round: int = 10
    """How many are made in a row."""

    def handler(self) -> Handler:
        return handler_of(self.function)


START_ONE, START_BATCH = "start one run", f"start {BATCH} runs"
SUCCESS, FAILURE = "settle: success", "settle: failure"
HEARTBEAT = "heartbeat"
AUTHORIZE = "authorize an API key"


def acts() -> list[Act]:
    return [
        Act(name=START_ONE, prepare=_starts(1)),
        Act(name=START_BATCH, prepare=_starts(BATCH), per_round=4),
        Act(name=SUCCESS, prepare=_settlements("succeeded")),
        Act(name=FAILURE, prepare=_settlements("failed")),
        Act(name=HEARTBEAT, prepare=_heartbeats),
        Act(name=f"list {PAGE} packs", prepare=_reads(f"packs?sku={OTHER_SKU}&limit={PAGE}")),
        Act(name=f"balance over {PAGE + 1} packs", prepare=_reads("balance")),
        Act(name=AUTHORIZE, prepare=_authorizations, function="AuthorizerFunction"),
    ]


def handled(handler: Handler, event: Event) -> Mapping[str, Any]:
    """The function's answer. Raises BenchError if it is no success."""
    answer: Mapping[str, Any] = handler(event, context())
    if answer.get("statusCode", HTTPStatus.OK) >= HTTPStatus.BAD_REQUEST:
        raise BenchError(f"{event['routeKey']}: {answer}")
    return answer


def request(
    world: World, method: str, path: str, *, who: str = "worker", json: object = None, key: str | None = None
) -> Event:
    """The event of a request, after the authorizer."""
    event = world.gateway.event(method, path_of(path), token=world.token(who), json=json, key=key)
    world.gateway.authorize(event)
    return event


def started(world: World, project_id: str, count: int, **fields: object) -> list[str]:
    """Start so many runs, in batches. Returns their ids."""
    whole, rest = divmod(count, STARTED_PER_CALL)
    batches = [STARTED_PER_CALL] * whole + [rest] * bool(rest)
    return [run for batch in batches for run in world.started(project_id, batch, **fields)]


def _stocked(world: World) -> str:
    """A new project, and enough licenses for all of its runs."""
    if not _packs_of(world, SKU):
        world.grant(SKU, LICENSES)
    return world.project()


def _packs_of(world: World, sku: str) -> int:
    return sum(pack.sku == sku for pack in packs.every(world.table, NORTHWIND))


def _starts(batch: int) -> Callable[[World, int], list[Event]]:
    def prepare(world: World, count: int) -> list[Event]:
        project = _stocked(world)
        items = [{"item_id": f"box-{number}@northwind.example"} for number in range(batch)]
        body = {"service": SKU, "pass": "full", "items": items}  # nosec B105  # a kind of run
        path = f"projects/{project}/runs"
        return [request(world, "POST", path, json=body, key=f"measured-{batch}-{n}") for n in range(count)]

    return prepare


def _settlements(outcome: str) -> Callable[[World, int], list[Event]]:
    def prepare(world: World, count: int) -> list[Event]:
        project = _stocked(world)
        paths = [f"projects/{project}/runs/{run}/settle" for run in started(world, project, count)]
        return [request(world, "POST", path, json={"outcome": outcome}) for path in paths]

    return prepare


def _heartbeats(world: World, count: int) -> list[Event]:
    project = _stocked(world)
    runs = started(world, project, count, lease_seconds=60)
    paths = [f"projects/{project}/runs/{run}/heartbeat" for run in runs]
    return [request(world, "POST", path, json={"lease_seconds": 3600}) for path in paths]


def _reads(path: str) -> Callable[[World, int], list[Event]]:
    def prepare(world: World, count: int) -> list[Event]:
        for _ in range(_packs_of(world, OTHER_SKU), PAGE):
            world.grant(OTHER_SKU, 10)
        return [request(world, "GET", path) for _ in range(count)]

    return prepare


def _authorizations(world: World, count: int) -> list[Event]:
    event = world.gateway.event("GET", path_of("packs"), token=world.token("worker"))
    return [{**event, "type": "REQUEST"} for _ in range(count)]

"""Which costs grow with the table: lists and ticks at three sizes of it, with equally much due in each."""

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from itertools import batched
from pathlib import Path
from typing import Any

import boto3

from bench.acts import PAGE, handled, request
from bench.report import Row, Section
from bench.stage import BenchError, Stage
from packhouse import runtime
from packhouse.domain.orders import OrderStatus
from packhouse.settings import payment_settings
from packhouse.store import keys
from packhouse.store.wire import Key
from tests.harness.fake_stripe import API_KEY, SECRET, FakeStripe
from tests.harness.gateway import context, handler_of
from tests.harness.meter import Bill, metered
from tests.harness.shop import Shop
from tests.harness.world import NORTHWIND, START, World

SIZES = (100, 1_000, 10_000)
DUE = 8
HOURS_UNTIL_DUE = 25
SWEPT_SIZES = (100, 10_000, 100_000)
SWEPT_DUE = {"RUN": 40, "PACK": 6, "PROJECT": 4}
"""How many items are due in each queue of the sweep: 50 in all."""
DAYS_UNTIL_SWEPT = 400  # more than a pack's twelve months, a lease, and the six months of an idle project
PER_PROJECT = 10  # items due later for each project: the project, a pack, and runs
FAR = "2030-01-01T00:00:00Z"
PUT_MAX = 25

type Image = dict[str, Any]


def section(on: Stage) -> Section:
    with tempfile.TemporaryDirectory() as folder:
        stripe = FakeStripe(Path(folder))
        try:
            bills = {size: _bills(on, stripe, size) for size in SIZES}
        finally:
            stripe.stop()
    return Section(
        title="Calls and units at three sizes of the table",
        note=(
            "One workgroup with so many packs, as many ended runs of one project, and as many orders, half of them\n"
            f"open and due later; {DUE} further orders are due now. Calls of DynamoDB / read units + write units, by\n"
            "the meter, on ministack."
        ),
        rows=_rows(bills),
    )


def swept(on: Stage) -> Section:
    due = sum(SWEPT_DUE.values())
    listed = ", ".join(f"{count} {queue}" for queue, count in SWEPT_DUE.items())
    return Section(
        title="Calls and units of the sweep at three sizes of the table",
        note=(
            "So many items are due later in its queues: of each ten, 8 held runs, a pack and a project.\n"
            f"{due} items are due now ({listed}): leases that have ended, packs that expire, idle projects.\n"
            "One tick does them all; then comes a tick with nothing due. Calls of DynamoDB / read units + write\n"
            "units, by the meter, on ministack."
        ),
        rows=_rows({size: _swept_bills(on, size) for size in SWEPT_SIZES}),
    )


def _rows(bills: Mapping[int, Mapping[str, Bill]]) -> list[Row]:
    """The bills of each act at all sizes, and whether they differ."""
    names = next(iter(bills.values()))
    texts = {name: {f"{size:,}": _text(found[name]) for size, found in bills.items()} for name in names}
    return [
        Row(name, {**of_size, "grows": "no" if len(set(of_size.values())) == 1 else "YES"})
        for name, of_size in texts.items()
    ]


def _bills(on: Stage, stripe: FakeStripe, size: int) -> Mapping[str, Bill]:
    shop = _shop(on, stripe, size)
    project = _filled(shop, size)
    found = {}
    for name, act in {**_requests(shop.world, project), **_ticks(shop)}.items():
        with metered(shop.world.client, shop.world.raw) as found[name]:
            act()
    return found


def _requests(world: World, project: str) -> Mapping[str, Callable[[], object]]:
    start = {"service": "mailbox-migration", "pass": "full", "items": [{"item_id": "box"}]}  # nosec B105  # a kind of run
    events = {
        f"list {PAGE} packs": request(world, "GET", f"packs?limit={PAGE}", who="ada"),
        f"list {PAGE} runs": request(world, "GET", f"projects/{project}/runs?limit={PAGE}", who="ada"),
        f"list {PAGE} orders": request(world, "GET", f"orders?limit={PAGE}", who="ada"),
        "start one run": request(world, "POST", f"projects/{project}/runs", json=start, key="measured"),
        "balance": request(world, "GET", "balance", who="ada"),
    }
    return {name: _handling(event) for name, event in events.items()}


def _handling(event: Image) -> Callable[[], object]:
    function = "CheckoutFunction" if event["routeKey"].endswith("/orders") else "ConsumptionFunction"
    return lambda: handled(handler_of(function), event)


def _ticks(shop: Shop) -> Mapping[str, Callable[[], object]]:
    """Ticks of the schedules. Add a new schedule here, and the items that are due for it in `_filled`."""

    def expire() -> None:
        if shop.expire()["ORDER"]["done"] != DUE:
            raise BenchError(f"The tick did not expire {DUE} orders.")

    return {f"expire-orders, {DUE} due": expire}


def _swept_bills(on: Stage, size: int) -> Mapping[str, Bill]:
    world = on.world(f"swept-{size}")
    _queued(world, size)
    found = {}
    for name, due in ((f"a tick, {sum(SWEPT_DUE.values())} due", SWEPT_DUE), ("a tick, nothing due", {})):
        with metered(world.client, world.raw) as found[name]:
            _tick(due)
    return found


def _tick(due: Mapping[str, int]) -> None:
    """A tick of the sweep. Raises BenchError unless it does everything that is due."""
    swept = {queue: dict(came_to) for queue, came_to in handler_of("SweepFunction")({}, context()).items()}
    done = {queue: came_to.pop("done") for queue, came_to in swept.items()}
    left = [number for came_to in swept.values() for number in came_to.values() if number]
    if left or any(done[queue] != due.get(queue, 0) for queue in done):
        raise BenchError(f"The sweep should have done {due}. It did {done}, and reported {swept}.")


def _queued(world: World, size: int) -> None:
    """Make what is due, and so many items that are due much later. Then move the clock until the first are due."""
    world.clock.now = START
    packs = [world.grant("mailbox-migration", SWEPT_DUE["RUN"]) for _ in range(SWEPT_DUE["PACK"])]
    projects = [world.project() for _ in range(SWEPT_DUE["PROJECT"])]
    runs = world.started(projects[0], SWEPT_DUE["RUN"])
    later = _wire({"due_at": FAR})
    one_pack, one_project, one_run = (
        _read(world, key) | later
        for key in (
            keys.pack(NORTHWIND, packs[0].pack_id),
            keys.project(NORTHWIND, projects[0]),
            keys.run(NORTHWIND, projects[0], runs[0]),
        )
    )

    def item(number: int) -> Image:
        project_id, run_id = f"prj_{number // PER_PROJECT:032x}", f"run_{number:032x}"
        match number % PER_PROJECT:
            case 0:
                return one_project | _wire(keys.project(NORTHWIND, project_id))
            case 1:
                return _pack(one_pack, packs[0].pack_id, number)
            case _:
                queue = f"RUN#{number % len(keys.queue_parts('RUN')):X}"
                return one_run | _wire({**keys.run(NORTHWIND, project_id, run_id), "due": queue})

    _put(world, map(item, range(size)))
    world.clock.advance(days=DAYS_UNTIL_SWEPT)


def _shop(on: Stage, stripe: FakeStripe, size: int) -> Shop:
    world = on.world(f"size-{size}", STRIPE_URL=stripe.url)
    secret = json.dumps({"api_key": API_KEY, "webhook_secrets": [SECRET]})
    boto3.client("secretsmanager").create_secret(Name=payment_settings().secret_name, SecretString=secret)
    world.clock.now = stripe.clock.now()
    return Shop(world, stripe)


def _filled(shop: Shop, size: int) -> str:
    """Fill the table, and move the clock until the orders are due. Returns the project of the runs."""
    world = shop.world
    pack = world.grant("mailbox-migration", 10)
    project = world.project()
    (run,) = world.started(project)
    world.settle(project, run)
    orders = [shop.ordered(key=f"{size}-{number}")["order_id"] for number in range(DUE)]
    one_pack, one_run, one_order = (
        _read(world, key)
        for key in (
            keys.pack(NORTHWIND, pack.pack_id),
            keys.run(NORTHWIND, project, run),
            keys.order(NORTHWIND, orders[0]),
        )
    )
    _put(world, (_pack(one_pack, pack.pack_id, number) for number in range(size)))
    _put(world, (one_run | _wire(keys.run(NORTHWIND, project, f"run_{number:032x}")) for number in range(size)))
    _put(world, (_order(one_order, number) for number in range(size)))
    shop.advance(hours=HOURS_UNTIL_DUE)
    return project


def _pack(like: Image, pack_id: str, number: int) -> Image:
    return like | _wire(keys.pack(NORTHWIND, f"{pack_id[:-16]}{number:016x}"))


def _order(like: Image, number: int) -> Image:
    """An order that has ended, or one that is due much later."""
    order_id = f"ord_{number:032x}"
    owned = keys.owned_order(NORTHWIND, order_id, runtime.now())
    order = like | _wire({**keys.order(NORTHWIND, order_id), **owned})
    if number % 2:
        return order | _wire({"due_at": FAR})
    over = {name: value for name, value in order.items() if name not in {"due", "due_at"}}
    return over | _wire({"status": OrderStatus.EXPIRED})


def _wire(item: Mapping[str, str]) -> Image:
    return {name: {"S": value} for name, value in item.items()}


def _read(world: World, key: Key) -> Image:
    return world.raw.get_item(TableName=world.table.name, Key=_wire(key))["Item"]


def _put(world: World, items: Iterable[Image]) -> None:
    for some in batched(items, PUT_MAX, strict=False):
        puts: Any = [{"PutRequest": {"Item": item}} for item in some]
        answer = world.raw.batch_write_item(RequestItems={world.table.name: puts})
        if answer.get("UnprocessedItems"):
            raise BenchError("The table took only some of the items.")


def _text(bill: Bill) -> str:
    written = bill.table_units + bill.index_units
    return f"{bill.round_trips} / {bill.read_units:g}" + (f" + {written}" if written else "")

"""What grows with the table, and what doesn't: scheduled ticks and lists at three sizes, with as much due in each."""

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
"""What is due in each queue of the sweep: 50 items."""
DAYS_UNTIL_SWEPT = 400  # more than a pack's twelve months, and so more than a lease and an idle project's six
PER_PROJECT = 10  # items for each project of those due later: itself, a pack, and its runs
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
            "So many packs, as many runs of one project that are over, and as many orders, half of them open and due\n"
            f"later, in one workgroup; {DUE} orders due in each. Calls of DynamoDB / read units + write units, by the\n"
            "meter, on ministack."
        ),
        rows=_rows(bills),
    )


def swept(on: Stage) -> Section:
    due = sum(SWEPT_DUE.values())
    listed = ", ".join(f"{count} {queue}" for queue, count in SWEPT_DUE.items())
    return Section(
        title="Calls and units of the sweep at three sizes of the table",
        note=(
            "So many items in its queues that are due later: of each ten, 8 held runs, a pack and a project. And\n"
            f"{due} that are due ({listed}): leases that are over, packs that end, idle projects.\n"
            "A tick that does them all, and the next one. Calls of DynamoDB / read units + write units, by the meter,\n"
            "on ministack."
        ),
        rows=_rows({size: _swept_bills(on, size) for size in SWEPT_SIZES}),
    )


def _rows(bills: Mapping[int, Mapping[str, Bill]]) -> list[Row]:
    """Of each act its bill at each size, and whether they differ."""
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
    """The schedules whose work is what is due; a further one joins here, and what it finds due in `_filled`."""

    def expire() -> None:
        if shop.expire() != {"orders": DUE}:
            raise BenchError("Not as many orders were due as should be.")

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
    """A tick of the sweep; it does all that is due, and leaves nothing."""
    swept = {queue: dict(came_to) for queue, came_to in handler_of("SweepFunction")({}, context()).items()}
    done = {queue: came_to.pop("done") for queue, came_to in swept.items()}
    left = [number for came_to in swept.values() for number in came_to.values() if number]
    if left or any(done[queue] != due.get(queue, 0) for queue in done):
        raise BenchError(f"The sweep was to do {due}, and did {done}; besides it came to {swept}.")


def _queued(world: World, size: int) -> None:
    """What is due, and as many items as that which are due much later, when their time has come."""
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
                queue = f"RUN#{number % len(keys.queues('RUN')):X}"
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
    """The project in which the runs are, in a table as large as that, at a time when the orders are due."""
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
    """An order that is over, or one that is due much later."""
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

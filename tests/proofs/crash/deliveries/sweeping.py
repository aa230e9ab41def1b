"""What the clock does: leases that end, packs that expire, projects that nobody uses; and what is counted of it."""

from datetime import timedelta

from tests.harness.shop import Shop
from tests.proofs.crash.registry import Delivery, registered
from tests.proofs.crash.sources import Batch, Tick, request
from tests.proofs.crash.state import records

LATER = timedelta(minutes=5)
"""When what failed once is due again."""


@registered("SweepFunction Tick")
def lapse(shop: Shop) -> Delivery:
    """Two runs of two packs, one of which settles while the tick is under way."""
    world = shop.world
    world.grant("mailbox-migration", 1)
    world.grant("mailbox-migration", 5, acquired=world.clock.now + timedelta(days=1))
    project = world.project()
    world.started(project, 2, lease_seconds=60)
    shop.advance(minutes=2)
    return Delivery(source=Tick("SweepFunction", LATER), settles=False)


@registered("SweepFunction Tick")
def remind_and_expire(shop: Shop) -> Delivery:
    """Of two packs one has expired, and one will within the week."""
    world = shop.world
    world.grant("mailbox-migration", 2)
    world.grant("mailbox-migration", 5, acquired=world.clock.now + timedelta(days=5))
    shop.advance(days=365 + 1)
    return Delivery(source=Tick("SweepFunction", LATER), settles=False)


@registered("SweepFunction Tick")
def end_idle_projects(shop: Shop) -> Delivery:
    """One had a success, the other nothing; somebody uses that one after all."""
    world = shop.world
    world.grant("mailbox-migration", 5)
    used, unused = world.project(), world.project()
    (run,) = world.started(used)
    world.settle(used, run)
    shop.advance(days=185)
    return Delivery(
        source=Tick("SweepFunction", LATER),
        rival=lambda: world.call("PATCH", f"projects/{unused}", "amy", json={"name": "Used"}),
        settles=False,
    )


@registered("SweepFunction Tick")
def release_what_a_removed_project_holds(shop: Shop) -> Delivery:
    world = shop.world
    world.grant("mailbox-migration", 5)
    project = world.project()
    first, *_ = world.started(project, 2)
    world.call("DELETE", f"projects/{project}?release=true", "amy")
    shop.advance(minutes=1)
    return Delivery(source=Tick("SweepFunction", LATER), rival=lambda: world.settle(project, first), settles=False)


@registered("WatchFunction Changes")
def watch(shop: Shop) -> Delivery:
    """A success, by which the balance fell below its threshold."""
    world = shop.world
    world.call("PATCH", "", "ada", json={"low_balance": {"mailbox-migration": 5}})
    world.grant("mailbox-migration", 5)
    project = world.project()
    world.pump()
    records(world)
    (run,) = world.started(project)
    world.settle(project, run)
    told = records(world)
    Batch("JournalFunction", told).send()
    return Delivery(source=Batch("WatchFunction", told))


@registered("WatchFunction Changes")
def watch_a_success_after_the_end(shop: Shop) -> Delivery:
    """Of a run that had no lease, in a project that was closed before; somebody may remove that first."""
    world = shop.world
    world.entitle("ann@northwind.example")
    project = world.project(inactivity_days=31)
    (run,) = world.started(project, items=[{"item_id": "box-1", "user": "ann@northwind.example"}])
    shop.advance(days=31)
    Tick("SweepFunction", LATER).send()
    world.settle(project, run)
    told = records(world)
    Batch("JournalFunction", told).send()
    return Delivery(
        source=Batch("WatchFunction", told),
        rival=lambda: world.call("DELETE", f"projects/{project}", "amy"),
        follows=True,
    )


@registered("RollUpFunction Tick")
def roll_up_usage(shop: Shop) -> Delivery:
    used_yesterday(shop)
    return Delivery(source=Tick("RollUpFunction", timedelta(hours=1)), settles=False)


@registered("GET /v1/workgroups/{wg}/usage")
def read_usage(shop: Shop) -> Delivery:
    used_yesterday(shop)
    return Delivery(source=request(shop.world, "GET", "usage?by=sku", "ada"))


@registered("GET /v1/workgroups/{wg}/usage.xlsx")
def usage_workbook(shop: Shop) -> Delivery:
    used_yesterday(shop)
    return Delivery(source=request(shop.world, "GET", "usage.xlsx?by=sku", "ada"))


@registered("GET /v1/workgroups/{wg}/journal.xlsx")
def journal_workbook(shop: Shop) -> Delivery:
    used_yesterday(shop)
    return Delivery(source=request(shop.world, "GET", "journal.xlsx", "ada"))


def used_yesterday(shop: Shop) -> None:
    world = shop.world
    world.grant("mailbox-migration", 5)
    project = world.project()
    (run,) = world.started(project)
    world.settle(project, run)
    world.pump()
    shop.advance(days=2)

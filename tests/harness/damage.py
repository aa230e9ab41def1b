"""What a hand can do to a table, past every condition."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeSerializer

from packhouse.store import keys
from packhouse.store.wire import Item, plain
from tests.harness.world import CONTOSO, World

type Damage = Callable[[World], None]


def one(world: World, kind: str, **attributes: object) -> Item:
    """An item of a kind that has these attributes."""
    return next(
        item
        for item in world.items()
        if keys.entity(item) == kind and all(item.get(name) == value for name, value in attributes.items())
    )


def told(world: World, kind: str) -> Item:
    """An entry of a kind, as the journal's table holds it."""
    items = world.raw.scan(TableName=world.journal.name)["Items"]
    return next(item for item in map(plain, items) if item["kind"] == kind)


def overwrite(world: World, item: Item, *, table: str | None = None, **attributes: Any) -> None:
    """By hand, past every condition."""
    whole = {**item, **attributes}
    wire = {name: TypeSerializer().serialize(value) for name, value in whole.items() if value is not None}
    world.raw.put_item(TableName=table or world.table.name, Item=wire)


def erase(world: World, item: Item, *, table: str | None = None) -> None:
    key = {name: {"S": item[name]} for name in ("PK", "SK")}
    world.raw.delete_item(TableName=table or world.table.name, Key=key)


def license_doubled(world: World) -> None:
    pack = one(world, "PACK", available=0)
    overwrite(world, pack, available=1)


def oversold(world: World) -> None:
    overwrite(world, one(world, "PACK", available=0), available=-1)


def run_erased(world: World) -> None:
    erase(world, one(world, "RUN", state="consumed"))


def run_on_a_strangers_pack(world: World) -> None:
    pack = world.grant("mailbox-migration", 1, wg=CONTOSO)
    overwrite(world, one(world, "RUN", state="held"), allocation={pack.pack_id: 1})


def consumed_without_success(world: World) -> None:
    overwrite(world, one(world, "RUN", state="consumed"), outcome="failed")


def held_again(world: World) -> None:
    overwrite(world, one(world, "RUN", state="released"), state="held")


def out_of_its_queue(world: World) -> None:
    overwrite(world, one(world, "RUN", state="held"), due=None, due_at=None)


def unreadable(world: World) -> None:
    overwrite(world, one(world, "PACK", available=0), state="melted")


def granted_for_nothing(world: World) -> None:
    overwrite(world, one(world, "PACK", available=0), source={"kind": "card"})


def entry_erased(world: World) -> None:
    erase(world, told(world, "run.consumed"), table=world.journal.name)
    world.clock.advance(days=1)  # until then it might be late


def entry_changed(world: World) -> None:
    entry = told(world, "run.consumed")
    changes = [{**change, "after": 7} if change["field"] == "licenses_used" else change for change in entry["changes"]]
    overwrite(world, entry, table=world.journal.name, changes=changes)


def later_pack_first(world: World) -> None:
    entries = sorted(
        map(plain, world.raw.scan(TableName=world.journal.name)["Items"]), key=lambda item: int(item["sequence"])
    )
    later = max(entry["item"] for entry in entries if entry["kind"] == "pack.granted")
    taken = next(entry for entry in entries if [change["after"] for change in entry["changes"]] == [0])
    overwrite(world, {**taken, "item": later}, table=world.journal.name)


def retired_over_a_hold(world: World) -> None:
    overwrite(world, one(world, "PROJECT"), state="retired", ended_at="2026-11-25T03:00:00Z")


def entitlement_erased(world: World) -> None:
    erase(world, one(world, "ENT", used_at=None))


def covered_run_of_nobody(world: World) -> None:
    overwrite(world, one(world, "RUN", state="covered"), user="max")


def retry_not_counted(world: World) -> None:
    overwrite(world, one(world, "RUN", state="covered"), retries=None)


DAMAGES: list[tuple[Damage, str]] = [
    (license_doubled, "conservation"),
    (oversold, "conservation"),
    (run_erased, "conservation"),
    (run_on_a_strangers_pack, "isolation"),
    (consumed_without_success, "success-iff-consumed"),
    (held_again, "settle-once"),
    (out_of_its_queue, "settle-once"),
    (unreadable, "readable"),
    (granted_for_nothing, "paid-iff-granted"),
    (entry_erased, "journal-complete"),
    (entry_changed, "journal-complete"),
    (later_pack_first, "burn-down"),
    (retired_over_a_hold, "idle-end"),
    (entitlement_erased, "conservation"),
    (covered_run_of_nobody, "covered-iff-entitled"),
    (retry_not_counted, "retry-is-free"),
]


def fraction(world: World) -> None:
    overwrite(world, one(world, "PACK", available=0), available=Decimal("1.5"))


def counter_of_letters(world: World) -> None:
    overwrite(world, one(world, "PACK", available=0), available="0")


def key_of_no_pack(world: World) -> None:
    overwrite(world, one(world, "PACK", available=0), SK="PACK#melted")
    world.started(world.project())  # of which burn-down is checked


def allocation_of_letters(world: World) -> None:
    overwrite(world, one(world, "RUN", state="held"), allocation={"pack_x": "one"})


def used_in_letters(world: World) -> None:
    overwrite(world, one(world, "RUN", state="consumed"), licenses_used="1")


def list_of_states(world: World) -> None:
    overwrite(world, one(world, "RUN", state="held"), state=["held"])


def list_of_stamps(world: World) -> None:
    overwrite(world, one(world, "PROJECT"), request_id=["tests"])


def workgroup_without_zone(world: World) -> None:
    overwrite(world, one(world, "WG", name="Contoso"), time_zone=None)


def workgroup_born_never(world: World) -> None:
    overwrite(world, one(world, "WG", name="Contoso"), created_at=None)


def entry_of_nothing(world: World) -> None:
    overwrite(world, told(world, "run.consumed"), table=world.journal.name, changes=None)


NONSENSE: list[Damage] = [
    fraction,
    counter_of_letters,
    key_of_no_pack,
    allocation_of_letters,
    used_in_letters,
    list_of_states,
    list_of_stamps,
    workgroup_without_zone,
    workgroup_born_never,
    entry_of_nothing,
]

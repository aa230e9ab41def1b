"""Ticks of the roll-up, and what is told once they have been."""

from datetime import datetime, timedelta

from packhouse.domain import instants
from packhouse.domain.journal import Change, Entry
from packhouse.domain.usage import Part
from packhouse.store import journal
from packhouse.store import usage as counting
from packhouse.store.table import Log
from tests.harness.gateway import context, handler_of
from tests.harness.world import CONTOSO, NORTHWIND, START, World

MAIL, DOCUMENTS = "mailbox-migration", "document-migration"

type Sums = dict[str, dict[str, int]]


def roll_up(world: World) -> dict[str, int]:
    """A tick, once the stream has come through."""
    world.pump()
    return tick()


def tick() -> dict[str, int]:
    done: dict[str, int] = handler_of("RollUpFunction")({"job": "roll-up-usage"}, context())
    return done


def usage(world: World, query: str = "", who: str = "ada") -> Sums:
    """What is told, by key, without the zeros."""
    answer = world.call("GET", f"usage?{query}", who)
    assert answer.status == 200, answer
    return {
        row["key"]: {name: count for name, count in row.items() if name != "key" and count}
        for row in answer.body["items"]
    }


def through(world: World) -> str:
    day: str = world.call("GET", "usage", "ada").body["through"]
    return day


def at(world: World, when: str) -> None:
    world.clock.now = instants.parse(when)


def zone(world: World, name: str) -> None:
    assert world.call("PATCH", "", "ada", json={"time_zone": name}).status == 200


def told(world: World, when: str, kind: str = "run.held", licenses: int = 1, wg: str = NORTHWIND) -> None:
    """An entry about a run of its own, put where the journal function puts it."""
    coverage = {"run.covered": "covered", "run.free": "free"}.get(kind, "licensed")
    changes = {"coverage": coverage, "licenses": licenses, "sku": MAIL if licenses else None}
    entry = Entry(
        owner=wg,
        entry_id=f"{when}-{kind}-{licenses}",
        at=instants.precise(instants.parse(when)),
        kind=kind,
        item="run_told",
        actor="tests",
        request_id="tests",
        changes=[Change(field=name, before=None, after=value) for name, value in changes.items()],
        project_id="prj_told",
        pack_ids=[],
        sequence="0",
    )
    assert isinstance(world.journal, Log)
    journal.append(world.journal, entry)
    world.sound = False  # there is no such run


def caught_up(world: World, until: datetime, *, wg: str | None = None) -> None:
    """As if all that was before were counted, and came to nothing."""
    assert isinstance(world.journal, Log)
    part = Part(first=START, last=until, day=until.date() - timedelta(days=1), entries=0, final=True)
    for one in [wg] if wg else [NORTHWIND, CONTOSO]:
        assert counting.claim(world.journal, one, part)


def a_busy_day(world: World) -> tuple[str, str]:
    """Two projects, one for a customer; runs that consumed, used fewer, failed, and go on."""
    world.grant(MAIL, 50)
    world.grant(DOCUMENTS, 50)
    first, second = world.project(customer="Adatum", max_licenses_per_item=3), world.project()
    runs = world.started(first, 4, licenses=3)
    world.settle(first, runs[0])
    world.settle(first, runs[1], licenses_used=1)
    world.settle(first, runs[2], "failed")
    (run,) = world.started(second, service=DOCUMENTS)
    world.settle(second, run)
    return first, second

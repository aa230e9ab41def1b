"""Instants in answers."""

from collections.abc import Iterator
from typing import Any

from tests.harness.world import World


def instants_in(body: Any) -> Iterator[tuple[str, str]]:
    """The members of an answer that tell an instant, however deep."""
    if isinstance(body, dict):
        for name, value in body.items():
            if name in {"at", "until", "next_expiry"} or name.endswith("_at"):
                yield name, value
            yield from instants_in(value)
    if isinstance(body, list):
        for one in body:
            yield from instants_in(one)


def test_every_instant_is_told_in_whole_seconds_whatever_the_clock_says(world: World) -> None:
    world.clock.advance(microseconds=123_456)
    project = world.project()
    world.grant("mailbox-migration", 2, acquired=world.clock.now.replace(microsecond=0))
    started = world.start(project, 2)
    settled, held = (run["run_id"] for run in started.body["runs"])
    world.entitle("ada@northwind.example")
    answers = [
        started,
        world.settle(project, settled),
        world.call("POST", f"projects/{project}/runs/{held}/heartbeat", json={"lease_seconds": 86_400}),
    ]
    world.pump()

    paths = ("packs", "balance", "projects", f"projects/{project}/runs", "entitlements")
    answers += [world.call("GET", path) for path in paths]
    answers.append(world.call("GET", "journal", "ada"))

    told = [instant for answer in answers for instant in instants_in(answer.body)]
    assert {answer.status for answer in answers} == {200, 201}
    assert {name for name, _ in told} >= {"at", "until", "settled_at", "started_at", "expires_at", "retires_at"}
    assert {at[len("2026-11-24T03:00:00") :] for _, at in told} == {"Z"}

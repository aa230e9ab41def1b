"""The lease that a start granted is the lease that its answer tells, however often it is asked again."""

from datetime import timedelta
from typing import Any

import pytest

from packhouse.domain import instants
from tests.harness.memory import forget
from tests.harness.world import START, World


def test_a_replay_tells_the_lease_that_was_granted_and_not_the_one_that_was_asked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where leases end soon after their packs, less is granted than was asked for."""
    monkeypatch.setenv("LEASE_HOURS_AFTER_PACK_EXPIRY", "2")
    forget()
    world.grant("mailbox-migration", 1, acquired=instants.plus_months(START, -12) + timedelta(hours=1))
    project = world.project()

    first = world.start(project, key="one", lease_seconds=86_400)
    world.clock.advance(minutes=10)
    again = world.start(project, key="one", lease_seconds=86_400)

    assert [run["lease_expires_at"] for run in first.body["runs"]] == ["2026-11-24T06:00:00Z"]
    assert again.headers["idempotent-replayed"] == "true"
    assert again.body == first.body


@pytest.mark.parametrize("lease_seconds", [60, 3600, 86_400, None])
def test_a_replay_tells_the_first_deadline_whatever_heartbeats_have_made_of_it(
    world: World, lease_seconds: int | None
) -> None:
    world.grant("mailbox-migration", 1)
    project = world.project()
    asked: dict[str, Any] = {"lease_seconds": lease_seconds} if lease_seconds else {}
    first = world.start(project, key="one", **asked)
    (run,) = first.body["runs"]
    path = f"projects/{project}/runs/{run['run_id']}/heartbeat"
    assert world.call("POST", path, json={"lease_seconds": 86_400}).status == 200

    again = world.start(project, key="one", **asked)

    assert again.body == first.body

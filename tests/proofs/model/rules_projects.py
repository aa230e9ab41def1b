"""Rules that set the scene: packs granted, projects created, time going by."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import hypothesis.strategies as st

from tests.harness.world import NORTHWIND
from tests.proofs.model import model_projects
from tests.proofs.model.machine import PICK, Machine, move, of
from tests.proofs.model.model import months_later

SOON = [timedelta(minutes=90), timedelta(hours=20), timedelta(days=20), timedelta(days=45), timedelta(days=365)]
"""How long a pack that is granted still lives."""
PACKS_MAX, PROJECTS_MAX = 20, 4
SHORT_STEPS = [
    timedelta(seconds=1),
    timedelta(seconds=59),
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
]
LONG_STEPS = [
    timedelta(hours=6),
    timedelta(hours=24),
    timedelta(days=10),
    timedelta(days=31),
    timedelta(days=200),
]
MOST = st.sampled_from([None, 2, 7])
DAYS = st.sampled_from([None, 31, 730])


class StockRules(Machine):
    @move(
        weight=2,
        when=lambda self: len(self.house.packs) < PACKS_MAX,
        sku=st.sampled_from(
            ["mailbox-migration"] * 3 + ["document-migration", "user-migration-bundle", "device-management"]
        ),
        quantity=st.integers(2, 9),
        left=st.sampled_from(SOON),
        crumbs=st.sampled_from([False, False, True]),
    )
    def grant(self, sku: str, quantity: int, left: timedelta, crumbs: bool) -> None:  # noqa: FBT001  # a strategy's
        """A pack; or more packs of one license than one run may be spread over."""
        for minutes in range(6 if crumbs else 1):
            self.granted(sku, 1 if crumbs else quantity, left + timedelta(minutes=minutes))

    def granted(self, sku: str, quantity: int, left: timedelta) -> None:
        months = self.house.catalog[sku]["validity_months"]
        acquired_at = months_later(self.house.now + left, -months)
        pack = self.world.grant(sku, quantity, wg=NORTHWIND, acquired=acquired_at)
        self.house.grant(sku, quantity, pack.pack_id, acquired_at=acquired_at, source={"kind": "demo"})
        self.met("grant", "done")


class ProjectRules(Machine):
    @move(
        when=lambda self: sum(one.state == "active" for one in self.house.projects.values()) < PROJECTS_MAX,
        most=MOST,
        days=DAYS,
        customer=st.sampled_from([None, "Contoso Ltd"]),
        who=st.sampled_from(["worker", "amy"]),
    )
    def create_project(self, most: int | None, days: int | None, customer: str | None, who: str) -> None:
        said = {"max_licenses_per_item": most, "inactivity_days": days, "customer": customer}
        body = {"name": "Move", **{name: value for name, value in said.items() if value is not None}}
        self.created(body, key=self.key(), who=who)

    @move(pick=PICK, otherwise=st.booleans())
    def create_project_again(self, pick: int, otherwise: bool) -> None:  # noqa: FBT001  # a strategy's
        """The same key, with the same body or another one."""
        key = of([key for path, key in self.house.names if path == "projects"], pick)
        body = self.house.names["projects", key].body
        self.created({**body, "name": "Another"} if otherwise else body, key=key, who="worker")

    def created(self, body: Mapping[str, Any], *, key: str, who: str) -> None:
        answer = self.call("POST", "projects", who, json=body, key=key)
        told_id = answer.body.get("project_id", "")
        self.agree("create project", answer, lambda: model_projects.create(self.house, key, body, told_id=told_id))


class ClockRules(Machine):
    @move(weight=2, step=st.sampled_from(SHORT_STEPS))
    def wait(self, step: timedelta) -> None:
        self.waited(step)

    @move(step=st.sampled_from(LONG_STEPS))
    def wait_long(self, step: timedelta) -> None:
        self.waited(step)

    @move(weight=2, when=lambda self: self.edges(), pick=PICK, sooner=st.booleans())
    def wait_for_an_edge(self, pick: int, sooner: bool) -> None:  # noqa: FBT001  # a strategy's
        """Until a lease or a pack ends, or the second before."""
        what, at = of(self.edges(), pick)
        self.waited(at - self.house.now - timedelta(seconds=sooner), what=f"for a {what}")

    @move(weight=3, when=lambda self: self.expiries(), pick=PICK)
    def wait_for_an_expiry(self, pick: int) -> None:
        """Until a pack ends whose licenses are held."""
        self.waited(of(self.expiries(), pick) - self.house.now, what="for an expiry")

    def expiries(self) -> list[datetime]:
        return [at for what, at in self.edges() if what == "pack"]

    def edges(self) -> list[tuple[str, datetime]]:
        """When the leases of holds end, and the packs they hold licenses of."""
        held = [run for run in self.house.runs.values() if run.state(self.house.now) == "held"]
        packs = [self.house.packs[pack_id].expires_at for run in held for pack_id in run.allocation]
        near = [("pack", at) for at in packs if self.house.now < at <= max(run.lease_ends for run in held)]
        return sorted({*near, *(("lease", run.lease_ends) for run in held)}, key=lambda edge: edge[1])

    def waited(self, step: timedelta, *, what: str = "") -> None:
        self.stage.advance(step)
        self.house.now = self.world.clock.now
        self.met("wait", what or str(step))

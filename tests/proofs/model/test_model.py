"""The real handlers, driven at random, beside the model of their states and counters."""

from collections.abc import Callable
from datetime import UTC, datetime

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import initialize

from tests.harness.shop import Shop
from tests.harness.world import START
from tests.proofs.model.machine import Machine, move
from tests.proofs.model.moves_entitlements import EntitlementMoves
from tests.proofs.model.moves_orders import OrderMoves
from tests.proofs.model.moves_projects import ProjectMoves
from tests.proofs.model.moves_runs import ANN, LIVES, RunMoves
from tests.proofs.model.playing import LONG, RUNS, play
from tests.proofs.model.rules.calls import BUNDLE, MAILBOXES, Assign
from tests.proofs.model.rules.state import DAY
from tests.proofs.model.stage import Stage

A_YEAR = 380 * DAY
"""The roll-up counts a little more of days in a tick."""
BEGINNINGS = [
    START,
    datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2027, 8, 31, 12, tzinfo=UTC),
    datetime(2028, 2, 29, tzinfo=UTC),
]
ENOUGH = 100
"""So many runs must meet every answer of `MEET`."""


class Runs(RunMoves):
    """Granted packs, and runs on their licenses."""

    @initialize(
        quantity=st.integers(3, 12),
        most=st.sampled_from([1, 3, 7, 7]),
        lives=st.sampled_from([*LIVES[:2], *LIVES[-2:]]),
    )
    def set_out(self, quantity: int, most: int, lives: int) -> None:
        """Licenses, a project, and held runs, so that the moves find something to work on."""
        self.granted(MAILBOXES, quantity, lives)
        self.started(self.created(max_licenses_per_item=most), (1, None), (1, None), lease=DAY)


class Uses(EntitlementMoves, ProjectMoves):
    """Licenses held, assigned or not needed; projects and packs that the sweep ends, at once or after months."""

    @initialize(
        quantity=st.integers(2, 6),
        lives=st.sampled_from(LIVES[2:]),
        begins=st.sampled_from([*BEGINNINGS[:1] * 3, *BEGINNINGS[1:]]),
        idle=st.sampled_from([None, None, 31, 200]),
    )
    def set_out(self, quantity: int, lives: int, begins: datetime, idle: int | None) -> None:
        self.wait_until(self.terms.seconds(begins))
        self.granted(MAILBOXES, quantity, lives)
        self.granted(BUNDLE, 2, lives)
        project = self.created(max_licenses_per_item=2, inactivity_days=idle)
        self.ask(Assign(ANN, self.now), "amy")
        self.started(project, (1, None), (1, None), lease=DAY)

    @move(weight=8, when=lambda self: self.is_spent(), quantity=st.integers(2, 6), lives=st.sampled_from(LIVES[2:]))
    def begin_anew(self, quantity: int, lives: int) -> None:
        """Once nothing could be started any more."""
        for sku in (MAILBOXES, BUNDLE):
            if not self.state.stock(sku, self.now):
                self.granted(sku, quantity, lives)
        self.created(max_licenses_per_item=2)
        self.ask(Assign(ANN, self.now), "amy")

    def is_spent(self) -> bool:
        return not self.active() or not self.state.stock(MAILBOXES, self.now)

    def teardown(self) -> None:
        if self.agreed:
            self.sweep(None)
            self.watch()
            super().teardown()
            if self.stage.is_written and self.now < self.terms.seconds(START) + A_YEAR:
                self.use()


class Orders(OrderMoves):
    """Packs that were paid for at the fake Stripe, and runs on their licenses."""

    @initialize(quantity=st.integers(3, 8))
    def set_out(self, quantity: int) -> None:
        self.created(max_licenses_per_item=3)
        self.placed(self.key(), ((MAILBOXES, quantity),), "ada")


def _each(call: str, *answers: str) -> set[str]:
    return {f"{call}: {answer}" for answer in answers}


MEET: dict[type[Machine], set[str]] = {
    Runs: _each("Start", "Started", "idempotency-key-reused", "not-found", "licenses-exhausted", "start-too-scattered")
    | _each("Start", "assignment-required", "service-not-covered", "too-many-licenses-for-item")
    | _each("Heartbeat", "Extended", "lease-ended", "run-already-settled", "not-found")
    | _each("Settle", "Ended", "lease-ended", "run-already-settled", "not-found", "invalid-request")
    | _each("Create", "active", "idempotency-key-reused")
    | _each("LookAtRun", "Standing", "not-found"),
    Uses: _each("Assign", "Assigned", "licenses-exhausted", "invalid-request", "unknown-sku")
    | _each("Withdraw", "Withdrawn", "entitlement-used", "pack-not-usable", "not-found")
    | _each("Count", "Counted", "invalid-request", "service-not-covered")
    | _each("Start", "Started", "assignment-required", "project-not-active", "not-found", "parent-not-retryable")
    | _each("Start", "errors-not-of-parent", "retries-exhausted")
    | _each("Settle", "Ended", "lease-ended", "run-already-settled", "errors-not-of-parent")
    | _each("SweepRun", "lapsed", "left as it was")
    | _each("SweepPack", "reminded", "expired")
    | _each("SweepProject", "warned", "goes on", "retired", "closed", "released")
    | _each("Watch", "noted", "nothing new")
    | _each("Change", "active", "project-not-active", "not-found")
    | _each("Remove", "removed", "project-has-open-runs", "project-not-active", "not-found")
    | {"Usage: counted"},
    Orders: _each("Place", "open", "idempotency-key-reused")
    | _each("pay", "paid", "declined", "closed")
    | _each("webhook", "completed", "expired")
    | _each("Renew", "open", "order-not-open", "checkout-superseded")
    | _each("Cancel", "cancelled", "order-not-open")
    | _each("Expire", "expired")
    | _each(
        "found paid", *(f"by {whom}" for whom in ("the webhook", "Cancel", "Renew", "the expiry", "the reconciler"))
    )
    | _each("Start", "Started", "licenses-exhausted")
    | _each("Settle", "Ended", "run-already-settled"),
}


@pytest.mark.parametrize(("machine", "share"), [(Runs, 36), (Uses, 40), (Orders, 24)])
def test_states_and_counters_are_the_models(
    machine: type[Machine], share: int, shop: Shop, record_property: Callable[[str, object], None]
) -> None:
    stage = Stage(shop)

    try:
        play(machine, stage, runs=-(-RUNS * share // 100))
    finally:
        record_property("summary", f"{machine.__name__.lower()}: {stage.tally.told(whole=LONG)}")

    assert not LONG or RUNS < ENOUGH or sorted(MEET[machine] - stage.tally.met.keys()) == []

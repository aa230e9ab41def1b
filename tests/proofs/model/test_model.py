"""The real handlers, driven at random, against a model of what they must answer; and that nothing was left out."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import hypothesis.strategies as st
from hypothesis.stateful import initialize

from tests.harness.shop import Shop
from tests.harness.world import START
from tests.proofs.model import model_sweep, model_usage
from tests.proofs.model.machine import move
from tests.proofs.model.playing import RUNS, play
from tests.proofs.model.rules_entitlements import BUNDLE, EntitlementRules, UnlicensedRules
from tests.proofs.model.rules_orders import BankRules, OrderRules, order
from tests.proofs.model.rules_projects import SOON, ClockRules, ProjectRules, StockRules
from tests.proofs.model.rules_reading import OddRules, ReadingRules
from tests.proofs.model.rules_runs import ANN, SettleRules, StartRules, work
from tests.proofs.model.rules_sweep import ProjectLifeRules
from tests.proofs.model.rules_workgroups import WorkgroupRules
from tests.proofs.model.stage import Stage

DAY = 86_400
A_YEAR = timedelta(days=380)  # the roll-up counts a little more of days in a tick
MONTH_ENDS = [
    datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2027, 8, 31, 12, tzinfo=UTC),
    datetime(2028, 2, 29, tzinfo=UTC),
]
ENOUGH = 100
"""So many runs must meet every outcome below."""


class RunsMachine(StockRules, ProjectRules, OddRules, ReadingRules, WorkgroupRules, ClockRules):
    """Packs that anybody granted, and all that is done with their licenses."""

    @initialize(
        quantity=st.integers(3, 12), most=st.sampled_from([1, 3, 7, 7]), left=st.sampled_from([*SOON[:2], *SOON[-2:]])
    )
    def set_out(self, quantity: int, most: int, left: timedelta) -> None:
        """Licenses, a project, and runs that are held: else most of a run is spent on finding nothing."""
        self.granted("mailbox-migration", quantity, left)
        self.created({"name": "Move", "max_licenses_per_item": most}, key=self.key(), who="worker")
        self.started(next(iter(self.house.projects)), self.key(), {**work(1, 1), "lease_seconds": DAY}, who="worker")


class UsesMachine(EntitlementRules, UnlicensedRules, StockRules, ProjectRules, ReadingRules, ProjectLifeRules):
    """How licenses are used: held, assigned, not needed; and what the sweep ends, at once or after months."""

    @initialize(
        quantity=st.integers(2, 6),
        left=st.sampled_from(SOON[2:]),
        begins=st.sampled_from([START, *MONTH_ENDS]),
        idle=st.sampled_from([None, None, 31, 200]),
    )
    def set_out(self, quantity: int, left: timedelta, begins: datetime, idle: int | None) -> None:
        self.waited(begins - self.house.now, what="for the beginning")
        self.granted("mailbox-migration", quantity, left)
        self.granted(BUNDLE, 2, left)
        body = {"name": "Move", "max_licenses_per_item": 2, **({"inactivity_days": idle} if idle else {})}
        self.created(body, key=self.key(), who="worker")
        self.assigned(ANN, BUNDLE, who="amy")
        self.started(self.places()[0], self.key(), {**work(1, 1), "lease_seconds": DAY}, who="worker")

    @move(weight=8, when=lambda self: self.is_spent(), quantity=st.integers(2, 6), left=st.sampled_from(SOON[2:]))
    def begin_anew(self, quantity: int, left: timedelta) -> None:
        """Once nothing could be started any more."""
        for sku in ("mailbox-migration", BUNDLE):
            if not self.house.stock(sku):
                self.granted(sku, quantity, left)
        self.created({"name": "Next", "max_licenses_per_item": 2}, key=self.key(), who="worker")
        self.assigned(ANN, BUNDLE, who="amy")

    def is_spent(self) -> bool:
        active = [one for one in self.house.projects.values() if one.state == "active"]
        return not active or not self.house.stock("mailbox-migration")

    def teardown(self) -> None:
        if self.agreed and model_sweep.due(self.house):
            self.swept(None)
        if self.agreed:
            self.watch()  # what follows a settlement follows it in the end
        super().teardown()
        if self.agreed and self.stage.is_written and self.house.now < START + A_YEAR:
            self.summed()

    def summed(self) -> None:
        """Once all its days are closed, usage is what the model counts."""
        self.waited(timedelta(days=3), what="for usage")
        self.stage.roll_up()
        for by in ("month", "sku", "project", "customer"):
            answer = self.call("GET", f"usage?by={by}", "ada")
            self.agree("usage", answer, partial(model_usage.read, self.house, by=by))


class OrdersMachine(OrderRules, BankRules, ProjectRules, StartRules, SettleRules):
    """Packs that were paid for at the fake Stripe, and a little of what is done with them."""

    @initialize(quantity=st.integers(3, 8))
    def set_out(self, quantity: int) -> None:
        self.created({"name": "Move", "max_licenses_per_item": 3}, key=self.key(), who="worker")
        self.placed(self.key(), order([{"sku": "mailbox-migration", "quantity": quantity}]), who="ada")


RUNS_MEET = {
    *(f"start: {outcome}" for outcome in ("done", "again", "idempotency-key-reused", "not-found")),
    *(f"start: {outcome}" for outcome in ("licenses-exhausted", "assignment-required", "start-too-scattered")),
    *(f"start: {outcome}" for outcome in ("invalid-request", "service-not-covered", "too-many-licenses-for-item")),
    *(f"heartbeat: {outcome}" for outcome in ("done", "lease-ended", "run-already-settled", "not-found")),
    *(f"settle: {outcome}" for outcome in ("done", "lease-ended", "run-already-settled", "not-found")),
    "settle: invalid-request",
    *(f"of settlements: {outcome}" for outcome in ("settled", "unchanged", "refused")),
    *(f"of heartbeats: {outcome}" for outcome in ("extended", "refused")),
    *(f"given back: {counter}" for counter in ("available", "expired")),
    *(f"create project: {outcome}" for outcome in ("done", "again", "idempotency-key-reused")),
    *(f"change workgroup: {outcome}" for outcome in ("done", "invalid-request", "not-found", "not-permitted")),
    "change workgroup: unknown-sku",
    *(f"read workgroup: {outcome}" for outcome in ("done", "not-found", "not-permitted")),
    "me: done",
    *(f"ask oddly: {outcome}" for outcome in ("invalid-request", "not-found", "not-permitted")),
    *(f"list {things}: {pages}" for things in ("packs", "runs", "projects") for pages in ("one page", "many pages")),
    *(f"read {thing}: {outcome}" for thing in ("pack", "run", "project") for outcome in ("done", "not-found")),
}
USES_MEET = {
    *(f"assign: {outcome}" for outcome in ("done", "licenses-exhausted", "invalid-request", "unknown-sku")),
    *(f"assigned: {when}" for when in ("now", "before")),
    *(f"withdraw: {outcome}" for outcome in ("done", "entitlement-used", "pack-not-usable", "not-found")),
    *(f"assign oddly: {outcome}" for outcome in ("invalid-request", "not-found", "not-permitted")),
    *(f"coverage: {outcome}" for outcome in ("done", "service-not-covered")),
    *(f"decided: {outcome}" for outcome in ("covered", "license_available", "purchase_required")),
    "decided: assignment_required",
    *(f"count coverage: {outcome}" for outcome in ("done", "invalid-request", "service-not-covered")),
    *(f"begun: {coverage}" for coverage in ("licensed", "covered", "free")),
    *(f"start: {outcome}" for outcome in ("done", "again", "assignment-required", "project-not-active")),
    *(f"retry: {outcome}" for outcome in ("done", "not-found", "parent-not-retryable", "errors-not-of-parent")),
    *(f"retry: {outcome}" for outcome in ("retries-exhausted", "project-not-active")),
    *(f"settle: {outcome}" for outcome in ("done", "lease-ended", "run-already-settled", "errors-not-of-parent")),
    *(f"read as lapsed: {when}" for when in ("before the sweep", "once swept")),
    *(f"swept: run {outcome}" for outcome in ("lapsed", "goes on")),
    *(f"swept: pack {outcome}" for outcome in ("reminded", "expired", "had nothing left")),
    *(f"swept: project {outcome}" for outcome in ("warned", "goes on", "retired", "closed", "released its holds")),
    *(f"sweep: {outcome}" for outcome in ("did all", "left something", "had nothing to do")),
    *(f"watch: {outcome}" for outcome in ("activity noted", "nothing new", "a closed project retired")),
    *(f"change project: {outcome}" for outcome in ("done", "opened again", "project-not-active", "not-found")),
    *(f"change oddly: {outcome}" for outcome in ("invalid-request", "not-permitted", "not-found")),
    *(f"remove: {outcome}" for outcome in ("done", "project-has-open-runs", "project-not-active", "not-found")),
    "removed: with what it holds",
    "usage: done",
    *(f"list {things}: {pages}" for things in ("entitlements", "projects") for pages in ("one page", "many pages")),
}
ORDERS_MEET = {
    *(f"place: {outcome}" for outcome in ("done", "again", "idempotency-key-reused", "unknown-sku", "price-changed")),
    "place: card-maximum-exceeded",
    *(f"place oddly: {outcome}" for outcome in ("invalid-request", "not-permitted")),
    *(f"pay: {outcome}" for outcome in ("paid", "declined", "closed")),
    *(f"webhook: {news}" for news in ("completed, paid", "completed, nothing new", "expired, nothing new")),
    "forged webhook: signature-invalid",
    *(f"renew: {outcome}" for outcome in ("done", "again", "order-not-open", "checkout-superseded")),
    *(f"cancel: {outcome}" for outcome in ("done", "again", "order-not-open", "not-found")),
    *(f"expire orders: {outcome}" for outcome in ("expired", "paid", "none")),
    *(f"reconcile: {outcome}" for outcome in ("paid", "nothing new")),
    *(f"found paid: by {whom}" for whom in ("the webhook", "cancel", "renew", "expire orders", "reconcile")),
    *(f"start: {outcome}" for outcome in ("done", "licenses-exhausted")),
    *(f"settle: {outcome}" for outcome in ("done", "run-already-settled")),
    *(f"list orders: {pages}" for pages in ("one page", "many pages")),
}


def test_runs_are_as_the_model_has_them(shop: Shop, record_property: Callable[[str, object], None]) -> None:
    stage = Stage(shop)

    try:
        play(RunsMachine, stage, runs=-(-RUNS * 48 // 100))
    finally:
        record_property("summary", f"runs: {stage.tally.told(whole=RUNS > ENOUGH)}")

    assert RUNS < ENOUGH or stage.tally.unmet(RUNS_MEET) == []


def test_licenses_are_used_as_the_model_has_it(shop: Shop, record_property: Callable[[str, object], None]) -> None:
    stage = Stage(shop)

    try:
        play(UsesMachine, stage, runs=-(-RUNS * 32 // 100))
    finally:
        record_property("summary", f"uses: {stage.tally.told(whole=RUNS > ENOUGH)}")

    assert RUNS < ENOUGH or stage.tally.unmet(USES_MEET) == []


def test_orders_are_as_the_model_has_them(shop: Shop, record_property: Callable[[str, object], None]) -> None:
    stage = Stage(shop)

    try:
        play(OrdersMachine, stage, runs=-(-RUNS * 20 // 100))
    finally:
        record_property("summary", f"orders: {stage.tally.told(whole=RUNS > ENOUGH)}")

    assert RUNS < ENOUGH or stage.tally.unmet(ORDERS_MEET) == []

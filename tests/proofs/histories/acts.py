"""What the callers of a history do, with the real code."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from packhouse.catalog import catalog
from packhouse.checkout import receiving
from packhouse.consumption import changing_projects, entitling, settling, starting
from packhouse.consumption.starting import StartItem
from packhouse.domain.access import Stamp
from packhouse.domain.runs import Outcome, Pass, Settlement
from packhouse.errors import AssignmentRequired, LicensesExhausted, Refusal, TryAgain
from packhouse.store import packs, runs
from packhouse.store.table import StampedTable
from tests.harness.shop import buying_with
from tests.proofs.histories import ticks
from tests.proofs.histories.checker import UNKNOWN
from tests.proofs.histories.model import NOT_COVERED
from tests.proofs.histories.places import POLICIES, Place
from tests.proofs.histories.plans import Operation
from tests.proofs.model.rules import calls

type Told = Sequence[tuple[Operation, Hashable]]
"""What was answered, to each of the operations that a call turned out to be: mostly it is one."""


class Acts:
    """Each operation of the model, done for real; refusals are answers."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def do(self, operation: Operation, number: int) -> Told:
        """An operation, `number` of its history, and its answer."""
        stamp = Stamp(
            principal="tests",
            request_id=f"{self.place.workgroup_id}-{number}",
            changed_at=self.place.at(operation.now),
        )
        if isinstance(operation, calls.Sweep):
            return ticks.tick(self.place, operation.now)
        try:
            return [(operation, self.answer(self.table(stamp), operation))]
        except TryAgain:
            return [(operation, UNKNOWN)]
        except Refusal as refusal:
            return self.refused(operation, refusal)

    def refused(self, operation: Operation, refusal: Refusal) -> Told:
        """A user's start read the stock apart from the entitlement."""
        told = calls.refused(refusal.slug, vars(refusal), self.place.seconds)
        if not isinstance(operation, calls.Start) or not operation.items[0].user:
            return [(operation, told)]
        if not isinstance(refusal, AssignmentRequired | LicensesExhausted):
            return [(operation, told)]
        to_assign = told.told[-1] if isinstance(refusal, AssignmentRequired) else 0
        assert isinstance(refusal, LicensesExhausted) or to_assign > 0
        return [(operation, NOT_COVERED), (calls.LookAtStock(operation.now), calls.Stock(to_assign))]

    def table(self, stamp: Stamp) -> StampedTable:
        return self.place.table.stamped(stamp)

    def answer(self, table: StampedTable, operation: Operation) -> Hashable:
        answers: Mapping[type, Callable[[StampedTable, Any], Hashable]] = {
            calls.Start: self.start,
            calls.Heartbeat: self.heartbeat,
            calls.Settle: self.settle,
            calls.Pay: self.pay,
            calls.Assign: self.assign,
            calls.Withdraw: self.withdraw,
            calls.Change: self.change,
            calls.Remove: self.remove,
            calls.LookAtPack: self.look_at_pack,
            calls.LookAtRun: self.look_at_run,
        }
        return answers[type(operation)](table, operation)

    def start(self, table: StampedTable, asked: calls.Start) -> Hashable:
        started = starting.start(table, catalog(), POLICIES, self.wanted(asked))
        told = tuple((self.place.allocation(run), self.place.until(run)) for run in started.runs)
        return calls.Started(told, replayed=started.replayed)

    def heartbeat(self, table: StampedTable, asked: calls.Heartbeat) -> Hashable:
        run = runs.extend(table, *self.place.run(asked.run), lease_seconds=asked.seconds)
        return calls.Extended(self.place.until(run))

    def settle(self, table: StampedTable, asked: calls.Settle) -> Hashable:
        settlement = Settlement(
            outcome=Outcome(asked.outcome), licenses_used=asked.used, errors=asked.errors, error_count=len(asked.errors)
        )
        run, now = settling.settle(table, *self.place.run(asked.run), settlement)
        return calls.Ended(run.licenses_used, now=now)

    def pay(self, table: StampedTable, asked: calls.Pay) -> Hashable:
        return calls.Done(str(receiving.receive(buying_with(table), self.place.sessions[asked.order])))

    def assign(self, table: StampedTable, asked: calls.Assign) -> Hashable:
        entitlement, now = entitling.assign(table, catalog(), self.place.workgroup_id, asked.user, asked.sku)
        return calls.Assigned(self.place.pack_named(entitlement.pack_id), now=now)

    def withdraw(self, table: StampedTable, asked: calls.Withdraw) -> Hashable:
        met = entitling.withdraw(table, self.place.workgroup_id, asked.user, asked.sku)
        return calls.Withdrawn(self.place.pack_named(met.pack_id))

    def change(self, table: StampedTable, asked: calls.Change) -> Hashable:
        project_id, name = self.place.projects[asked.project], f"History, {table.stamp.request_id}"
        changed = changing_projects.change(table, POLICIES, self.place.workgroup_id, project_id, {"name": name})
        return calls.Done(str(changed.state))

    def remove(self, table: StampedTable, asked: calls.Remove) -> Hashable:
        project_id = self.place.projects[asked.project]
        removed = changing_projects.remove(table, self.place.workgroup_id, project_id, release=asked.release)
        return calls.Done(str(removed.state))

    def look_at_pack(self, table: StampedTable, asked: calls.LookAtPack) -> Hashable:
        pack = packs.read(table, self.place.workgroup_id, self.place.packs[asked.pack].pack_id)
        return calls.Counters(pack.available, pack.expired, pack.assigned)

    def look_at_run(self, table: StampedTable, asked: calls.LookAtRun) -> Hashable:
        run = runs.read(table, *self.place.run(asked.run))
        outcome = str(run.outcome) if run.outcome else None
        return calls.Standing(str(run.standing(table.stamp.at)), run.licenses_used, outcome)

    def wanted(self, asked: calls.Start) -> starting.Start:
        return starting.Start(
            workgroup_id=self.place.workgroup_id,
            project_id=self.place.projects[asked.project],
            service=asked.service,
            run_pass=Pass.RETRY_ERRORS if asked.items[0].parent else Pass.FULL,
            items=[
                StartItem(
                    item_id=item.item_id,
                    user=item.user,
                    licenses=item.licenses,
                    parent_run_id=self.place.run(item.parent)[-1] if item.parent else None,
                )
                for item in asked.items
            ],
            lease_seconds=asked.lease,
            name=asked.name,
            request_hash=str((asked.items, asked.lease)),
        )

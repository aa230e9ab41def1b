"""What the callers of a history do, with the real code."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime
from typing import Any

from packhouse.catalog import catalog
from packhouse.checkout import receiving
from packhouse.consumption import changing_projects, entitling, settling, starting
from packhouse.consumption.starting import StartItem
from packhouse.domain.access import Stamp
from packhouse.domain.runs import Outcome, Pass, Settlement
from packhouse.errors import (
    AssignmentRequired,
    EntitlementUsed,
    ErrorsNotOfParent,
    IdempotencyKeyReused,
    InvalidRequest,
    LeaseEnded,
    LicensesExhausted,
    NotFound,
    PackNotUsable,
    ParentNotRetryable,
    ProjectHasOpenRuns,
    ProjectNotActive,
    RetriesExhausted,
    RunAlreadySettled,
    TryAgain,
)
from packhouse.store import packs, runs
from packhouse.store.table import StampedTable
from tests.harness.shop import buying_with
from tests.proofs.histories import operations, ticks
from tests.proofs.histories.checker import UNKNOWN
from tests.proofs.histories.operations import Operation, project_of
from tests.proofs.histories.places import BUNDLE, POLICIES, SERVICE, Place

SAID = (
    EntitlementUsed,
    ErrorsNotOfParent,
    IdempotencyKeyReused,
    InvalidRequest,
    NotFound,
    PackNotUsable,
    ParentNotRetryable,
    ProjectHasOpenRuns,
    ProjectNotActive,
    RetriesExhausted,
    RunAlreadySettled,
)
"""Refusals that say nothing but their name."""

type Told = Sequence[tuple[Operation, Hashable]]
"""What was answered, to each of the operations that a call turned out to be: mostly it is one."""


class Acts:
    """Each operation of the model, done for real; refusals are answers."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def do(self, operation: Operation, number: int) -> Told:
        """What an operation, `number` of its history, came to."""
        stamp = Stamp(
            principal="tests",
            request_id=f"{self.place.workgroup_id}-{number}",
            changed_at=self.place.at(operation.now),
        )
        if isinstance(operation, operations.Sweep):
            return ticks.tick(self.place, operation.now)
        try:
            return [(operation, self.answer(self.table(stamp), operation))]
        except TryAgain:
            return [(operation, UNKNOWN)]
        except (AssignmentRequired, LicensesExhausted) as refusal:
            return self.missing(operation, refusal)
        except LeaseEnded as refusal:
            return [
                (
                    operation,
                    operations.LeaseEnded(
                        self.place.seconds(datetime.fromisoformat(str(refusal.facts["returned_at"])))
                    ),
                )
            ]
        except SAID as refusal:
            return [(operation, refusal.slug)]

    def missing(self, operation: Operation, refusal: AssignmentRequired | LicensesExhausted) -> Told:
        """What a refusal says that there is too little of. A user's start read the stock apart from the entitlement."""
        available = int(str(refusal.facts["available"]))
        if isinstance(operation, operations.Start) and operation.user:
            to_assign = available if isinstance(refusal, AssignmentRequired) else 0
            assert isinstance(refusal, LicensesExhausted) or to_assign > 0
            return [(operation, operations.NOT_COVERED), (operations.LookAtStock(operation.now), to_assign)]
        return [(operation, operations.Exhausted(int(str(refusal.facts["asked"])), available))]

    def table(self, stamp: Stamp) -> StampedTable:
        return self.place.table.stamped(stamp)

    def answer(self, table: StampedTable, operation: Operation) -> Hashable:
        answers: Mapping[type, Callable[[StampedTable, Any], Hashable]] = {
            operations.Start: self.start,
            operations.Heartbeat: self.heartbeat,
            operations.Settle: self.settle,
            operations.Pay: self.pay,
            operations.Assign: self.assign,
            operations.Withdraw: self.withdraw,
            operations.Change: self.change,
            operations.Remove: self.remove,
            operations.LookAtPack: self.look_at_pack,
            operations.LookAtRun: self.look_at_run,
        }
        return answers[type(operation)](table, operation)

    def start(self, table: StampedTable, asked: operations.Start) -> Hashable:
        started = starting.start(table, catalog(), POLICIES, self.wanted(asked))
        told = tuple((self.place.allocation(run), self.place.until(run)) for run in started.runs)
        return operations.Started(told, replayed=started.replayed)

    def heartbeat(self, table: StampedTable, asked: operations.Heartbeat) -> Hashable:
        run = runs.extend(table, *self.place.run(asked.run), lease_seconds=asked.seconds)
        return operations.Extended(self.place.until(run))

    def settle(self, table: StampedTable, asked: operations.Settle) -> Hashable:
        run, now = settling.settle(table, *self.place.run(asked.run), settlement_of(asked))
        return operations.Ended(run.licenses_used, now=now)

    def pay(self, table: StampedTable, asked: operations.Pay) -> Hashable:
        return str(receiving.receive(buying_with(table), self.place.sessions[asked.pack]))

    def assign(self, table: StampedTable, asked: operations.Assign) -> Hashable:
        entitlement, now = entitling.assign(table, catalog(), self.place.workgroup_id, asked.user, BUNDLE)
        return operations.Assigned(self.place.pack_named(entitlement.pack_id), now=now)

    def withdraw(self, table: StampedTable, asked: operations.Withdraw) -> Hashable:
        met = entitling.withdraw(table, self.place.workgroup_id, asked.user, BUNDLE)
        return operations.Withdrawn(self.place.pack_named(met.pack_id))

    def change(self, table: StampedTable, asked: operations.Change) -> Hashable:
        project_id, name = self.place.projects[asked.project], f"History, {table.stamp.request_id}"
        changing_projects.change(table, POLICIES, self.place.workgroup_id, project_id, {"name": name})
        return operations.CHANGED

    def remove(self, table: StampedTable, asked: operations.Remove) -> Hashable:
        project_id = self.place.projects[asked.project]
        return str(changing_projects.remove(table, self.place.workgroup_id, project_id, release=asked.release).state)

    def look_at_pack(self, table: StampedTable, asked: operations.LookAtPack) -> Hashable:
        pack = packs.read(table, self.place.workgroup_id, self.place.packs[asked.pack].pack_id)
        return operations.Counters(pack.available, pack.expired, pack.assigned)

    def look_at_run(self, table: StampedTable, asked: operations.LookAtRun) -> Hashable:
        run = runs.read(table, *self.place.run(asked.run))
        outcome = str(run.outcome) if run.outcome else None
        return operations.Standing(str(run.standing(table.stamp.at)), run.licenses_used, outcome)

    def wanted(self, asked: operations.Start) -> starting.Start:
        parent = self.place.run(asked.parent)[-1] if asked.parent else None
        return starting.Start(
            workgroup_id=self.place.workgroup_id,
            project_id=self.place.projects[project_of(asked.name)],
            service=SERVICE,
            run_pass=Pass.RETRY_ERRORS if parent else Pass.FULL,
            items=[
                StartItem(item_id=f"box-{number}", user=asked.user, licenses=licenses, parent_run_id=parent)
                for number, licenses in enumerate(asked.licenses)
            ],
            lease_seconds=asked.lease,
            name=asked.name,
            request_hash=str((asked.licenses, asked.lease, asked.user, asked.parent)),
        )


def settlement_of(asked: operations.Settle) -> Settlement:
    return Settlement(
        outcome=Outcome(asked.outcome), licenses_used=asked.used, errors=asked.errors, error_count=len(asked.errors)
    )

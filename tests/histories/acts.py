"""What the callers of a history do, with the real code; and the careless ways to do it that must be found out."""

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from packhouse import buying, consuming, selling
from packhouse.catalog import catalog
from packhouse.consuming import StartItem
from packhouse.domain.access import Stamp
from packhouse.domain.packs import Pack
from packhouse.domain.runs import Outcome, Run, Settlement
from packhouse.errors import (
    IdempotencyKeyReused,
    InvalidRequest,
    LeaseEnded,
    LicensesExhausted,
    NotFound,
    RunAlreadySettled,
)
from packhouse.policies import Policies
from packhouse.store import keys, packs, runs
from packhouse.store.table import StampedTable, Table, Write, WriteRefused, plain
from tests.histories import model
from tests.histories.model import Operation, Ref

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SERVICE = "mailbox-migration"
SAID = (IdempotencyKeyReused, InvalidRequest, NotFound, RunAlreadySettled)
"""Refusals that say nothing but their name."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a history happens: a workgroup and a project of its own, its packs and paid sessions by the pack's name."""

    client: "DynamoDBClient"
    table: Table
    began: datetime
    workgroup_id: str
    project_id: str
    packs: Mapping[str, Pack]
    sessions: Mapping[str, str]

    def pack_named(self, pack_id: str) -> str:
        return next(name for name, pack in self.packs.items() if pack.pack_id == pack_id)

    def seconds(self, at: datetime) -> int:
        return int((at - self.began).total_seconds())

    def until(self, run: Run) -> int:
        """When a hold's lease ends."""
        assert run.lease_expires_at is not None
        return self.seconds(run.lease_expires_at)

    def allocation(self, run: Run) -> model.Allocation:
        return tuple((self.pack_named(pack_id), quantity) for pack_id, quantity in run.allocation.items())


class Acts:
    """Each operation of the model, done for real; refusals are answers."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def do(self, operation: Operation, number: int) -> Hashable:
        """The answer to an operation, `number` of its history. Raises `TryAgain` where nobody knows what happened."""
        at = self.place.began + timedelta(seconds=operation.now)
        stamp = Stamp(principal="tests", request_id=f"{self.place.workgroup_id}-{number}", changed_at=at)
        try:
            return self.answer(self.table(stamp), operation)
        except LicensesExhausted as refusal:
            asked, available = (int(str(refusal.facts[name])) for name in ("asked", "available"))
            return model.Exhausted(asked, available)
        except LeaseEnded as refusal:
            return model.LeaseEnded(self.place.seconds(datetime.fromisoformat(str(refusal.facts["returned_at"]))))
        except SAID as refusal:
            return refusal.slug

    def table(self, stamp: Stamp) -> StampedTable:
        return self.place.table.stamped(stamp)

    def answer(self, table: StampedTable, operation: Operation) -> Hashable:
        match operation:
            case model.Start():
                return self.start(table, operation)
            case model.Heartbeat():
                return self.heartbeat(table, operation)
            case model.Settle():
                return self.settle(table, operation)
            case model.Pay():
                return str(buying.receive(selling.desk(table.stamp), self.place.sessions[operation.pack]))
            case model.LookAtPack():
                return self.look_at_pack(table, operation)
            case model.LookAtRun():
                return self.look_at_run(table, operation)

    def start(self, table: StampedTable, asked: model.Start) -> Hashable:
        started = consuming.start(table, catalog(), Policies(), self.wanted(asked))
        return self.told(started.runs, replayed=started.replayed)

    def heartbeat(self, table: StampedTable, asked: model.Heartbeat) -> Hashable:
        wg, project = self.place.workgroup_id, self.place.project_id
        run = runs.extend(table, wg, project, self.run_id(asked.run), lease_seconds=asked.seconds)
        return model.Extended(self.place.until(run))

    def settle(self, table: StampedTable, asked: model.Settle) -> Hashable:
        run_id, settlement = self.run_id(asked.run), settlement_of(asked)
        run, now = consuming.settle(table, self.place.workgroup_id, self.place.project_id, run_id, settlement)
        return model.Ended(run.licenses_used, now=now)

    def look_at_pack(self, table: StampedTable, asked: model.LookAtPack) -> Hashable:
        pack = packs.read(table, self.place.workgroup_id, self.place.packs[asked.pack].pack_id)
        return model.Counters(pack.available, pack.expired)

    def look_at_run(self, table: StampedTable, asked: model.LookAtRun) -> Hashable:
        run = runs.read(table, self.place.workgroup_id, self.place.project_id, self.run_id(asked.run))
        return model.Standing(str(run.standing(table.stamp.at)), run.licenses_used)

    def wanted(self, asked: model.Start) -> consuming.Start:
        return consuming.Start(
            workgroup_id=self.place.workgroup_id,
            project_id=self.place.project_id,
            service=SERVICE,
            items=[
                StartItem(item_id=f"box-{number}", user=None, licenses=licenses)
                for number, licenses in enumerate(asked.licenses)
            ],
            lease_seconds=asked.lease,
            name=asked.name,
            request_hash=str((asked.licenses, asked.lease)),
        )

    def run_id(self, ref: Ref) -> str:
        name, number = ref
        licenses = (1,) * (number + 1)
        return self.wanted(model.Start(name, licenses, lease=1, now=0)).run_ids()[number]

    def told(self, started: Sequence[Run], *, replayed: bool) -> model.Started:
        return model.Started(
            tuple((self.place.allocation(run), self.place.until(run)) for run in started),
            replayed=replayed,
        )


def settlement_of(asked: model.Settle) -> Settlement:
    return Settlement(
        outcome=Outcome(asked.outcome), licenses_used=asked.used, errors=asked.errors, error_count=len(asked.errors)
    )


class CarelessTable(StampedTable):
    """Computes what will be available from what a request read in its beginning, and writes that, whatever is there."""

    def __init__(self, place: Place, stamp: Stamp, *, sign: str) -> None:
        super().__init__(place.client, place.table.name, stamp)
        self._seen = {pack.pack_id: pack.available for pack in packs.every(place.table, place.workgroup_id)}
        self._counts = re.compile(rf"available = available (\{sign}) :quantity")

    def write(self, *writes: Write) -> None:
        lefts = [self._left(write) for write in writes]
        if any(left is not None and left < 0 for left in lefts):
            raise WriteRefused([left is not None and left < 0 for left in lefts], [None] * len(writes))
        super().write(
            *(write if left is None else self._set(write, left) for write, left in zip(writes, lefts, strict=True))
        )

    def _left(self, write: Write) -> int | None:
        """What will be available in the pack, if it is one that the write counts."""
        counted = self._counts.search(write.arguments.get("UpdateExpression", ""))
        if counted is None:
            return None
        pack_id = keys.subject(plain(write.arguments["Key"]))
        quantity = int(write.arguments["ExpressionAttributeValues"][":quantity"]["N"])
        return self._seen.get(pack_id, 0) + int(f"{counted[1]}{quantity}")

    def _set(self, write: Write, left: int) -> Write:
        expression = self._counts.sub("available = :left", write.arguments["UpdateExpression"])
        used = set(re.findall(r":\w+", expression))
        values = {**write.arguments["ExpressionAttributeValues"], ":left": {"N": str(left)}}
        plainly = {
            "Key": write.arguments["Key"],
            "UpdateExpression": expression,
            "ConditionExpression": "attribute_exists(PK)",
            "ExpressionAttributeValues": {name: value for name, value in values.items() if name in used},
        }
        return Write("Update", plainly)


class CarelessTaking(Acts):
    def table(self, stamp: Stamp) -> StampedTable:
        return CarelessTable(self.place, stamp, sign="-")


class CarelessGivingBack(Acts):
    def table(self, stamp: Stamp) -> StampedTable:
        return CarelessTable(self.place, stamp, sign="+")

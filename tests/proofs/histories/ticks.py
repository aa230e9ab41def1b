"""A tick of the sweep in a history: the real one, and what it did with each of the history's runs and packs."""

from collections.abc import Hashable
from typing import TYPE_CHECKING

from packhouse.domain.access import Stamp
from packhouse.domain.runs import RunState
from packhouse.errors import TryAgain
from packhouse.store import keys
from packhouse.store.patience import WriteRefused
from packhouse.store.table import StampedTable, Table, Write
from packhouse.store.wire import plain
from tests.harness import sweeping
from tests.proofs.histories.checker import UNKNOWN
from tests.proofs.histories.places import POLICIES, Place
from tests.proofs.histories.plans import Operation
from tests.proofs.model.rules.calls import EXPIRED, LAPSED, LEFT, STOPPED, SweepPack, SweepRun

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Deeds = dict[str, Hashable]
"""By the id of a run or pack, what a tick did with it."""


def tick(place: Place, now: int) -> list[tuple[Operation, Hashable]]:
    """What a tick did: to each run and pack something or nothing, each at an instant of its own."""
    deeds: Deeds = {}
    table, at = _Watched(place.client, place.table.name, deeds), place.at(now)
    otherwise: Hashable = LEFT
    try:
        swept = sweeping.tick(table, POLICIES, clock=lambda: at)
    except TryAgain:
        otherwise = UNKNOWN
    else:
        assert not any(queue.postponed or queue.parked for queue in swept.values()), swept
    of_runs = [(SweepRun(ref, now), deeds.get(place.run(ref)[-1], otherwise)) for ref in place.refs]
    of_packs = [(SweepPack(name, now), deeds.get(pack.pack_id, otherwise)) for name, pack in place.packs.items()]
    return [*of_runs, *of_packs]


class _Watched(Table):
    """The table of a tick, whose writes are noted."""

    def __init__(self, client: "DynamoDBClient", name: str, deeds: Deeds) -> None:
        super().__init__(client, name)
        self._deeds = deeds

    def stamped(self, stamp: Stamp) -> "_WatchedStamped":
        return _WatchedStamped(self._client, self.name, stamp, self._deeds)


class _WatchedStamped(StampedTable):
    def __init__(self, client: "DynamoDBClient", name: str, stamp: Stamp, deeds: Deeds) -> None:
        super().__init__(client, name, stamp)
        self._deeds = deeds

    def stamped(self, stamp: Stamp) -> "_WatchedStamped":
        return _WatchedStamped(self._client, self.name, stamp, self._deeds)

    def write(self, *writes: Write) -> None:
        try:
            super().write(*writes)
        except WriteRefused:
            if len(writes) == 1:  # maybe by itself: it was applied, the answer was lost, and it was sent again
                self._note(*writes, sure=False)
            raise
        except TryAgain:
            self._note(*writes, sure=False)
            raise
        self._note(*writes, sure=True)

    def _note(self, *writes: Write, sure: bool) -> None:
        for write in writes:
            deed = _deed(write)
            if deed is not None:
                self._deeds[keys.subject(plain(write.arguments["Key"]))] = deed if sure else UNKNOWN


def _deed(write: Write) -> Hashable:
    """What a write of the sweep does, if it changes more than a place in a queue."""
    if write.operation != "Update":
        return None
    if {"S": RunState.LAPSED} in write.arguments["ExpressionAttributeValues"].values():
        return LAPSED
    if "#outcome" in write.arguments["UpdateExpression"]:
        return STOPPED
    return EXPIRED if "#expired = #expired + #available" in write.arguments["UpdateExpression"] else None

"""The bus: journal entries as domain events, for whoever acts on a change. An event's name is its entry's kind."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3

from packhouse import runtime
from packhouse.domain.journal import PLATFORM, Change, Entry
from packhouse.errors import TryAgain
from packhouse.settings import bus_name

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

SOURCE = "packhouse"
EVENTS_PER_CALL, BYTES_PER_CALL = 10, 200_000  # EventBridge takes no more, and a little more


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainEvent:
    """What a subscriber is told: something of this kind happened to this item. Details are read where they stand."""

    event_id: str
    kind: str
    workgroup_id: str
    item: str
    changes: Sequence[Change] = ()

    def after(self, field: str) -> Any:  # noqa: ANN401  # what an attribute may hold
        """What the change made of an attribute; None where it didn't touch it, or took it away."""
        return next((change.after for change in self.changes if change.field == field), None)

    def before(self, field: str) -> Any:  # noqa: ANN401  # as above
        return next((change.before for change in self.changes if change.field == field), None)


class Bus:
    def __init__(self, client: "EventBridgeClient", name: str) -> None:
        self._client = client
        self._name = name

    def publish(self, entries: Sequence[Entry]) -> None:
        """Publish all of them, in their order, at least once; `TryAgain` where the bus didn't take one."""
        for events in _batches([self._event(entry) for entry in entries]):
            answer = self._client.put_events(Entries=events)
            if answer["FailedEntryCount"]:
                raise TryAgain

    def _event(self, entry: Entry) -> "PutEventsRequestEntryTypeDef":
        told = asdict(entry)
        owner = told.pop("owner")
        told["request_id"] = entry.request
        detail = {"workgroup_id": None if owner == PLATFORM else owner, **told}
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": entry.kind,
            "Detail": json.dumps(detail),
        }


@cache
def bus() -> Bus:
    return Bus(boto3.client("events", config=runtime.patience()), bus_name())


def _batches(events: "Sequence[PutEventsRequestEntryTypeDef]") -> "Iterator[list[PutEventsRequestEntryTypeDef]]":
    """As many as one call takes, and the rest in further ones."""
    batch: list[PutEventsRequestEntryTypeDef] = []
    size = 0
    for event in events:
        bytes_of_event = len(event["Detail"])  # JSON in ASCII
        if len(batch) == EVENTS_PER_CALL or (batch and size + bytes_of_event > BYTES_PER_CALL):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += bytes_of_event
    if batch:
        yield batch


def received(event: Mapping[str, Any]) -> DomainEvent:
    """An event as EventBridge hands it on."""
    detail = event["detail"]
    return DomainEvent(
        event_id=detail["entry_id"],
        kind=detail["kind"],
        workgroup_id=detail["workgroup_id"],
        item=detail["item"],
        changes=[Change(**change) for change in detail["changes"]],
    )

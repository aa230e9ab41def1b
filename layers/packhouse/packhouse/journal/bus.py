"""The bus: publishes journal entries as domain events, for functions that act on changes."""

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
EVENTS_PER_CALL, BYTES_PER_CALL = 10, 200_000  # EventBridge takes 10 events, and a little more than these bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainEvent:
    """An item changed. `kind` is the kind of its journal entry. Subscribers read everything else from the table."""

    event_id: str
    kind: str
    workgroup_id: str
    item: str
    changes: Sequence[Change] = ()

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> "DomainEvent":
        """The domain event in an event as EventBridge delivers it."""
        detail = event["detail"]
        return cls(
            event_id=detail["entry_id"],
            kind=detail["kind"],
            workgroup_id=detail["workgroup_id"],
            item=detail["item"],
            changes=[Change(**change) for change in detail["changes"]],
        )

    def after(self, field: str) -> Any:
        """The new value of an attribute. None: the change removed it, or didn't touch it."""
        return next((change.after for change in self.changes if change.field == field), None)

    def before(self, field: str) -> Any:
        """The old value of an attribute. None: it was absent, or the change didn't touch it."""
        return next((change.before for change in self.changes if change.field == field), None)


class Bus:
    def __init__(self, client: "EventBridgeClient", name: str) -> None:
        self._client = client
        self._name = name

    def publish(self, entries: Sequence[Entry]) -> None:
        """Publish all entries in their order, at least once each. `TryAgain` if the bus refuses one of them."""
        for events in _batches([self._event(entry) for entry in entries]):
            answer = self._client.put_events(Entries=events)
            if answer["FailedEntryCount"]:
                raise TryAgain

    def _event(self, entry: Entry) -> "PutEventsRequestEntryTypeDef":
        attributes = asdict(entry)
        owner = attributes.pop("owner")
        workgroup_id = None if owner == PLATFORM else owner
        detail = {"workgroup_id": workgroup_id, **attributes, "request_id": entry.request}
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
    """The events in as few calls as EventBridge's limits allow."""
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

"""Counts what DynamoDB would bill and how often it is asked, on botocore's events.

Round trips are calls. Write units follow AWS's documentation: one for each begun KB of the larger of the item's images
before and after, twice that in a transaction, and one for each entry of a (keys only) index that is put or removed.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

INDEXES = {"by_owner": ("owner", "owner_at"), "due": ("due", "due_at")}
WRITES = {"PutItem": 1, "UpdateItem": 1, "TransactWriteItems": 2}
KB = 1024

type Image = Mapping[str, Any]


@dataclass
class Bill:
    """What the metered calls cost: calls by operation, write units of the table, and of its indexes."""

    calls: Counter[str] = field(default_factory=Counter)
    table_units: int = 0
    index_units: int = 0

    @property
    def round_trips(self) -> int:
        return self.calls.total()


@contextmanager
def metered(client: "DynamoDBClient", raw: "DynamoDBClient") -> Iterator[Bill]:
    """Meter `client`; `raw` is another client, by which the meter looks at the items before and after."""
    bill, before = Bill(), dict[str, Any]()

    def look(model: Any, params: Any, **_: object) -> None:  # noqa: ANN401  # botocore's
        bill.calls[model.name] += 1
        before.clear()
        if model.name in WRITES:
            before["images"] = [(action, _image(raw, action)) for action in _actions(model.name, _body(params))]

    def settle(model: Any, parsed: Any, **_: object) -> None:  # noqa: ANN401  # botocore's
        if model.name not in WRITES or "Error" in parsed:
            return
        for action, old in before["images"]:
            new = _image(raw, action)
            bill.table_units += WRITES[model.name] * -(-max(size(old), size(new), 1) // KB)
            bill.index_units += sum(_index_effect(old, new, INDEXES[index]) for index in INDEXES)

    events = client.meta.events
    events.register("before-call.dynamodb", look, unique_id="meter-look")
    events.register("after-call.dynamodb", settle, unique_id="meter-settle")
    try:
        yield bill
    finally:
        events.unregister("before-call.dynamodb", unique_id="meter-look")
        events.unregister("after-call.dynamodb", unique_id="meter-settle")


def size(item: Image | None) -> int:
    """The bytes of an item in wire form, as DynamoDB counts them: names, and values by their type."""
    return sum(len(name.encode()) + _value_size(value) for name, value in (item or {}).items())


def _value_size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return len(content.lstrip("-").strip("0")) // 2 + 2
        case "L":
            return 3 + sum(1 + _value_size(one) for one in content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value_size(one) for name, one in content.items())
        case _:
            return 1


def _index_effect(old: Image | None, new: Image | None, attributes: tuple[str, str]) -> int:
    entries = [tuple((image or {}).get(name) for name in attributes) for image in (old, new)]
    if entries[0] == entries[1]:
        return 0
    return sum(None not in entry for entry in entries)


def _body(params: Mapping[str, Any]) -> Any:  # noqa: ANN401  # botocore's

    return json.loads(params["body"])


def _actions(operation: str, body: Any) -> list[Any]:  # noqa: ANN401  # botocore's
    if operation != "TransactWriteItems":
        return [body]
    return [next(iter(action.values())) for action in body["TransactItems"]]


def _image(raw: "DynamoDBClient", action: Any) -> Image | None:  # noqa: ANN401  # botocore's
    key = action.get("Key") or {name: action["Item"][name] for name in ("PK", "SK")}
    return raw.get_item(TableName=action["TableName"], Key=key, ConsistentRead=True).get("Item")

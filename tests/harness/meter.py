"""Counts what DynamoDB would bill and how often it is asked, on botocore's events.

Round trips are calls. Write units follow AWS's documentation: one for each begun KB of the larger of the item's images
before and after, twice that in a transaction, and one for each entry of a (keys only) index that is put or removed.
Read units: one for each begun 4 KB, of a whole Query and of each item that is read by its key; half where the read
isn't consistent.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

INDEXES = {"by_owner": ("owner", "owner_at"), "due": ("due", "due_at")}
WRITES = {"PutItem": 1, "UpdateItem": 1, "TransactWriteItems": 2}
READS = {"Query", "GetItem", "BatchGetItem"}
KB = 1024
READ_KB = 4

type Image = Mapping[str, Any]


@dataclass
class Bill:
    """What the metered calls cost: calls by operation, write units of the table, and of its indexes."""

    calls: Counter[str] = field(default_factory=Counter)
    table_units: int = 0
    index_units: int = 0
    read_units: float = 0

    @property
    def round_trips(self) -> int:
        return self.calls.total()


@contextmanager
def metered(client: "DynamoDBClient", raw: "DynamoDBClient") -> Iterator[Bill]:
    """Meter `client`; `raw` is another client, by which the meter looks at the items before and after."""
    bill, before = Bill(), dict[str, Any]()

    def look(model: Any, params: Any, **_: object) -> None:
        bill.calls[model.name] += 1
        before.clear()
        before["body"] = _body(params)
        if model.name in WRITES:
            before["images"] = [(action, _image(raw, action)) for action in _actions(model.name, before["body"])]

    def settle(model: Any, parsed: Any, **_: object) -> None:
        if "Error" in parsed:
            return
        if model.name in READS:
            bill.read_units += _read_units(raw, model.name, before["body"], parsed)
        if model.name not in WRITES:
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


def _read_units(raw: "DynamoDBClient", operation: str, body: Any, parsed: Any) -> float:
    match operation:
        case "Query":
            return _blocks(sum(map(size, _evaluated(raw, body, parsed)))) * _weight(body)
        case "GetItem":
            return _blocks(size(parsed.get("Item"))) * _weight(body)
        case _:
            answered = [(_weight(asked), parsed["Responses"][name]) for name, asked in body["RequestItems"].items()]
            return sum(_blocks(size(item)) * weight for weight, items in answered for item in items)


def _evaluated(raw: "DynamoDBClient", body: Any, parsed: Any) -> list[Image]:
    """The items that a Query reads and is billed for, those too that its filter takes out."""
    if "FilterExpression" not in body:
        items: list[Image] = parsed["Items"]
        return items
    whole = {name: value for name, value in body.items() if name != "FilterExpression"}
    for kind in ("ExpressionAttributeValues", "ExpressionAttributeNames"):
        used = re.findall(r"[:#]\w+", body["KeyConditionExpression"])
        whole[kind] = {name: value for name, value in body.get(kind, {}).items() if name in used}
    return list(raw.query(**whole)["Items"])


def _blocks(read: int) -> int:
    return -(-max(read, 1) // (READ_KB * KB))


def _weight(body: Mapping[str, Any]) -> float:
    return 1 if body.get("ConsistentRead") else 0.5


def _body(params: Mapping[str, Any]) -> Any:

    return json.loads(params["body"])


def _actions(operation: str, body: Any) -> list[Any]:
    if operation != "TransactWriteItems":
        return [body]
    return [next(iter(action.values())) for action in body["TransactItems"]]


def _image(raw: "DynamoDBClient", action: Any) -> Image | None:
    key = action.get("Key") or {name: action["Item"][name] for name in ("PK", "SK")}
    return raw.get_item(TableName=action["TableName"], Key=key, ConsistentRead=True).get("Item")

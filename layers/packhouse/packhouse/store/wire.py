"""DynamoDB's wire form: items and values, to it and from it."""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from packhouse.domain import instants

type Item = dict[str, Any]
type Key = dict[str, str]


class _Whole(TypeDeserializer):
    """Packhouse writes integers alone. A number that somebody wrote by hand is read as text, not refused."""

    def _deserialize_n(self, value: str) -> int | str:
        return _whole(value)

    def _deserialize_b(self, value: bytes) -> str:
        return base64.b64encode(value).decode()


_serialize = TypeSerializer().serialize
_deserialize = _Whole().deserialize


def attribute(value: object) -> Any:
    """A value in wire form. boto3's serializer takes several times as long for the common types."""
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, datetime):
        return {"S": instants.text(value)}
    if type(value) is int:  # and no bool
        return {"N": str(value)}
    if type(value) is dict:
        return {"M": {name: attribute(member) for name, member in value.items()}}
    return _serialize(value)


def of(item: Mapping[str, object]) -> Any:
    """An item or a key; an attribute that is None isn't there."""
    return {
        name: {"S": value} if isinstance(value, str) else attribute(value)
        for name, value in item.items()
        if value is not None
    }


def present(members: Mapping[str, object]) -> dict[str, object]:
    """A map without the members that are None, where DynamoDB would keep a null."""
    return {name: member for name, member in members.items() if member is not None}


def plain(item: Mapping[str, Any]) -> Item:
    """An item, or a stream's image of one, from wire form. Numbers are integers."""
    # Most attributes are text: they are read without a call.
    return {name: wire["S"] if "S" in wire else _value(wire) for name, wire in item.items()}


def _value(attribute: Any) -> Any:
    if "N" in attribute:
        return _whole(attribute["N"])
    if "M" in attribute:
        return plain(attribute["M"])
    return _deserialize(attribute)


def _whole(number: str) -> int | str:
    try:
        return int(number)
    except ValueError:
        return number

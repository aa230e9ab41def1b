"""Refuses what AWS refuses and moto lets through: reserved words, ranges turned round, long keys."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import moto.dynamodb.parsing

if TYPE_CHECKING:
    from botocore.hooks import BaseEventHooks
    from mypy_boto3_dynamodb import DynamoDBClient

RESERVED = {
    word.strip().upper()
    for word in (Path(moto.dynamodb.parsing.__file__).parent / "reserved_keywords.txt").read_text().split()
}
GRAMMAR = {"AND", "OR", "NOT", "BETWEEN", "IN", "SET", "REMOVE", "SIZE"}
EXPRESSIONS = ("KeyConditionExpression", "FilterExpression", "ConditionExpression", "UpdateExpression")
KEY_BYTES_MAX = {"PK": 2048, "owner": 2048, "due": 2048, "SK": 1024, "owner_at": 1024, "due_at": 1024}
IN_MAX = 100
ACTIONS_MAX = 100


class WouldBeRefusedError(AssertionError):
    """A call that works here, and would be a ValidationException on AWS."""


def watch(client: "DynamoDBClient") -> None:
    """Fail any call of this client that AWS would refuse as it is written."""
    watch_all(client.meta.events)


def watch_all(events: "BaseEventHooks") -> None:
    """Fail any such call whose events these are: of a client, or of a session, for the clients that it builds then."""

    def check(model: Any, params: Mapping[str, Any], **_: object) -> None:
        faults = sorted(_faults(model.name, params))
        if faults:
            raise WouldBeRefusedError(f"{model.name}: {faults}")

    events.register_first("provide-client-params.dynamodb", check)


def _faults(operation: str, params: Mapping[str, Any]) -> Iterator[str]:
    if operation == "TransactWriteItems":
        actions = [next(iter(action.values())) for action in params["TransactItems"]]
        if len(actions) > ACTIONS_MAX:
            yield "more than 100 actions"
        named = [str(sorted(_key(action).items())) for action in actions]
        if len(set(named)) < len(named):
            yield "an item twice"
        for action in actions:
            yield from _faults_of_one(action)
    elif operation == "BatchGetItem":
        for table in params["RequestItems"].values():
            listed = [str(sorted(key.items())) for key in table["Keys"]]
            if len(set(listed)) < len(listed):
                yield "a key twice"
            for key in table["Keys"]:
                yield from _faults_of_key(key)
    elif operation in {"GetItem", "PutItem", "UpdateItem", "Query"}:
        yield from _faults_of_one(params)


def _key(action: Mapping[str, Any]) -> Mapping[str, Any]:
    return action.get("Key") or {name: action["Item"][name] for name in ("PK", "SK")}


def _faults_of_one(params: Mapping[str, Any]) -> Iterator[str]:
    expressions = [params[name] for name in EXPRESSIONS if name in params]
    whole = " ".join(expressions)
    for word in re.findall(r"(?<![:#.\w])([A-Za-z]\w*)(?!\w*\()", whole):
        if word.upper() in RESERVED - GRAMMAR:
            yield f"the reserved word {word}"
    values = params.get("ExpressionAttributeValues", {})
    for kind, used, defined in (
        ("value", set(re.findall(r":\w+", whole)), set(values)),
        ("name", set(re.findall(r"#\w+", whole)), set(params.get("ExpressionAttributeNames", {}))),
    ):
        if used != defined:
            yield f"a {kind} that is undefined or unused: {sorted(used ^ defined)}"
    for listed in re.findall(r" IN \(([^)]*)\)", whole):
        if listed.count(",") >= IN_MAX:
            yield "more than 100 operands of IN"
    for key in (params.get("Key", {}), params.get("Item", {})):
        yield from _faults_of_key(key)
    yield from _faults_of_range(params, values)


def _faults_of_range(params: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[str]:
    if ":partition" in values and len(values[":partition"]["S"].encode()) > KEY_BYTES_MAX["PK"]:
        yield "a partition key that is too long"
    after = params.get("ExclusiveStartKey", {}).get("SK", {}).get("S")
    if "BETWEEN :first AND :last" in params.get("KeyConditionExpression", ""):
        first, last = values[":first"]["S"], values[":last"]["S"]
        if first > last:
            yield "a range turned round"
        if after is not None and "IndexName" not in params and not first <= after <= last:
            yield "a start outside of the range"
    if ":prefix" in values and after is not None and not after.startswith(values[":prefix"]["S"]):
        yield "a start outside of the prefix"


def _faults_of_key(key: Mapping[str, Any]) -> Iterator[str]:
    for name, bytes_max in KEY_BYTES_MAX.items():
        if name in key and not 0 < len(key[name]["S"].encode("utf-8", "surrogatepass")) <= bytes_max:
            yield f"{name} is empty or too long"

"""DynamoDB, as little of it as Packhouse uses: consistent reads, range queries, conditional stamped writes.

Every write states its rule as a condition and asks for the item it met, so that a refusal explains itself. What is
no answer (a conflict, throttling) is tried again a few times, with jitter, and then leaves as `TryAgain`.
"""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from packhouse.domain import instants
from packhouse.domain.access import Stamp
from packhouse.errors import TryAgain
from packhouse.store import wire
from packhouse.store.patience import PAUSES_SECONDS_MAX, WriteRefused, patiently, pause
from packhouse.store.wire import Item, Key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


BATCH_READ_MAX = 100
PAGES_MAX = 50  # of up to 1 MB: some 50,000 packs in one list


@dataclass(frozen=True, slots=True)
class Write:
    """One conditional put or update, to be written alone or with others."""

    operation: Literal["Put", "Update"]
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRange:
    """Items of one partition of the table or of an index, by a prefix of the sort key or between two of them."""

    partition: str
    prefix: str | None = None
    between: tuple[str, str] | None = None
    index: Literal["by_owner", "due"] | None = None


@dataclass(frozen=True, slots=True)
class Only:
    """What of a page is wanted: a filter, `:name` in it the value of that name. It is read, and paid, all the same."""

    condition: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Page:
    """Items in order, and the key after which the next page starts (None: there is none)."""

    items: list[Item]
    after: Item | None


class Table:
    """Reads. `stamped()` gives the table that also writes, in a caller's name."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self.name = name

    def stamped(self, stamp: Stamp) -> "StampedTable":
        return StampedTable(self._client, self.name, stamp)

    def read(self, key: Key) -> Item | None:
        """The item, read consistently; None if there is none."""
        found = patiently(self._client.get_item, TableName=self.name, Key=wire.of(key), ConsistentRead=True)
        return wire.plain(found["Item"]) if "Item" in found else None

    def read_many(self, keys: Sequence[Key]) -> list[Item | None]:
        """The items of up to 100 keys, in their order, in one consistent batch read."""
        if len(keys) > BATCH_READ_MAX:
            message = f"{len(keys)} keys in one batch read"
            raise ValueError(message)
        if not keys:
            return []
        wanted: Any = {self.name: {"Keys": [wire.of(key) for key in keys], "ConsistentRead": True}}
        found: dict[tuple[str, str], Item] = {}
        for seconds_max in PAUSES_SECONDS_MAX:
            pause(seconds_max)
            answer = patiently(self._client.batch_get_item, RequestItems=wanted)
            for item in map(wire.plain, answer["Responses"].get(self.name, [])):
                found[item["PK"], item["SK"]] = item
            wanted = answer.get("UnprocessedKeys")
            if not wanted:
                return [found.get((key["PK"], key["SK"])) for key in keys]
        raise TryAgain

    def read_many_pages(self, keys: Sequence[Key]) -> list[Item | None]:
        """The items of any number of keys, in their order: one consistent batch read for each hundred."""
        return [item for some in itertools.batched(keys, BATCH_READ_MAX, strict=False) for item in self.read_many(some)]

    def query(
        self,
        keys: KeyRange,
        *,
        limit: int | None = None,
        after: Item | None = None,
        newest_first: bool = False,
        only: Only | None = None,
    ) -> Page:
        """One page: up to `limit` items or 1 MB, those of it that `only` lets through; consistent on the table."""
        partition, sort = ("#PK", "#SK") if keys.index is None else _INDEX_KEYS[keys.index]
        condition = f"{partition} = :partition"
        values: dict[str, object] = {"partition": keys.partition, **(only.values if only else {})}
        if keys.prefix is not None:
            condition, values["prefix"] = f"{condition} AND begins_with({sort}, :prefix)", keys.prefix
        if keys.between is not None:
            condition = f"{condition} AND {sort} BETWEEN :first AND :last"
            values["first"], values["last"] = keys.between
        arguments: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": condition,
            "ScanIndexForward": not newest_first,
            "ExpressionAttributeValues": {f":{name}": wire.attribute(value) for name, value in values.items()},
        }
        arguments |= {"ConsistentRead": True} if keys.index is None else {"IndexName": keys.index}
        if limit is not None:
            arguments["Limit"] = limit
        if after is not None:
            arguments["ExclusiveStartKey"] = wire.of(after)
        if only is not None:
            arguments["FilterExpression"] = only.condition
        arguments |= _names(condition, only.condition if only else "")
        answer = patiently(self._client.query, **arguments)
        last = answer.get("LastEvaluatedKey")
        return Page([wire.plain(item) for item in answer["Items"]], wire.plain(last) if last else None)

    def listed(self, keys: KeyRange, *, limit: int, after: Item | None) -> Page:
        """A page of a list: of the table in the order of its keys; of an index newest first, each item as it is."""
        page = self.query(keys, limit=limit, after=after, newest_first=keys.index is not None)
        if keys.index is None:
            return page
        items = self.read_many([{"PK": item["PK"], "SK": item["SK"]} for item in page.items])
        return Page([item for item in items if item is not None], page.after)

    def query_all(self, keys: KeyRange, *, only: Only | None = None, pages_max: int = PAGES_MAX) -> Iterator[Item]:
        """Every item of the range, page after page; more pages than any workgroup needs are a `TryAgain`."""
        after: Item | None = None
        for _ in range(pages_max):
            page = self.query(keys, after=after, only=only)
            yield from page.items
            after = page.after
            if after is None:
                return
        raise TryAgain

    def _write_one(self, write: Write, **options: str) -> Item:
        call: Callable[..., Any] = self._client.put_item if write.operation == "Put" else self._client.update_item
        answer = patiently(call, TableName=self.name, **write.arguments, **options)
        return wire.plain(answer.get("Attributes", {}))


class Log(Table):
    """A table to which entries are added, and in which none is ever changed; beside them stands what they come to."""

    def append(self, item: Mapping[str, object]) -> None:
        """Add an item, unless it is there already, as it is when the same record is delivered again."""
        put = Write("Put", {"Item": wire.of(item), **_condition("attribute_not_exists(PK)", "", {})})
        with suppress(WriteRefused):
            self._write_one(put)

    def put(self, item: Mapping[str, object], *, only_if: str, **values: object) -> bool:
        """Put what was made of the entries, if this holds, `:name` in it the keyword `name`; whether it did.

        Where botocore resends a put whose answer was lost, that may be told as False although it was done.
        """
        try:
            self._write_one(Write("Put", {"Item": wire.of(item), **_condition(only_if, only_if, values)}))
        except WriteRefused:
            return False
        return True


class StampedTable(Table):
    """The table in a caller's name: each item it writes says who changed it, in which request, when.

    `stamp` is that of the next write: of several changes that a request makes of one item each has its own, so that a
    request has one such table.
    """

    def __init__(self, client: "DynamoDBClient", name: str, stamp: Stamp) -> None:
        super().__init__(client, name)
        self.stamp = stamp
        self._parts = map(stamp.part, itertools.count(1))
        self._stamps = {
            "principal": stamp.principal,
            "request_id": stamp.request_id,
            "changed_at": instants.precise(stamp.changed_at),
        }

    def put(self, item: Mapping[str, object], *, only_if: str, **values: object) -> Write:
        """A whole item; `only_if` is its condition, `:name` in it the keyword `name`."""
        stamped = {**item, **self._stamps}
        return Write("Put", {"Item": wire.of(stamped), **_condition(only_if, only_if, values)})

    def update(self, key: Key, expression: str, *, only_if: str, **values: object) -> Write:
        """An update expression that starts with SET; the stamp is set with it."""
        verb, _, rest = expression.partition(" ")
        if verb != "SET":
            message = f"an update sets its stamp, so it starts with SET: {expression}"
            raise ValueError(message)
        sets = ", ".join(f"{name} = :{name}" for name in self._stamps)
        return Write(
            "Update",
            {
                "Key": wire.of(key),
                "UpdateExpression": f"SET {sets}, {rest}",
                **_condition(only_if, f"{only_if} {rest}", {**values, **self._stamps}),
            },
        )

    def write(self, *writes: Write) -> None:
        """All of the writes or none of them, else `WriteRefused`. One alone costs half of a transaction.

        Only what may safely be applied twice is written alone: botocore resends a call whose answer was lost, and
        a counter would count again. A transaction is applied once, whatever is resent.
        """
        if len(writes) == 1:
            self._told_apart(self._write_one, writes[0])
            return
        actions: Any = [{write.operation: {"TableName": self.name, **write.arguments}} for write in writes]
        self._told_apart(patiently, self._client.transact_write_items, TransactItems=actions)

    def change(self, update: Write) -> Item:
        """One update, which may safely be applied twice; the item as it is now."""
        return self._told_apart(self._write_one, update, ReturnValues="ALL_NEW")

    def _told_apart[Answer](self, call: Callable[..., Answer], *write: object, **options: object) -> Answer:
        """Write, whether it succeeds or not, and go on to the next stamp."""
        try:
            return call(*write, **options)
        finally:
            self.stamp = next(self._parts)
            self._stamps = {**self._stamps, "request_id": self.stamp.request_id}


_INDEX_KEYS = {"by_owner": ("#owner", "#owner_at"), "due": ("#due", "#due_at")}
_NAME = re.compile(r"#(\w+)")


def _names(*expressions: str) -> dict[str, dict[str, str]]:
    """The placeholders (`#state`) of the expressions: each stands for the attribute of its name."""
    names = {f"#{name}": name for expression in expressions for name in _NAME.findall(expression)}
    return {"ExpressionAttributeNames": names} if names else {}


def _condition(only_if: str, expressions: str, values: Mapping[str, object]) -> dict[str, Any]:
    condition: dict[str, Any] = {
        "ConditionExpression": only_if,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        **_names(expressions),
    }
    if values:
        condition["ExpressionAttributeValues"] = {f":{name}": wire.attribute(value) for name, value in values.items()}
    return condition

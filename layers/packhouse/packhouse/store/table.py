"""The parts of DynamoDB that Packhouse uses: consistent reads, range queries, conditional stamped writes.

Every write states its rule as a condition, and asks for the item it met: so a refusal explains itself.
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
from packhouse.store import keys, wire
from packhouse.store.keys import KeyRange
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


@dataclass(frozen=True, slots=True)
class Only:
    """A filter over a page; `:name` in it is the value of that name. DynamoDB reads, and bills, the whole page."""

    condition: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Page:
    """Items in order, and the key after which the next page starts (None: this is the last page)."""

    items: list[Item]
    after: Item | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Met[T]:
    """A value as it was read, with its item's key, the stamp of the last write, and the instant it is due at."""

    value: T
    key: Key
    stamp: tuple[str | None, str | None]
    due_at: str | None

    @classmethod
    def of(cls, item: Item, value: T) -> "Met[T]":
        stamp = (item.get("request_id"), item.get("changed_at"))  # an item written by hand may have none
        return cls(value=value, key=keys.of(item), stamp=stamp, due_at=item.get("due_at"))

    def unchanged(self) -> tuple[str, dict[str, object]]:
        """The condition that nobody has written the item since it was read, and the condition's values."""
        return as_met(request_id=self.stamp[0], changed_at=self.stamp[1])


ABSENT = "attribute_not_exists(PK)"


def as_met(**attributes: object) -> tuple[str, dict[str, object]]:
    """The condition that these attributes still have the values that were met (None: are still absent)."""
    conditions = [
        f"attribute_not_exists(#{name})" if value is None else f"#{name} = :met_{name}"
        for name, value in attributes.items()
    ]
    values = {f"met_{name}": value for name, value in attributes.items() if value is not None}
    return " AND ".join(conditions), values


@dataclass(frozen=True, slots=True)
class Term:
    """An expression that a SET assigns. In `form`, `{0}` is the attribute itself, `{1}` and so on are the values."""

    form: str
    values: tuple[object, ...] = ()


def plus(number: int, *, first: int | None = None) -> Term:
    """Add a number. `first` is the value of an attribute that isn't there yet."""
    if first is None:
        return Term("{0} + {1}", (number,))
    return Term("if_not_exists({0}, {1}) + {2}", (first, number))


def minus(number: int) -> Term:
    return Term("{0} - {1}", (number,))


def plus_all_of(attribute: str) -> Term:
    """Add the value of another attribute."""
    return Term(f"{{0}} + #{attribute}")


def same_as(attribute: str) -> Term:
    return Term(f"#{attribute}")


def if_absent(value: object) -> Term:
    """This value, unless the attribute has one."""
    return Term("if_not_exists({0}, {1})", (value,))


def appended(*members: object) -> Term:
    """Append members to a list, which may not be there yet."""
    return Term("list_append(if_not_exists({0}, {1}), {2})", ([], list(members)))


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

    def read_many(self, wanted: Sequence[Key]) -> list[Item | None]:
        """The items of up to 100 keys, in the order of the keys, in one consistent batch read."""
        if len(wanted) > BATCH_READ_MAX:
            message = f"{len(wanted)} keys in one batch read"
            raise ValueError(message)
        if not wanted:
            return []
        left: Any = {self.name: {"Keys": [wire.of(key) for key in wanted], "ConsistentRead": True}}
        found: dict[tuple[str, str], Item] = {}
        for seconds_max in PAUSES_SECONDS_MAX:
            pause(seconds_max)
            answer = patiently(self._client.batch_get_item, RequestItems=left)
            for item in map(wire.plain, answer["Responses"].get(self.name, [])):
                found[item["PK"], item["SK"]] = item
            left = answer.get("UnprocessedKeys")
            if not left:
                return [found.get((key["PK"], key["SK"])) for key in wanted]
        raise TryAgain

    def read_many_pages(self, wanted: Sequence[Key]) -> list[Item | None]:
        """The items of any number of keys, in the order of the keys: one consistent batch read for each hundred."""
        return [
            item for some in itertools.batched(wanted, BATCH_READ_MAX, strict=False) for item in self.read_many(some)
        ]

    def query(
        self,
        within: KeyRange,
        *,
        limit: int | None = None,
        after: Item | None = None,
        newest_first: bool = False,
        only: Only | None = None,
    ) -> Page:
        """One page of up to `limit` items or 1 MB, without those that `only` filters out. Indexes may be behind."""
        partition, sort = ("#PK", "#SK") if within.index is None else _INDEX_KEYS[within.index]
        condition = f"{partition} = :partition"
        values: dict[str, object] = {"partition": within.partition, **(only.values if only else {})}
        if within.prefix is not None:
            condition, values["prefix"] = f"{condition} AND begins_with({sort}, :prefix)", within.prefix
        if within.between is not None:
            condition = f"{condition} AND {sort} BETWEEN :first AND :last"
            values["first"], values["last"] = within.between
        arguments: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": condition,
            "ScanIndexForward": not newest_first,
            "ExpressionAttributeValues": {f":{name}": wire.attribute(value) for name, value in values.items()},
        }
        arguments |= {"ConsistentRead": True} if within.index is None else {"IndexName": within.index}
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

    def listed(self, within: KeyRange, *, limit: int, after: Item | None) -> Page:
        """A page of a list: the table in the order of its keys, an index newest first with each item read again."""
        page = self.query(within, limit=limit, after=after, newest_first=within.index is not None)
        if within.index is None:
            return page
        items = self.read_many([keys.of(item) for item in page.items])
        return Page([item for item in items if item is not None], page.after)

    def query_all(self, within: KeyRange, *, only: Only | None = None, pages_max: int = PAGES_MAX) -> Iterator[Item]:
        """Every item of the range, page after page. `TryAgain` after more pages than any workgroup needs."""
        after: Item | None = None
        for _ in range(pages_max):
            page = self.query(within, after=after, only=only)
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
    """A table of entries that are added and never changed. Beside them stand sums that were counted from them."""

    def append(self, item: Mapping[str, object]) -> None:
        """Add an item, unless it is there already because its record was delivered before."""
        put = Write("Put", {"Item": wire.of(item), **_condition(ABSENT, "", {})})
        with suppress(WriteRefused):
            self._write_one(put)

    def put(self, item: Mapping[str, object], *, only_if: str, **values: object) -> bool:
        """Put a sum if the condition holds, `:name` in it being the keyword `name`. Answers whether it held.

        False is possible after a put that was done: the SDK resends a call whose answer was lost.
        """
        try:
            self._write_one(Write("Put", {"Item": wire.of(item), **_condition(only_if, only_if, values)}))
        except WriteRefused:
            return False
        return True


class StampedTable(Table):
    """The table in a caller's name: each item that it writes says who changed it, in which request, and when.

    A request uses one such table. `stamp` is the stamp of its next write: each write of a request has its own.
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
        """A whole item. `only_if` is its condition; `:name` in it is the keyword `name`."""
        stamped = {**item, **self._stamps}
        return Write("Put", {"Item": wire.of(stamped), **_condition(only_if, only_if, values)})

    def update(
        self,
        key: Key,
        *,
        sets: Mapping[str, object],
        removes: Sequence[str] = (),
        only_if: str,
        **values: object,
    ) -> Write:
        """Attributes of an item, set together with the stamp. `only_if` as in `put`.

        `sets` holds values or terms by the attribute's name (`a.b`: a member of a map). None removes the attribute.
        """
        expression, set_values = _expression(sets, removes)
        return Write(
            "Update",
            {
                "Key": wire.of(key),
                "UpdateExpression": f"{_SET_STAMP}{expression}",
                **_condition(only_if, f"{only_if} {expression}", {**values, **set_values, **self._stamps}),
            },
        )

    def write(self, *writes: Write) -> None:
        """All of the writes or none of them; `WriteRefused` if a condition didn't hold.

        A single write costs half of a transaction, but may be applied twice: the SDK resends a call whose answer was
        lost. So a counter is never written alone. A transaction is applied once, even if it is resent.
        """
        if len(writes) == 1:
            self._next_stamp_after(self._write_one, writes[0])
            return
        actions: Any = [{write.operation: {"TableName": self.name, **write.arguments}} for write in writes]
        self._next_stamp_after(patiently, self._client.transact_write_items, TransactItems=actions)

    def change(self, update: Write) -> Item:
        """One update that may safely be applied twice. Answers the item as it is now."""
        return self._next_stamp_after(self._write_one, update, ReturnValues="ALL_NEW")

    def _next_stamp_after[Answer](self, call: Callable[..., Answer], *write: object, **options: object) -> Answer:
        """Write, and whether it succeeds or not, go on to the next stamp."""
        try:
            return call(*write, **options)
        finally:
            self.stamp = next(self._parts)
            self._stamps = {**self._stamps, "request_id": self.stamp.request_id}


_SET_STAMP = "SET principal = :principal, request_id = :request_id, changed_at = :changed_at"
_INDEX_KEYS = {"by_owner": ("#owner", "#owner_at"), "due": ("#due", "#due_at")}
_NAME = re.compile(r"#(\w+)")


def _expression(sets: Mapping[str, object], removes: Sequence[str]) -> tuple[str, dict[str, object]]:
    """The part of an update expression after the stamp, and its values."""
    parts: list[str] = []
    values: dict[str, object] = {}
    removed = list(removes)
    for attribute, value in sets.items():
        name = f"#{attribute.replace('.', '.#')}"
        if value is None:
            removed.append(attribute)
        elif isinstance(value, Term):
            places = [f"set{len(values) + number}" for number in range(len(value.values))]
            values |= zip(places, value.values, strict=True)
            parts.append(f", {name} = {value.form.format(name, *(f':{place}' for place in places))}")
        else:
            place = f"set{len(values)}"
            values[place] = value
            parts.append(f", {name} = :{place}")
    if removed:
        parts.append(f" REMOVE {', '.join(f'#{attribute}' for attribute in removed)}")
    return "".join(parts), values


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

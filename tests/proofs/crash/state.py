"""All that a shop has: looked at without a call, kept as it was prepared, and put back before each try.

moto's tables are read and copied as the Python objects they are, which is quicker than a scan after each delivery;
and the stream's records are taken off it once they are in the journal. The fake Stripe's books are one SQLite file,
which is put back while nothing is on its way.
"""

import copy
import json
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from moto.backends import get_backend

from packhouse.domain.journal import Entry
from packhouse.store import journal
from packhouse.store.wire import Item, plain
from tests.harness.shop import Shop
from tests.harness.world import World

ACCOUNT, REGION = "123456789012", "us-east-1"


@dataclass(frozen=True, slots=True)
class Kept:
    tables: dict[str, Any]
    mails: list[Any]
    now: datetime


class State:
    def __init__(self, shop: Shop) -> None:
        self._world, self._stripe = shop.world, shop.stripe
        self._books = sqlite3.connect(shop.stripe.state / "stripe.sqlite", autocommit=True)
        self._kept: Kept | None = None

    def close(self) -> None:
        self._books.close()

    def keep(self) -> None:
        """Keep all that there is now."""
        self._kept = Kept(
            copy.deepcopy(_backend("dynamodb").tables),
            list(_backend("ses").sent_messages),
            self._world.clock.now,
        )
        for table in self._booked():
            self._books.execute(f"DROP TABLE IF EXISTS temp.kept_{table}")
            self._books.execute(f"CREATE TEMP TABLE kept_{table} AS SELECT * FROM main.{table}")  # noqa: S608  # its names are the file's own

    def put_back(self) -> None:
        """Have all be as it was kept, the time, too."""
        assert self._kept is not None
        _backend("dynamodb").tables = copy.deepcopy(self._kept.tables)
        _backend("ses").sent_messages = list(self._kept.mails)
        for queue in _backend("sqs").queues.values():
            queue._messages.clear()  # noqa: SLF001  # a purge is refused within a minute of another
        self._books.execute("BEGIN IMMEDIATE")
        for table in self._booked():
            self._books.execute(f"DELETE FROM main.{table}")  # noqa: S608  # its names are the file's own
            self._books.execute(f"INSERT INTO main.{table} SELECT * FROM temp.kept_{table}")  # noqa: S608  # its names are the file's own
        self._books.execute("COMMIT")
        self._set(self._kept.now)

    def pass_time(self, duration: timedelta) -> None:
        """Move the one clock of both."""
        self._set(self._world.clock.now + duration)

    def items(self) -> list[Item]:
        return [plain(item) for item in self._wire(self._world.table.name)]

    def entries(self) -> list[Entry]:
        items = map(plain, self._wire(self._world.journal.name))
        return [journal.of_item(item) for item in items if "entry_id" in item]  # and not what was counted from them

    def records(self) -> list[dict[str, Any]]:
        return records(self._world)

    def booked(self, kind: str) -> list[dict[str, Any]]:
        """The objects of a kind that Stripe has, oldest first."""
        rows = self._books.execute("SELECT body FROM main.objects WHERE kind = ? ORDER BY seq", [kind])
        return [json.loads(body) for (body,) in rows]

    def _booked(self) -> list[str]:
        """The tables of Stripe's books but for its log, which shows in the end that every request kept the contract."""
        named = "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        return [name for (name,) in self._books.execute(named) if name != "requests"]

    def _set(self, now: datetime) -> None:
        """Set the one clock of both."""
        self._world.clock.now = now
        self._stripe.set_clock(now)

    def _wire(self, table: str) -> list[dict[str, Any]]:
        return [item.to_json()["Attributes"] for item in _backend("dynamodb").tables[table].all_items()]


def records(world: World) -> list[dict[str, Any]]:
    """What the table's stream tells that it hasn't told before, as Lambda is handed it."""
    table = _backend("dynamodb").tables[world.table.name]
    shard = table.stream_shard
    told = [_as_lambda_gets_it(record.to_json(), table) for record in shard.items]
    shard.starting_sequence_number += len(shard.items)
    shard.items = []
    return told


def mails_sent() -> int:
    return len(_backend("ses").sent_messages)


def _backend(service: Literal["dynamodb", "ses", "sqs"]) -> Any:
    return get_backend(service)[ACCOUNT][REGION]


def _as_lambda_gets_it(record: dict[str, Any], table: Any) -> dict[str, Any]:
    told = dict(record["dynamodb"])
    created = told["ApproximateCreationDateTime"]
    told["ApproximateCreationDateTime"] = created.replace(tzinfo=UTC).timestamp()
    arn = f"{table.table_arn}/stream/{table.latest_stream_label}"
    return {**record, "eventVersion": "1.1", "dynamodb": told, "eventSourceARN": arn}

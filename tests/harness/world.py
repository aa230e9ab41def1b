"""A whole Packhouse in one process: tables, people, packs, a clock, and the HTTP API in front of the real handlers."""

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from packhouse.catalog import catalog
from packhouse.domain.access import ApiKey, Role, Stamp
from packhouse.domain.ids import Prefix, named
from packhouse.domain.journal import OUTSIDE, Entry
from packhouse.domain.orders import OrderLine
from packhouse.domain.packs import Pack, Source, SourceKind, packs_of
from packhouse.domain.workgroups import Workgroup
from packhouse.operations.invariants import checks
from packhouse.policies import Policies
from packhouse.store import access, journal, workgroups
from packhouse.store import packs as stored
from packhouse.store.table import StampedTable, Table
from packhouse.store.wire import Item, Key, plain
from tests.harness.gateway import Answer, Gateway, context, handler_of
from tests.harness.people import access_token, api_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

START = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
NORTHWIND = named(Prefix.WORKGROUP, "tests", "northwind")
CONTOSO = named(Prefix.WORKGROUP, "tests", "contoso")
WORKER_KEY = named(Prefix.KEY, "tests", "worker")
PLATFORM_KEY = named(Prefix.KEY, "tests", "platform")


@dataclass
class Clock:
    """Packhouse's clock in a test: it stands still until moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a world has come: its time, what the journal was told of each shard, and the last numbers it gave."""

    now: datetime
    pumped: Mapping[str, int]
    number: int
    request: int


@dataclass
class World:
    """Northwind with an administrator (ada), a manager (max), an associate (amy) and a worker key; Contoso with
    cora; an operator (otto) and a platform worker key."""

    client: "DynamoDBClient"
    raw: "DynamoDBClient"
    streams: "DynamoDBStreamsClient"
    table: Table
    journal: Table
    clock: Clock
    sound: bool = True
    """Whether every invariant is to hold in the end; a test that does damage says no."""
    gateway: Gateway = field(default_factory=Gateway)
    _pumped: dict[str, int] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def edit(self, key: Key, **sets: object) -> None:
        """Change an item as a later use case would, or a hand. None takes an attribute away."""
        table = self.stamped()
        table.write(table.update(key, sets=sets, only_if="attribute_exists(PK)"))

    def stamped(self, principal: str = "tests") -> StampedTable:
        stamp = Stamp(principal=principal, request_id=f"tests-{next(self._numbers)}", changed_at=self.clock.now)
        return self.table.stamped(stamp)

    def populate(self) -> None:
        table = self.stamped()
        people = {"ada": Role.ADMINISTRATOR, "max": Role.MANAGER, "amy": Role.ASSOCIATE}
        table.write(
            *(
                workgroups.created(table, Workgroup(workgroup_id=wg, name=name, created_at=START))
                for wg, name in ((NORTHWIND, "Northwind"), (CONTOSO, "Contoso"))
            ),
            *(
                access.joined(table, who, NORTHWIND, role, email=f"{who}@northwind.example", since=START)
                for who, role in people.items()
            ),
            access.joined(table, "cora", CONTOSO, Role.ADMINISTRATOR, email="cora@contoso.example", since=START),
            *(
                access.key_issued(table, _key(key_id, wg))
                for key_id, wg in ((WORKER_KEY, NORTHWIND), (PLATFORM_KEY, None))
            ),
        )

    def reached(self) -> Reached:
        """How far it has come."""
        numbers = [next(count) for count in (self._numbers, self.gateway._numbers)]  # noqa: SLF001  # it counts for us
        return Reached(self.clock.now, dict(self._pumped), *numbers)

    def go_on_from(self, reached: Reached) -> None:
        """Go on where another one was that had the same tables."""
        self.clock.now = reached.now
        self._pumped = dict(reached.pumped)
        self._numbers = itertools.count(reached.number + 1)
        self.gateway._numbers = itertools.count(reached.request + 1)  # noqa: SLF001  # as above

    def token(self, who: str) -> str:
        """The bearer token of one of the world's people or keys."""
        if who == "worker":
            return api_key(WORKER_KEY)
        if who == "platform":
            return api_key(PLATFORM_KEY)
        if who == "otto":
            return access_token(who, **{"cognito:groups": ["operators"]})  # type: ignore[arg-type]  # no keyword has a colon
        return access_token(who)

    def call(self, method: str, path: str, who: str | None = "worker", **request: Any) -> Answer:
        """A request; a path that doesn't start with / is Northwind's."""
        return self.gateway.call(method, path_of(path), token=self.token(who) if who else None, **request)

    def grant(
        self, sku: str, quantity: int, *, wg: str = NORTHWIND, acquired: datetime | None = None, name: str | None = None
    ) -> Pack:
        """A demo pack, granted as every pack is."""
        (pack,) = packs_of(
            wg,
            [OrderLine.of(catalog().of(sku), quantity)],
            acquisition=name or f"demo {next(self._numbers)}",
            source=Source(kind=SourceKind.DEMO),
            acquired_at=acquired or self.clock.now,
        )
        table = self.stamped()
        stored.grant(table, [pack], reminder_days=Policies().pack_reminder_days)
        return pack

    def project(self, **fields: object) -> str:
        """A new project's id."""
        body = {"name": "Move", **fields}
        answer = self.call("POST", "projects", json=body, key=f"project-{next(self._numbers)}")
        assert answer.status == 201, answer
        project_id: str = answer.body["project_id"]
        return project_id

    def start(
        self,
        project_id: str,
        count: int = 1,
        *,
        key: str | None = None,
        licenses: int = 1,
        run_pass: str = "full",  # noqa: S107  # no password
        **fields: object,
    ) -> Answer:
        """Start a run of mailbox-migration (or another service) on so many items."""
        items = [{"item_id": f"box-{number}", "licenses": licenses} for number in range(count)]
        body = {"service": "mailbox-migration", "pass": run_pass, "items": items, **fields}
        return self.call("POST", f"projects/{project_id}/runs", json=body, key=key or f"start-{next(self._numbers)}")

    def started(self, project_id: str, count: int = 1, **fields: Any) -> list[str]:
        """The ids of runs that were started."""
        answer = self.start(project_id, count, **fields)
        assert answer.status == 201, answer
        return [run["run_id"] for run in answer.body["runs"]]

    def settle(self, project_id: str, run_id: str, outcome: str = "succeeded", **fields: object) -> Answer:
        path = f"projects/{project_id}/runs/{run_id}/settle"
        return self.call("POST", path, json={"outcome": outcome, **fields})

    def entitlement(self, method: str, user: str, sku: str = "user-migration-bundle", who: str = "amy") -> Answer:
        """PUT or DELETE of a user's entitlement."""
        return self.call(method, f"entitlements/{quote(user, safe='')}/{sku}", who)

    def entitle(self, user: str, sku: str = "user-migration-bundle") -> dict[str, Any]:
        """The user's entitlement, of a license of a new pack."""
        self.grant(sku, 1)
        answer = self.entitlement("PUT", user, sku)
        assert answer.status == 201, answer
        body: dict[str, Any] = answer.body
        return body

    def pack(self, pack: Pack) -> dict[str, Any]:
        """A pack as the API shows it."""
        body: dict[str, Any] = self.call("GET", f"packs/{pack.pack_id}").body
        return body

    def item(self, key: dict[str, str]) -> Item | None:
        return self.table.read(key)

    def items(self) -> list[Item]:
        """Everything in the table."""
        pages = self.raw.get_paginator("scan").paginate(TableName=self.table.name, ConsistentRead=True)
        return [plain(item) for page in pages for item in page["Items"]]

    def records(self) -> list[Any]:
        """Every record of the table's stream, from its beginning, as Lambda is handed it."""
        return [record for _, record in self._told({})]

    def pump(self, *, again: bool = False) -> None:
        """Hand the journal function what the stream has told since the last time, or all of it again."""
        told = list(self._told({} if again else self._pumped))
        if told:
            handler_of("JournalFunction")({"Records": [record for _, record in told]}, context())
        self._pumped |= {shard: _number(record) for shard, record in told}

    def _told(self, after: Mapping[str, int]) -> Iterator[tuple[str, Any]]:
        """Records of the stream, each with its shard: those after a shard's number, or all that it has."""
        arn = self.raw.describe_table(TableName=self.table.name)["Table"]["LatestStreamArn"]
        for shard in self.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            name = shard["ShardId"]
            position: str | None = self.streams.get_shard_iterator(
                StreamArn=arn, ShardId=name, ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            while position:
                page = self.streams.get_records(ShardIterator=position)
                records = map(_event_record, page["Records"])
                yield from ((name, record) for record in records if _number(record) > after.get(name, -1))
                position = page.get("NextShardIterator") if page["Records"] else None

    def entries(self) -> list[Entry]:
        pages = self.raw.get_paginator("scan").paginate(TableName=self.journal.name, ConsistentRead=True)
        items = [plain(item) for page in pages for item in page["Items"]]
        return [journal.of_item(item) for item in items if "entry_id" in item]  # and not what was counted from them

    def check(self) -> None:
        """Every invariant, over all that the tables hold, once the stream has come through.

        And whoever changed what, said so.
        """
        self.pump()
        entries, most = self.entries(), Policies().retries_per_root_max
        broken = [str(violation) for violation in checks.violations(self.items(), entries, retries_max=most)]
        assert not broken, "\n".join(["broken invariants:", *broken])
        outside = [str(entry) for entry in entries if entry.actor == OUTSIDE]
        assert not outside, "\n".join(["nobody says who did it:", *outside])


def _key(key_id: str, wg: str | None) -> ApiKey:
    secret_hash = hashlib.sha256(api_key(key_id).encode()).hexdigest()
    return ApiKey(key_id=key_id, name="tests", secret_hash=secret_hash, workgroup_id=wg, created_at=START)


def _event_record(record: Any) -> Any:
    """A record as Lambda gets it: the creation time is a number there."""
    change = dict(record["dynamodb"])
    created = change["ApproximateCreationDateTime"]
    change["ApproximateCreationDateTime"] = created.timestamp() if isinstance(created, datetime) else created
    return {**record, "dynamodb": change}


def _number(record: Any) -> int:
    return int(record["dynamodb"]["SequenceNumber"])


def path_of(path: str) -> str:
    """The whole path: one that doesn't start with / is Northwind's."""
    return path if path.startswith("/") else f"/v1/workgroups/{NORTHWIND}/{path}".rstrip("/")


def lines(body: Sequence[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(line["sku"], line["quantity"]) for line in body]

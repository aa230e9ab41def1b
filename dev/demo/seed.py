"""Writes the demo data into an empty table: workgroups, members, API keys and packs."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from dev.demo.people import CAST, Person
from dev.demo.seeded import ACQUISITIONS, SEED, WORKGROUPS, Seeded
from packhouse.catalog import catalog
from packhouse.domain.access import ApiKey, Role, Stamp
from packhouse.domain.ids import Prefix, named
from packhouse.domain.orders import OrderLine
from packhouse.domain.packs import Source, SourceKind, packs_of
from packhouse.domain.workgroups import Workgroup
from packhouse.policies import Policies
from packhouse.store import access, keys, workgroups
from packhouse.store import packs as stored
from packhouse.store.table import StampedTable, Table, Write

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MEMBERS = [person for person in CAST if isinstance(person, Person) and person.workgroup]


def seed(table_name: str, client: "DynamoDBClient", *, subjects: dict[str, str], now: datetime) -> Seeded:
    """Write the demo data, unless the table has it. If it was changed since, it stays as it is."""
    stamp = Stamp(principal=SEED, request_id=f"seed-{now:%Y%m%dT%H%M%S%f}", changed_at=now)
    table = Table(client, table_name).stamped(stamp)
    seeded = Seeded(
        workgroups={name: named(Prefix.WORKGROUP, SEED, name) for name in WORKGROUPS},
        keys={name: _secret(name) for name in ("northwind-worker", "platform-worker")},
    )
    if table.read(keys.workgroup(seeded.workgroups["northwind"])) is None:
        table.write(*_people(table, seeded, subjects), *_packs(table, seeded), *_workgroups(table, seeded))
    return seeded


def _workgroups(table: StampedTable, seeded: Seeded) -> Sequence[Write]:
    return [
        workgroups.created(
            table,
            Workgroup(workgroup_id=seeded.workgroups[name], name=title, created_at=table.stamp.at),
        )
        for name, title in WORKGROUPS.items()
    ]


def _people(table: StampedTable, seeded: Seeded, subjects: dict[str, str]) -> Sequence[Write]:
    now = table.stamp.at
    joined = [
        access.joined(
            table,
            subjects[person.key],
            seeded.workgroups[str(person.workgroup)],
            Role(person.role),
            email=person.email,
            since=now,
        )
        for person in MEMBERS
    ]
    owners = {"northwind-worker": seeded.workgroups["northwind"], "platform-worker": None}
    issued = [
        access.key_issued(
            table,
            ApiKey(
                key_id=_key_id(name),
                name=name,
                secret_hash=hashlib.sha256(secret.encode()).hexdigest(),
                workgroup_id=owners[name],
                created_at=now,
            ),
        )
        for name, secret in seeded.keys.items()
    ]
    return [*joined, *issued]


def _packs(table: StampedTable, seeded: Seeded) -> Sequence[Write]:
    """The demo packs: granted like those of an order, but their source says that nobody has paid."""
    source = Source(kind=SourceKind.DEMO, label="Demo data")
    granted = [
        pack
        for number, (name, days_ago, lines) in enumerate(ACQUISITIONS)
        for pack in packs_of(
            seeded.workgroups[name],
            [OrderLine.of(catalog().of(line.sku), line.quantity) for line in lines],
            acquisition=f"{SEED} {number}",
            source=source,
            acquired_at=table.stamp.at - timedelta(days=days_ago),
        )
    ]
    return [stored.granted(table, pack, reminder_days=Policies().pack_reminder_days) for pack in granted]


def _key_id(name: str) -> str:
    return named(Prefix.KEY, SEED, name)


def _secret(name: str) -> str:
    """A demo key's whole secret. It may be guessed: it opens only a stack on this machine."""
    return f"phk_{_key_id(name)}_{hashlib.sha256(f'{SEED} {name}'.encode()).hexdigest()}"

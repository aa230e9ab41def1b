"""Mails that follow a change: written from what the table holds now, each sent once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from packhouse.bus import DomainEvent
from packhouse.catalog import catalog
from packhouse.domain.mails import Letterhead, Mail, pack_expiring, payment_received
from packhouse.errors import TryAgain
from packhouse.mailer import Mailer
from packhouse.store import access, mails, orders, packs, workgroups
from packhouse.store.table import StampedTable


@dataclass(frozen=True, slots=True)
class Desk:
    """What sending needs: the table in somebody's name, the mailer, what stands in every mail."""

    table: StampedTable
    mailer: Mailer
    letterhead: Letterhead


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail, and the name under which it is claimed: one for each recipient of an event."""

    name: str
    mail: Mail


def send(desk: Desk, event: DomainEvent) -> int:
    """Send the mails that an event asks for; how many were sent now, and not before.

    Each is claimed, sent, and marked as sent. Only a death between the last two sends it twice. One that can't be sent
    keeps no other from it; then the first of the errors leaves, so that the event comes again.
    """
    sent = 0
    errors: list[Exception] = []
    for letter in WRITTEN_ON[event.kind](desk.table, event, desk.letterhead):
        try:
            sent += _sent(desk, letter)
        except (BotoCoreError, ClientError, TryAgain) as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return sent


def _sent(desk: Desk, letter: Letter) -> bool:
    claim = mails.claim(desk.table, letter.name)
    if claim is None:
        return False
    message_id = desk.mailer.send(letter.mail)
    marking = desk.table.stamped(desk.table.stamp.part(1))
    mails.sent(marking, letter.name, claim, message_id=message_id)
    return True


def _payment_received(table: StampedTable, event: DomainEvent, letterhead: Letterhead) -> list[Letter]:
    order = orders.read(table, event.workgroup_id, event.item)
    granted = packs.read_many(table, event.workgroup_id, order.packs)
    mail = payment_received(order, granted, workgroups.read(table, event.workgroup_id), letterhead)
    return [Letter(event.event_id, mail)]


def _pack_expiring(table: StampedTable, event: DomainEvent, letterhead: Letterhead) -> list[Letter]:
    """To every administrator, unless nothing is left by now of what they would be reminded of."""
    pack = packs.read(table, event.workgroup_id, event.item)
    if not pack.takeable(table.stamp.at):
        return []
    name, workgroup = catalog().name_of(pack.sku), workgroups.read(table, event.workgroup_id)
    return [
        Letter(f"{event.event_id}#{who}", pack_expiring(pack, name, workgroup, letterhead, to=email))
        for who, email in access.administrators(table, event.workgroup_id).items()
    ]


WRITTEN_ON: Mapping[str, Callable[[StampedTable, DomainEvent, Letterhead], Sequence[Letter]]] = {
    "order.paid": _payment_received,
    "pack.reminded": _pack_expiring,
}
"""The kinds of events that ask for mails, and who writes them; the template's rule lets these through."""

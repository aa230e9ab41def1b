"""Mails that follow a change: written from what the table holds now, sent once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from packhouse.bus import DomainEvent
from packhouse.domain.mails import Letterhead, Mail, payment_received
from packhouse.mailer import Mailer
from packhouse.store import mails, orders, packs, workgroups
from packhouse.store.table import StampedTable, Table


@dataclass(frozen=True, slots=True)
class Desk:
    """What sending needs: the table in somebody's name, the mailer, what stands in every mail."""

    table: StampedTable
    mailer: Mailer
    letterhead: Letterhead


def send(desk: Desk, event: DomainEvent) -> bool:
    """Send the mail that an event asks for; False if it was sent before.

    It is claimed, sent, and marked as sent. Only a death between the last two sends it twice.
    """
    mail = WRITTEN_ON[event.kind](desk.table, event, desk.letterhead)
    claim = mails.claim(desk.table, event.event_id)
    if claim is None:
        return False
    message_id = desk.mailer.send(mail)
    marking = desk.table.stamped(desk.table.stamp.part(1))
    mails.sent(marking, event.event_id, claim, message_id=message_id)
    return True


def _payment_received(table: Table, event: DomainEvent, letterhead: Letterhead) -> Mail:
    order = orders.read(table, event.workgroup_id, event.item)
    granted = packs.read_many(table, event.workgroup_id, order.packs)
    return payment_received(order, granted, workgroups.read(table, event.workgroup_id), letterhead)


WRITTEN_ON: Mapping[str, Callable[[Table, DomainEvent, Letterhead], Mail]] = {"order.paid": _payment_received}
"""The kinds of events that ask for a mail, and who writes it; the template's rule lets these through."""

"""The mails that follow a change: written from the items as they are now, and sent once to each recipient."""

from collections.abc import Callable, Iterable, Mapping

from botocore.exceptions import BotoCoreError

from packhouse.catalog import catalog
from packhouse.domain.projects import ProjectState
from packhouse.domain.workgroups import LowBalance
from packhouse.errors import TryAgain
from packhouse.journal.bus import DomainEvent
from packhouse.notifications.letters import (
    Letterhead,
    Mail,
    balance_low,
    pack_expiring,
    payment_received,
    project_ended,
    project_warned,
)
from packhouse.notifications.mailer import Mailer, MailRefused
from packhouse.store import access, mails, orders, packs, projects, workgroups
from packhouse.store.table import StampedTable

RECIPIENTS_MAX = 50  # of one event: the function has no time for more


def send(table: StampedTable, mailer: Mailer, letterhead: Letterhead, event: DomainEvent) -> int:
    """Send the mails of an event. Returns how many of them weren't sent before.

    Each mail is claimed, sent, and marked as sent. Only a death between sending and marking sends it twice.
    A mail that fails doesn't stop the others. Afterwards the first error is raised, so that the event is retried.
    """
    sent = 0
    errors: list[Exception] = []
    for mail in MAILS_ON[event.kind](table, event, letterhead)[:RECIPIENTS_MAX]:
        try:
            sent += _send(table, mailer, event, mail)
        except (BotoCoreError, MailRefused, TryAgain) as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return sent


def _send(table: StampedTable, mailer: Mailer, event: DomainEvent, mail: Mail) -> bool:
    claim = mails.claim(table, event.event_id, mail.to)
    if claim is None:
        return False
    message_id = mailer.send(mail)
    mails.remember_sent(table, event.event_id, mail.to, claim, message_id=message_id)
    return True


def _payment_received(table: StampedTable, event: DomainEvent, letterhead: Letterhead) -> list[Mail]:
    order = orders.read(table, event.workgroup_id, event.item)
    granted = packs.read_many(table, event.workgroup_id, order.packs)
    return [payment_received(order, granted, workgroups.read(table, event.workgroup_id), letterhead)]


def _pack_expiring(table: StampedTable, event: DomainEvent, letterhead: Letterhead) -> list[Mail]:
    """A mail to each administrator. None if no license of the pack can be used any more."""
    pack = packs.read(table, event.workgroup_id, event.item)
    if not pack.takeable(table.stamp.at):
        return []
    name, workgroup = catalog().name_of(pack.sku), workgroups.read(table, event.workgroup_id)
    return [
        pack_expiring(pack, int(event.after("reminded_days")), name, workgroup, letterhead, to=to)
        for to in _distinct(access.administrators(table, event.workgroup_id))
    ]


def _project_warned(table: StampedTable, event: DomainEvent, letterhead: Letterhead) -> list[Mail]:
    """A mail to each administrator. None if the project isn't idle any more, or has ended."""
    warning = projects.warning_of(event.after("warned"))
    project = projects.read(table, event.workgroup_id, event.item)
    if project.state is not ProjectState.ACTIVE or project.last_activity_at != warning.idle_since:
        return []
    workgroup = workgroups.read(table, event.workgroup_id)
    return [
        project_warned(project, warning, workgroup, letterhead, to=to)
        for to in _distinct(access.administrators(table, event.workgroup_id))
    ]


def _project_ended(table: StampedTable, event: DomainEvent, letterhead: Letterhead) -> list[Mail]:
    project = projects.read(table, event.workgroup_id, event.item)
    state, late = ProjectState(event.after("state")), event.before("state") == ProjectState.CLOSED
    workgroup = workgroups.read(table, event.workgroup_id)
    return [
        project_ended(project, state, workgroup, letterhead, to=to, late=late)
        for to in _distinct(access.administrators(table, event.workgroup_id))
    ]


def _balance_low(table: StampedTable, event: DomainEvent, letterhead: Letterhead) -> list[Mail]:
    """A mail to each address in `notify` or, if there is none, to each administrator."""
    workgroup = workgroups.read(table, event.workgroup_id)
    known, now = event.before("low_types") or {}, event.after("low_types") or {}
    low = [(catalog().name_of(sku), LowBalance(**fields)) for sku, fields in now.items() if sku not in known]
    if not low:
        return []
    return [
        balance_low(low, workgroup, letterhead, to=to)
        for to in _distinct(workgroup.notify or access.administrators(table, event.workgroup_id))
    ]


def _distinct(addresses: Iterable[str]) -> list[str]:
    return sorted({address.lower(): address for address in addresses}.values())


MAILS_ON: Mapping[str, Callable[[StampedTable, DomainEvent, Letterhead], list[Mail]]] = {
    "order.paid": _payment_received,
    "pack.reminded": _pack_expiring,
    "project.closed": _project_ended,
    "project.retired": _project_ended,
    "project.warned": _project_warned,
    "workgroup.low-balance": _balance_low,
}
"""By kind of event, the function that writes its mails. The template's rule lets only these kinds through."""

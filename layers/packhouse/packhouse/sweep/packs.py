"""A pack ends: its administrators are reminded before, and at its end what is left of it expires."""

from datetime import timedelta

from packhouse.domain import reminders
from packhouse.domain.packs import Pack, PackState
from packhouse.policies import Policies
from packhouse.store import packs, queues
from packhouse.store.table import StampedTable
from packhouse.store.wire import Item

LAST_LOOK_AFTER = timedelta(minutes=5)  # what was under way at the end may give something back that is to expire too
REFUND_LOOK = timedelta(days=1)


def step(table: StampedTable, policies: Policies, item: Item) -> None:
    """Do what a pack is due for: its end, or a reminder of it."""
    pack = packs.of_item(item)
    if pack.expires_at <= table.stamp.at:
        _end(table, pack, item)
    else:
        _remind(table, policies, pack, item)


def _end(table: StampedTable, pack: Pack, item: Item) -> None:
    """What is refunded stays in the books as it is: `available` is its number."""
    now, last_look = table.stamp.at, pack.expires_at + LAST_LOOK_AFTER
    match pack.state:
        case PackState.REFUND_PENDING:
            queues.move(table, item, until=now + REFUND_LOOK)
        case PackState.REFUNDED | PackState.REVOKED:
            queues.move(table, item, until=None)
        case PackState.ACTIVE | PackState.FROZEN:
            packs.expire(table, item, look_again=last_look if now < last_look else None)


def _remind(table: StampedTable, policies: Policies, pack: Pack, item: Item) -> None:
    """Remind of what can still be used, and wait for the next reminder or the end."""
    now, days = table.stamp.at, reminders.days_before(policies.pack_reminder_days)
    until = reminders.next_look(pack.expires_at, days, now=now)
    overdue = reminders.overdue(pack.expires_at, days, now=now, since=pack.acquired_at, sent=pack.reminded_days)
    if overdue is not None and pack.takeable(now):
        packs.remind(table, item, days=overdue, until=until)
    else:
        queues.move(table, item, until=until)

"""Packs that are due: before a pack's end people are reminded, at its end its available licenses expire."""

from datetime import timedelta

from packhouse.domain import reminders
from packhouse.domain.packs import Pack, PackState
from packhouse.policies import Policies
from packhouse.store import packs, queues
from packhouse.store.table import StampedTable
from packhouse.store.wire import Item

LAST_LOOK_AFTER = timedelta(minutes=5)  # a request that was under way at the end may still give licenses back
REFUND_LOOK = timedelta(days=1)


def step(table: StampedTable, policies: Policies, item: Item) -> None:
    """Book a pack's end if it has come, otherwise remind of it."""
    pack = packs.of_item(item)
    if pack.expires_at <= table.stamp.at:
        _end(table, pack, item)
    else:
        _remind(table, policies, pack, item)


def _end(table: StampedTable, pack: Pack, item: Item) -> None:
    """A refunded pack stays as it is: its `available` is the number of refunded licenses."""
    now, last_look = table.stamp.at, pack.expires_at + LAST_LOOK_AFTER
    match pack.state:
        case PackState.REFUND_PENDING:
            queues.move(table, item, until=now + REFUND_LOOK)
        case PackState.REFUNDED | PackState.REVOKED:
            queues.move(table, item, until=None)
        case PackState.ACTIVE | PackState.FROZEN:
            packs.expire(table, item, look_again=last_look if now < last_look else None)


def _remind(table: StampedTable, policies: Policies, pack: Pack, item: Item) -> None:
    """Remind of licenses that can still be used, and be due for the next reminder or the end."""
    now, days = table.stamp.at, reminders.days_before(policies.pack_reminder_days)
    until = reminders.next_look(pack.expires_at, days, now=now)
    overdue = reminders.overdue(pack.expires_at, days, now=now, since=pack.acquired_at, sent=pack.reminded_days)
    if overdue is not None and pack.takeable(now):
        packs.remind(table, item, days=overdue, until=until)
    else:
        queues.move(table, item, until=until)

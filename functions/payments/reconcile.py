"""The reconciler: it goes through Stripe's events again and finds the payments whose webhook was lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from packhouse import runtime
from packhouse.checkout import receiving
from packhouse.checkout.receiving import Collaborators
from packhouse.errors import PaymentRejected, Refusal
from packhouse.payments import client
from packhouse.payments.provider import Notice, Payments, TooManyNotices
from packhouse.settings import settings
from packhouse.store import marks
from packhouse.store.table import StampedTable

PRINCIPAL = "packhouse:reconcile"
OVERLAP = timedelta(hours=1)  # Stripe may list an event a little later than its date
FIRST_LOOK = timedelta(days=2)
WINDOW_MAX = timedelta(hours=1)
WINDOWS_MAX = 12  # of half the length each time, down to a second
GIVEN_UP = timedelta(days=1)
LEFT_SECONDS_MIN = 60  # if Stripe is slow, one session takes half of it

logger = Logger()


def handler(_event: Mapping[str, Any], context: LambdaContext) -> dict[str, int]:
    """Go through the events since the mark, oldest first, and move the mark after each part of the time.

    The mark doesn't pass an event whose session can't be read now, for a day; later events are done all the same. If a
    round is longer than a tick, the next tick continues it.
    """
    table = runtime.stamped(PRINCIPAL, f"reconcile-{runtime.now():%Y%m%dT%H%M%S}-{uuid4().hex[:8]}")
    now = table.stamp.at
    mark, reached = marks.read(table) or (now - FIRST_LOOK, None)
    since, unsure = (reached, mark) if reached else (mark - OVERLAP, now)
    sessions = 0
    while since < now and _time_left(context):
        part = _work_off(since, now, context)
        since, unsure = part.reached, min([unsure, *part.unsure])
        mark = max(mark, min(since, unsure))
        marks.move(table, mark, begun=since if since < now else None)
        sessions += part.sessions
    return {"sessions": sessions}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A part of the time that was worked off: up to `reached`, but for the events at the `unsure` instants."""

    sessions: int
    reached: datetime
    unsure: Sequence[datetime]


def _work_off(since: datetime, now: datetime, context: LambdaContext) -> _Part:
    """Read the sessions of the events since then, each once, until the part or the tick is over."""
    notices, until = _notices(client.payments(), since, min(now, since + WINDOW_MAX))
    left = {notice.object_id: notice for notice in notices}  # the newest event of each session
    sessions, unsure = 0, []
    while left and _time_left(context):
        notice = left.pop(next(iter(left)))
        if not _received(notice, given_up=notice.created_at <= now - GIVEN_UP):
            unsure.append(notice.created_at)
        sessions += 1
    reached = min((notice.created_at for notice in left.values()), default=until)
    return _Part(sessions=sessions, reached=reached, unsure=unsure)


def _time_left(context: LambdaContext) -> bool:
    return context.get_remaining_time_in_millis() > LEFT_SECONDS_MIN * 1000


def _received(notice: Notice, *, given_up: bool) -> bool:
    """Bring the order up to date with the event's session. False if the next round must try it again."""
    table = runtime.stamped(PRINCIPAL, notice.event_id)
    try:
        receipt = receiving.receive(_using(table), notice.object_id)
    except Refusal as refusal:
        last = given_up or isinstance(refusal, PaymentRejected)  # an operator must look
        logger.warning(receiving.ODD if last else "not now", event_id=notice.event_id, cause=refusal.slug)
        return last
    except Exception as error:  # noqa: BLE001  # a damaged order, say, never stops the others
        logger.warning(receiving.ODD, event_id=notice.event_id, cause=type(error).__name__)
        return given_up
    logger.info("payment event", kind=notice.event_type, receipt=receipt, event_id=notice.event_id)
    return True


def _notices(payments: Payments, since: datetime, until: datetime) -> tuple[list[Notice], datetime]:
    """The events since then, and the end of their time: the first half, if the whole has too many, and so on."""
    for _ in range(WINDOWS_MAX):
        try:
            return list(payments.notices(since, until)), until
        except TooManyNotices:
            until = (since + (until - since) / 2).replace(microsecond=0)
    raise TooManyNotices


def _using(table: StampedTable) -> Collaborators:
    return Collaborators(table=table, payments=client.payments(), policies=settings().policies)

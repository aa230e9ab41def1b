"""The reconciler: goes through Stripe's events once more, for those whose webhook was lost."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools import Logger

from packhouse import buying, runtime, selling
from packhouse.domain.access import Stamp
from packhouse.errors import Refusal
from packhouse.payments import Notice, PaymentRejected, Payments, TooManyNotices
from packhouse.store import marks

PRINCIPAL = "packhouse:reconcile"
OVERLAP = timedelta(hours=1)  # an event may be listed a little later than it is dated
FIRST_LOOK = timedelta(days=2)
WINDOW_MAX = timedelta(hours=1)
GIVEN_UP = timedelta(days=1)

logger = Logger()


def handler(_event: Mapping[str, Any], _context: object) -> dict[str, int]:
    """Go through the time since the mark, oldest first, and move the mark after each part of it.

    What can't be looked at now keeps the mark from passing it, for a day; the others are looked at all the same.
    """
    now = runtime.now().replace(microsecond=0)
    since = (marks.read(runtime.table()) or now - FIRST_LOOK) - OVERLAP
    looked_at, unsure = 0, now
    while since < now:
        notices, until = _notices(selling.payments(), since, min(now, since + WINDOW_MAX))
        for notice in {notice.object_id: notice for notice in notices}.values():
            if not _looked_at(notice) and notice.created_at > now - GIVEN_UP:
                unsure = min(unsure, notice.created_at)
            looked_at += 1
        stamp = Stamp(principal=PRINCIPAL, request_id=f"mark-{until:%Y%m%dT%H%M%S}", changed_at=runtime.now())
        marks.move(runtime.table().stamped(stamp), min(until, unsure))
        since = until
    return {"sessions": looked_at}


def _looked_at(notice: Notice) -> bool:
    """Do what the session says; False where it can't be known now."""
    stamp = Stamp(principal=PRINCIPAL, request_id=notice.event_id, changed_at=runtime.now())
    try:
        receipt = buying.receive(selling.desk(stamp), notice.object_id)
    except Refusal as refusal:
        rejected = isinstance(refusal, PaymentRejected)  # for good: an operator must look
        logger.warning(buying.ODD if rejected else "not now", event_id=notice.event_id, cause=refusal.slug)
        return rejected
    logger.info("payment event", kind=notice.kind, receipt=receipt, event_id=notice.event_id)
    return True


def _notices(payments: Payments, since: datetime, until: datetime) -> tuple[list[Notice], datetime]:
    """What happened, and until when it was looked at: less of the time where more happened than can be listed."""
    while True:
        try:
            return list(payments.notices(since, until)), until
        except TooManyNotices:
            until = (since + (until - since) / 2).replace(microsecond=0)

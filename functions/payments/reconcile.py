"""The reconciler: goes through Stripe's events once more, for those whose webhook was lost."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools import Logger

from packhouse import buying, runtime, selling
from packhouse.domain.access import Stamp
from packhouse.payments import Notice, PaymentRejected, Payments, TooManyNotices
from packhouse.store import marks

PRINCIPAL = "packhouse:reconcile"
OVERLAP = timedelta(hours=1)  # an event may be listed a little later than it is dated
FIRST_LOOK = timedelta(days=2)
WINDOW_MAX = timedelta(hours=6)

logger = Logger()


def handler(_event: Mapping[str, Any], _context: object) -> dict[str, int]:
    """Go through the time since the mark, oldest first, and move the mark after each part of it."""
    now = runtime.now().replace(microsecond=0)
    since = (marks.read(runtime.table()) or now - FIRST_LOOK) - OVERLAP
    looked_at = 0
    while since < now:
        notices, until = _notices(selling.payments(), since, min(now, since + WINDOW_MAX))
        for notice in notices:
            stamp = Stamp(principal=PRINCIPAL, request_id=notice.event_id, changed_at=runtime.now())
            try:
                receipt = buying.receive(selling.desk(stamp), notice.object_id)
            except PaymentRejected as rejected:  # by Stripe, for good: an operator must look, and the others go on
                logger.warning(buying.ODD, event_id=notice.event_id, cause=str(rejected))
            else:
                logger.info("payment event", kind=notice.kind, receipt=receipt, event_id=notice.event_id)
        stamp = Stamp(principal=PRINCIPAL, request_id=f"mark-{until:%Y%m%dT%H%M%S}", changed_at=runtime.now())
        marks.move(runtime.table().stamped(stamp), until)
        looked_at, since = looked_at + len(notices), until
    return {"events": looked_at}


def _notices(payments: Payments, since: datetime, until: datetime) -> tuple[list[Notice], datetime]:
    """What happened, and until when it was looked at: less of the time where more happened than can be listed."""
    while True:
        try:
            return list(payments.notices(since, until)), until
        except TooManyNotices:
            until = (since + (until - since) / 2).replace(microsecond=0)

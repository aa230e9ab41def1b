"""Orders whose time is over: their pay page is closed first, and who paid in the last moment has paid."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from aws_lambda_powertools import Logger

from packhouse import buying, runtime, selling
from packhouse.domain.access import Stamp
from packhouse.errors import Refusal
from packhouse.payments import PaymentRejected
from packhouse.store import orders
from packhouse.store.table import WriteRefused

PRINCIPAL = "packhouse:expire"
SHORT, LONG = timedelta(minutes=15), timedelta(hours=6)
ORDERS_PER_TICK = 8  # half a minute each, if Stripe is slow, within the 5 minutes of the function

logger = Logger()


def handler(_event: Mapping[str, Any], _context: object) -> dict[str, int]:
    """End what is due, at most so many a tick."""
    now = runtime.now()
    due = orders.due(runtime.table(), now, limit=ORDERS_PER_TICK)
    for order in due:
        stamp = Stamp(principal=PRINCIPAL, request_id=f"expire-{order.order_id}-{now:%Y%m%dT%H%M%S}", changed_at=now)
        desk = selling.desk(stamp)
        try:
            ended = buying.expire(desk, order)
        except Refusal as refusal:  # this one later; the others go on
            rejected = isinstance(refusal, PaymentRejected)  # for good: an operator must look
            logger.warning(
                buying.ODD if rejected else "order not over yet", order_id=order.order_id, cause=refusal.slug
            )
            with suppress(WriteRefused):  # it isn't open any more
                until = stamp.at + (LONG if rejected else SHORT)
                orders.postponed(desk.table.stamped(stamp.part(1)), order, until=until)
        else:
            logger.info("order over", status=ended.status, order_id=order.order_id)
    return {"orders": len(due)}

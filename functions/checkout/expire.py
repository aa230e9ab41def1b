"""Orders whose time is over: their pay page is closed first, and who paid in the last moment has paid."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aws_lambda_powertools import Logger

from packhouse import buying, runtime, selling
from packhouse.domain.access import Stamp
from packhouse.payments import PaymentRejected
from packhouse.store import orders

PRINCIPAL = "packhouse:expire"
POSTPONED = timedelta(hours=6)
ORDERS_PER_TICK = 20  # each takes a few calls to Stripe, within the function's time

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
        except PaymentRejected as rejected:  # by Stripe, for good: an operator must look, and the others go on
            logger.warning(buying.ODD, order_id=order.order_id, cause=str(rejected))
            orders.postponed(desk.table.stamped(stamp.part(1)), order, until=stamp.at + POSTPONED)
        else:
            logger.info("order over", status=ended.status, order_id=order.order_id)
    return {"orders": len(due)}

"""Orders whose time is over: their pay page is closed first, and who paid in the last moment has paid."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from aws_lambda_powertools import Logger

from packhouse import runtime
from packhouse.checkout import ordering, receiving
from packhouse.checkout.receiving import Collaborators
from packhouse.domain.access import Stamp
from packhouse.errors import Refusal
from packhouse.payments import client
from packhouse.payments.provider import PaymentRejected
from packhouse.settings import settings
from packhouse.store import orders
from packhouse.store.patience import WriteRefused
from packhouse.store.table import StampedTable

PRINCIPAL = "packhouse:expire"
SHORT, LONG = timedelta(minutes=15), timedelta(hours=6)
ORDERS_PER_TICK = 8  # half a minute each, if Stripe is slow, within the 5 minutes of the function

logger = Logger()


def handler(_event: Mapping[str, Any], _context: object) -> dict[str, int]:
    """End what is due, at most so many a tick."""
    due = orders.due(runtime.table(), runtime.now(), limit=ORDERS_PER_TICK)
    for workgroup_id, order_id in due:
        now = runtime.now()
        stamp = Stamp(principal=PRINCIPAL, request_id=f"expire-{order_id}-{now:%Y%m%dT%H%M%S}", changed_at=now)
        table = runtime.table().stamped(stamp)
        try:
            ended = ordering.expire(_using(table), orders.read(table, workgroup_id, order_id))
        except Refusal as refusal:  # this one later; the others go on
            rejected = isinstance(refusal, PaymentRejected)  # for good: an operator must look
            logger.warning(receiving.ODD if rejected else "order not over yet", order_id=order_id, cause=refusal.slug)
            _postpone(table, workgroup_id, order_id, LONG if rejected else SHORT)
        except Exception as error:  # noqa: BLE001  # an order that makes no sense, say: it keeps no other waiting
            logger.warning(receiving.ODD, order_id=order_id, cause=type(error).__name__)
            _postpone(table, workgroup_id, order_id, LONG)
        else:
            logger.info("order over", status=ended.status, order_id=order_id)
    return {"orders": len(due)}


def _postpone(table: StampedTable, workgroup_id: str, order_id: str, delay: timedelta) -> None:
    with suppress(WriteRefused):  # it isn't open any more
        orders.postponed(table, workgroup_id, order_id, until=table.stamp.at + delay)


def _using(table: StampedTable) -> Collaborators:
    return Collaborators(table=table, payments=client.payments(), policies=settings().policies)

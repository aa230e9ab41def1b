"""An order whose time is over expires; if the customer paid in the last moments, it becomes paid."""

from aws_lambda_powertools import Logger

from packhouse.checkout import ordering
from packhouse.checkout.receiving import Collaborators
from packhouse.errors import PaymentProviderUnavailable, TryAgain
from packhouse.store import orders
from packhouse.store.wire import Item

logger = Logger()


def step(using: Collaborators, item: Item) -> None:
    """End a due order. The provider's silence isn't the order's fault: it counts as busy, and not as a try."""
    try:
        ended = ordering.expire(using, orders.of_item(item))
    except PaymentProviderUnavailable as silence:
        raise TryAgain from silence
    logger.info("order over", status=ended.status, order_id=ended.order_id)

"""The worker: for each event of Stripe, it reads the session at Stripe and brings the order up to date.

A message that fails comes back. After five tries it waits in the queue of failed messages, which has an alarm.
"""

import json
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger

from packhouse import runtime
from packhouse.checkout import receiving
from packhouse.checkout.receiving import Collaborators
from packhouse.payments import client
from packhouse.settings import settings
from packhouse.store.table import StampedTable

PRINCIPAL = "stripe"

logger = Logger()


def handler(event: Mapping[str, Any], _context: object) -> None:
    for record in event["Records"]:
        message = json.loads(record["body"])
        table = runtime.stamped(PRINCIPAL, message["event_id"])
        receipt = receiving.receive(_using(table), message["object_id"])
        logger.info("payment event", kind=message["kind"], receipt=receipt, event_id=message["event_id"])


def _using(table: StampedTable) -> Collaborators:
    return Collaborators(table=table, payments=client.payments(), policies=settings().policies)

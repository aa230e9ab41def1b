"""The stack's tables and queues, emptied."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import WriteRequestTypeDef
    from mypy_boto3_sqs import SQSClient

_BATCH = 25
"""BatchWriteItem takes no more."""
_POLL_SECONDS = 0.05
_UNDER_WAY_SECONDS = 2.0
"""How long to wait for messages that are being worked off. A failed message is under way for minutes: too long."""


def empty_table(dynamodb: DynamoDBClient, table: str) -> None:
    """Delete every item, one page after the other."""
    keys = [each["AttributeName"] for each in dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]]
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        ProjectionExpression=", ".join(f"#{number}" for number, _ in enumerate(keys)),
        ExpressionAttributeNames={f"#{number}": key for number, key in enumerate(keys)},
    )
    found = [item for page in pages for item in page["Items"]]
    for first in range(0, len(found), _BATCH):
        deletes: list[WriteRequestTypeDef] = [{"DeleteRequest": {"Key": key}} for key in found[first : first + _BATCH]]
        dynamodb.batch_write_item(RequestItems={table: deletes})  # ministack never returns unprocessed items.


def empty_queues(sqs: SQSClient, urls: Iterable[str]) -> None:
    """Drop all messages: they are about data that is about to be deleted."""
    for url in urls:
        deadline = time.monotonic() + _UNDER_WAY_SECONDS
        while _unfinished(sqs, url) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        sqs.purge_queue(QueueUrl=url)


def _unfinished(sqs: SQSClient, url: str) -> bool:
    counts = sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    )["Attributes"]
    return any(map(int, counts.values()))

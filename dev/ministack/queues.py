"""The stack's queues, emptied: what waits in them speaks of data that is about to go."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_sqs import SQSClient

_POLL_SECONDS = 0.05
_UNDER_WAY_SECONDS = 2.0
"""How long what is being worked off may take; what failed is under way for minutes, and isn't waited for."""


def empty(sqs: SQSClient, urls: Iterable[str]) -> None:
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

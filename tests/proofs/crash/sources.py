"""Requests and events in the full shape in which Lambda gets them, and what their sources do to deliver them again."""

import hashlib
import itertools
import json
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.harness import template
from tests.harness.gateway import Answer, Gateway, context, handler_of
from tests.harness.shop import Shop
from tests.harness.world import World, path_of

ACCOUNT, REGION = "123456789012", "us-east-1"


@dataclass
class Request:
    """A request of the API: its client repeats the same bytes, under the same key."""

    gateway: Gateway
    event: dict[str, Any]
    again_after = timedelta(seconds=2)

    def send(self) -> Answer:
        self.event = self.gateway.resent(self.event)
        return self.gateway.deliver(self.event)


def request(world: World, method: str, path: str, who: str | None = "worker", **sent: Any) -> Request:
    """As `World.call`; whoever it is was admitted already."""
    whole = path_of(path)
    event = world.gateway.event(method, whole, token=world.token(who) if who else None, **sent)
    if who:
        world.gateway.authorize(event)
    return Request(world.gateway, event)


@dataclass
class Admitted(Request):
    """A request whose bearer isn't known yet: the authorizer is asked each time."""

    def send(self) -> Answer:
        self.gateway.authorize(self.event)
        return super().send()


def admitted(world: World, method: str, path: str, who: str) -> Admitted:
    return Admitted(world.gateway, world.gateway.event(method, path_of(path), token=world.token(who)))


@dataclass
class Webhook:
    """An event of Stripe's: it is signed anew each time."""

    shop: Shop
    event: dict[str, Any]
    again_after = timedelta(seconds=2)

    def send(self) -> Answer:
        return self.shop.deliver(self.event)


@dataclass
class Message:
    """A message of a queue: it comes back once its visibility time-out is over."""

    function: str
    queue: str
    body: str
    again_after: timedelta
    message_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    _received: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def send(self) -> None:
        record = {
            "messageId": self.message_id,
            "receiptHandle": f"AQEB{uuid.uuid4().hex}",
            "body": self.body,
            "attributes": {
                "ApproximateReceiveCount": str(next(self._received)),
                "SentTimestamp": "1795489200000",
                "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                "ApproximateFirstReceiveTimestamp": "1795489200010",
            },
            "messageAttributes": {},
            "md5OfBody": hashlib.md5(self.body.encode(), usedforsecurity=False).hexdigest(),
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.queue}",
            "awsRegion": REGION,
        }
        handler_of(self.function)({"Records": [record]}, context())


def message(function: str, body: str) -> Message:
    """A message of the queue that triggers the function."""
    (trigger,) = (event for event in template.functions()[function]["Events"].values() if event["Type"] == "SQS")
    queue = trigger["Properties"]["Queue"]["Fn::GetAtt"][0]
    seconds = template.resources()[queue]["Properties"]["VisibilityTimeout"]
    return Message(function, queue, body, timedelta(seconds=seconds))


@dataclass
class Tick:
    """A schedule's: it ticks again."""

    function: str
    again_after: timedelta

    def send(self) -> None:
        (trigger,) = template.functions()[self.function]["Events"].values()
        handler_of(self.function)(json.loads(trigger["Properties"]["Input"]), context())


@dataclass
class Batch:
    """Records of the table's stream: the batch comes again at once, as it is."""

    function: str
    records: list[dict[str, Any]]
    again_after = timedelta(seconds=1)

    def send(self) -> None:
        handler_of(self.function)({"Records": self.records}, context())

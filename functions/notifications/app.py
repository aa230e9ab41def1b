"""Mails that follow a change: the bus hands events to a queue, and each of them is one mail.

A message that fails comes back; after some tries it waits in the queue of those that failed, with an alarm.
"""

import json
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger

from packhouse import runtime
from packhouse.journal import bus
from packhouse.notifications import mailing
from packhouse.notifications.letters import Letterhead
from packhouse.notifications.mailer import mailer
from packhouse.settings import mail_settings, settings

PRINCIPAL = "packhouse:notifications"

logger = Logger()


def handler(event: Mapping[str, Any], _context: object) -> None:
    letterhead = Letterhead(console_url=mail_settings().console_url, support_email=settings().support_email)
    for record in event["Records"]:
        happened = bus.received(json.loads(record["body"]))
        sent = mailing.send(runtime.stamped(PRINCIPAL, record["messageId"]), mailer(), letterhead, happened)
        logger.info("mail", kind=happened.kind, sent=sent, event_id=happened.event_id)

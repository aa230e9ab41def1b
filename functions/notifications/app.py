"""Sends the mails that follow a change. The bus puts the events into a queue, and each message here is one event.

A failed message is delivered again. After some tries it moves to the queue of failed messages, which has an alarm.
"""

import json
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger

from packhouse import runtime
from packhouse.journal.bus import DomainEvent
from packhouse.notifications import mailing
from packhouse.notifications.letters import Letterhead
from packhouse.notifications.mailer import mailer
from packhouse.settings import mail_settings, settings

PRINCIPAL = "packhouse:notifications"

logger = Logger()


def handler(event: Mapping[str, Any], _context: object) -> None:
    letterhead = Letterhead(console_url=mail_settings().console_url, support_email=settings().support_email)
    for record in event["Records"]:
        domain_event = DomainEvent.of(json.loads(record["body"]))
        sent = mailing.send(runtime.stamped(PRINCIPAL, record["messageId"]), mailer(), letterhead, domain_event)
        logger.info("mail", kind=domain_event.kind, sent=sent, event_id=domain_event.event_id)

"""What follows the bus: the template's rule for mails, the queue it fills, the function behind it, and SES."""

import json
from dataclasses import dataclass
from typing import Any

import boto3
from moto.ses.models import ses_backends

from packhouse.settings import bus_name
from tests.harness import template
from tests.harness.gateway import context, handler_of

ACCOUNT, REGION = "123456789012", "us-east-1"
DOMAIN = "packhouse.example"


@dataclass(frozen=True)
class Sent:
    """A mail that SES took; moto keeps its plain text."""

    to: str
    subject: str
    text: str


class Post:
    """Mails on moto: from the bus to the outbox."""

    def __init__(self) -> None:
        self._sqs = boto3.client("sqs")
        self._queue = self._sqs.create_queue(QueueName="mails", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
        events, rule = boto3.client("events"), template.resources()["MailEvents"]["Properties"]
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:mails"
        events.put_rule(Name="mails", EventBusName=bus_name(), EventPattern=json.dumps(rule["EventPattern"]))
        events.put_targets(Rule="mails", EventBusName=bus_name(), Targets=[{"Id": "mails", "Arn": arn}])
        boto3.client("sesv2").create_email_identity(EmailIdentity=DOMAIN)

    def waiting(self) -> list[dict[str, Any]]:
        """The messages of the queue, as Lambda is handed them; they leave it."""
        records: list[dict[str, Any]] = []
        while found := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
                records.append({"messageId": message["MessageId"], "body": message["Body"]})
        return records

    def deliver(self, *records: dict[str, Any]) -> None:
        handler_of("NotificationsFunction")({"Records": list(records)}, context())

    def outbox(self) -> list[Sent]:
        """What was sent, oldest first."""
        sent = ses_backends[ACCOUNT][REGION].sent_messages
        return [Sent(mail.destinations["ToAddresses"][0], mail.subject, mail.body) for mail in sent]

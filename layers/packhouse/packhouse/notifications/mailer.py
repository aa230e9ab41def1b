"""The client of SES, which sends the mails."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
import idna
from botocore.config import Config
from botocore.exceptions import ClientError

from packhouse.settings import mail_settings

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

    from packhouse.notifications.letters import Mail


class MailRefused(Exception):
    """SES refused a mail. The exception holds only SES's code: SES's message names the address, which no log may."""


class Mailer:
    """Sends mails through SES."""

    def __init__(self, client: "SESV2Client", *, sender: str) -> None:
        self._client = client
        self._sender = sender

    def send(self, mail: "Mail") -> str:
        """Send a mail, and return the id that SES gave it. `MailRefused` if SES refuses it."""
        try:
            answer = self._client.send_email(
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": [_ascii(mail.to)]},
                Content={
                    "Simple": {
                        "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
                        "Body": {
                            "Text": {"Data": mail.text, "Charset": "UTF-8"},
                            "Html": {"Data": mail.html, "Charset": "UTF-8"},
                        },
                    }
                },
            )
        except ClientError as error:
            raise MailRefused(error.response["Error"]["Code"]) from None
        return answer["MessageId"]


@cache
def mailer() -> Mailer:
    """The mailer, whose SDK never retries: after a lost answer the mail may have been sent already."""
    config = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1})
    return Mailer(boto3.client("sesv2", config=config), sender=mail_settings().sender)


def _ascii(address: str) -> str:
    """The address with its domain in ASCII, as SES wants it. The part before the domain has no ASCII form."""
    if address.isascii():
        return address

    mailbox, _, domain = address.rpartition("@")
    return f"{mailbox}@{idna.encode(domain, uts46=True).decode()}"

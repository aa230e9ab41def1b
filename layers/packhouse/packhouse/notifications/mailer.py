"""Where mails leave Packhouse."""

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


class MailRefused(Exception):  # noqa: N818  # it says by which code
    """SES didn't take a mail. Its own words are kept out of every log: they name the address."""


class Mailer:
    """Hands mails to SES."""

    def __init__(self, client: "SESV2Client", *, sender: str) -> None:
        self._client = client
        self._sender = sender

    def send(self, mail: "Mail") -> str:
        """The id under which SES took it, else `MailRefused`."""
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
    """Whose calls are sent once: a mail whose answer was lost may have been sent, and isn't sent again at once."""
    config = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1})
    return Mailer(boto3.client("sesv2", config=config), sender=mail_settings().sender)


def _ascii(address: str) -> str:
    """An address as SES takes it, with the domain in its ASCII form; of the part before it, that is all there is."""
    if address.isascii():
        return address

    mailbox, _, domain = address.rpartition("@")
    return f"{mailbox}@{idna.encode(domain, uts46=True).decode()}"

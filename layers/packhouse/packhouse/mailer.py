"""Where mails leave Packhouse."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

    from packhouse.domain.mails import Mail


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


def _ascii(address: str) -> str:
    """An address as SES takes it, with the domain in its ASCII form; of the part before it, that is all there is."""
    if address.isascii():
        return address
    import idna  # noqa: PLC0415  # few addresses need it, and every function imports this module

    mailbox, _, domain = address.rpartition("@")
    return f"{mailbox}@{idna.encode(domain, uts46=True).decode()}"

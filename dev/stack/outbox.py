"""The mails that were sent: ministack's SES has them, and the table has when each was sent by the stack's clock."""

from __future__ import annotations

import http.client
import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dev import clock
from dev.refusals import NotDone

if TYPE_CHECKING:
    from pathlib import Path

    from dev.config import Config
    from dev.ministack.deploy import Clients

_PATH = "/_ministack/ses/messages"
_SECONDS = 10.0


class Outbox:
    """ministack keeps all mails in memory and can't delete any. So emptying hides those that are older."""

    def __init__(self, config: Config, clients: Clients, table: str) -> None:
        self._config = config
        self._clients = clients
        self._table = table

    def mails(self) -> list[dict[str, Any]]:
        """Newest first. `at` is by the stack's clock; if the function died right after sending, by the machine's."""
        sent_at = self._sent_at()
        emptied = float(self._emptied.read_text()) if self._emptied.exists() else 0.0
        return [
            {
                "to": mail["To"][0],
                "subject": mail["Subject"],
                "text": mail["BodyText"],
                "html": mail["BodyHtml"],
                "attachments": [],
                "at": sent_at.get(mail["MessageId"]) or clock.written(datetime.fromtimestamp(mail["Timestamp"], UTC)),
            }
            for mail in sorted(self._taken(), key=lambda mail: float(mail["Timestamp"]), reverse=True)
            if mail["Timestamp"] > emptied
        ]

    def empty(self) -> None:
        self._emptied.write_text(str(time.time()))

    @property
    def _emptied(self) -> Path:
        return self._config.state / "outbox-emptied"

    def _taken(self) -> list[dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self._config.aws_port, timeout=_SECONDS)
        try:
            connection.request("GET", _PATH)
            answer = json.loads(connection.getresponse().read())
        except (http.client.HTTPException, OSError) as error:
            raise NotDone("ministack doesn't answer; the terminal of the stack says more.") from error
        finally:
            connection.close()
        return [mail for mails in answer["messages"].values() for mail in mails]

    def _sent_at(self) -> dict[str, str]:
        """When each mail was sent, from the table, by the mail's id at SES."""
        pages = self._clients.dynamodb.get_paginator("scan").paginate(
            TableName=self._table,
            FilterExpression="SK = :mail AND attribute_exists(message_id)",
            ExpressionAttributeValues={":mail": {"S": "MAIL"}},
        )
        items = [item for page in pages for item in page["Items"]]
        return {
            item["message_id"]["S"]: clock.written(datetime.fromisoformat(item["changed_at"]["S"])) for item in items
        }

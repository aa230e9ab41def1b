"""Which mails are on their way, and which were sent: each claimed before it is sent, so that none is sent twice."""

from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

from packhouse.errors import TryAgain
from packhouse.store import keys
from packhouse.store.patience import WriteRefused
from packhouse.store.table import StampedTable

CLAIM = timedelta(minutes=2)
"""How long a mail may be on its way; no sender lives that long."""

CLAIMED, SENT = "claimed", "sent"


def claim(table: StampedTable, event_id: str, to: str) -> str | None:
    """The claim by which the caller, and nobody else, may send the event's mail to this address now; None if it was.

    `TryAgain` while somebody else's claim holds: they may be sending, or have died before or after it.
    """
    mine = str(uuid4())
    item = {**keys.mail(event_id, to), "state": CLAIMED, "claim": mine, "claimed_until": table.stamp.at + CLAIM}
    free = "attribute_not_exists(PK) OR (#state = :claimed AND claimed_until <= :now)"
    try:
        table.write(table.put(item, only_if=free, claimed=CLAIMED, now=table.stamp.at))
    except WriteRefused as refused:
        (met,) = refused.met
        if met is not None and met["state"] == SENT:
            return None
        if met is None or met["claim"] != mine:  # else botocore resent the write
            raise TryAgain from refused
    return mine


def remember_sent(table: StampedTable, event_id: str, to: str, claim: str, *, message_id: str) -> None:
    """Remember that the mail was sent, and under which id of the mail service."""
    update = table.update(
        keys.mail(event_id, to),
        sets={"state": SENT, "message_id": message_id},
        only_if="claim = :claim",
        claim=claim,
    )
    with suppress(WriteRefused):  # it took so long that somebody else claimed it
        table.write(update)

"""The mails being sent and the mails sent. Each is claimed before it is sent, so that no mail is sent twice."""

from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

from packhouse.errors import TryAgain
from packhouse.store import keys
from packhouse.store.patience import WriteRefused
from packhouse.store.table import StampedTable

CLAIM = timedelta(minutes=2)
"""How long a claim holds. No sender runs that long."""

CLAIMED, SENT = "claimed", "sent"


def claim(table: StampedTable, event_id: str, to: str) -> str | None:
    """Claim the event's mail to this address: only the holder of the claim may send it. None: it was sent already.

    `TryAgain` while another claim holds: its sender may be at work, or have died before or after sending.
    """
    own_claim = str(uuid4())
    item = {**keys.mail(event_id, to), "state": CLAIMED, "claim": own_claim, "claimed_until": table.stamp.at + CLAIM}
    free = "attribute_not_exists(PK) OR (#state = :claimed AND claimed_until <= :now)"
    try:
        table.write(table.put(item, only_if=free, claimed=CLAIMED, now=table.stamp.at))
    except WriteRefused as refused:
        (met,) = refused.met
        if met is not None and met["state"] == SENT:
            return None
        if met is None or met["claim"] != own_claim:  # our own claim: botocore resent the write
            raise TryAgain from refused
    return own_claim


def remember_sent(table: StampedTable, event_id: str, to: str, claim: str, *, message_id: str) -> None:
    """Remember that the mail was sent, with its id at the mail service."""
    update = table.update(
        keys.mail(event_id, to),
        sets={"state": SENT, "message_id": message_id},
        only_if="claim = :claim",
        claim=claim,
    )
    with suppress(WriteRefused):  # sending took longer than the claim, and another sender has claimed the mail
        table.write(update)

"""What follows a change: the journal, the mails, and the auditor."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from boto3.dynamodb.types import TypeSerializer

from packhouse.store import keys
from tests.harness.post import Post
from tests.harness.shop import Shop
from tests.proofs.crash.outcomes import Outcome
from tests.proofs.crash.registry import Delivery, registered
from tests.proofs.crash.sources import Batch, Tick, message
from tests.proofs.crash.state import mails_sent, records

AN_HOUR = timedelta(hours=1)
SENDING = "sesv2:SendEmail"


@registered("JournalFunction Changes")
def write_journal(shop: Shop) -> Delivery:
    """A batch of an order that was paid."""
    order = shop.ordered()
    post = Post()
    shop.world.pump()
    records(shop.world)
    paid(shop, order)

    def published(_: object) -> None:
        told = [json.loads(message["body"])["detail"] for message in post.waiting()]
        assert {(event["kind"], event["item"]) for event in told} == {("order.paid", order["order_id"])}
        assert len({event["entry_id"] for event in told}) == 1

    return Delivery(source=Batch("JournalFunction", records(shop.world)), journals=True, promise=published)


@registered("NotificationsFunction Queue")
def mail_that_money_came(shop: Shop) -> Delivery:
    post = Post()
    paid(shop, shop.ordered())
    shop.world.pump()
    (told,) = post.waiting()

    def sent(outcomes: Sequence[Outcome]) -> None:
        """Twice only where the one that sent it didn't live to mark it as sent; and never once it is told as sent."""
        done = next(number for number, outcome in enumerate(outcomes, 1) if outcome.succeeded)
        sending = [outcome for outcome in outcomes[:done] if SENDING in outcome.calls or outcome.doubled]
        assert 1 <= mails_sent() <= max(1, len(sending))
        assert not any(SENDING in outcome.calls for outcome in outcomes[done:])

    return Delivery(source=message("NotificationsFunction", told["body"]), promise=sent)


@registered("AuditFunction Tick")
def report_damage(shop: Shop) -> Delivery:
    """A license that somebody took by hand; the auditor has seen it once."""
    world = shop.world
    pack = world.grant("mailbox-migration", 5)
    item = {**(world.item(keys.pack(pack.workgroup_id, pack.pack_id)) or {}), "available": 4}
    wire = {name: TypeSerializer().serialize(value) for name, value in item.items()}
    world.raw.put_item(TableName=world.table.name, Item=wire)
    world.pump()
    tick = Tick("AuditFunction", AN_HOUR)
    tick.send()
    shop.advance(hours=1)
    return Delivery(source=tick, settles=False, sound=False)


def paid(shop: Shop, order: dict[str, Any]) -> None:
    shop.pay(order["checkout_url"])
    shop.receive_all()

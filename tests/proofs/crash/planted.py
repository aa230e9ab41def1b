"""Handlers as one writes them who hasn't thought of what may fail: the machine must find each of these out.

Each is built sound, too, from the same parts, so that it is the bug that is found and not the way it is tried.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from packhouse import runtime
from packhouse.catalog import catalog
from packhouse.checkout import ordering, receiving
from packhouse.consumption import settling, starting
from packhouse.consumption.starting import Start, StartItem
from packhouse.domain.access import Stamp
from packhouse.domain.money import Money
from packhouse.domain.orders import Order
from packhouse.domain.packs import PackStanding
from packhouse.domain.runs import Outcome, RunState, Settlement
from packhouse.errors import PackNotUsable, Refusal, RunAlreadySettled
from packhouse.payments.provider import Session
from packhouse.payments.stripe import StripePayments, account
from packhouse.policies import Policies
from packhouse.store import keys, packs, runs
from packhouse.store.table import StampedTable, Write
from tests.harness.fake_stripe import API_KEY
from tests.harness.gateway import Answer
from tests.harness.shop import Shop
from tests.harness.world import NORTHWIND
from tests.proofs.crash.deliveries.checkout import late, paid, pay
from tests.proofs.crash.registry import Delivery

_numbers = itertools.count(1)


@dataclass
class Client:
    """Who calls a planted handler, and repeats the same call; its refusals become answers, as everywhere."""

    handler: Callable[[Stamp], object]
    again_after = timedelta(seconds=2)

    def send(self) -> Answer:
        stamp = Stamp(principal="planted", request_id=f"planted-{next(_numbers)}", changed_at=runtime.now())
        try:
            self.handler(stamp)
        except Refusal as refusal:
            return Answer(refusal.status, {}, {"slug": refusal.slug})
        return Answer(200, {}, {})


# --- the writes that belong together, one after another ---------------------------------------------------------------


class OneByOne(StampedTable):
    def write(self, *writes: Write) -> None:
        for write in writes:
            super().write(write)


def decrement_then_record(shop: Shop, *, sound: bool) -> Delivery:
    """A start that takes its license, and then writes down for which run."""
    shop.world.grant("mailbox-migration", 5)
    project = shop.world.project()
    start = Start(
        workgroup_id=NORTHWIND,
        project_id=project,
        service="mailbox-migration",
        items=[StartItem(item_id="box", user=None, licenses=1)],
        lease_seconds=None,
        name="planted",
        request_hash="same",
    )

    def handler(stamp: Stamp) -> None:
        table = table_of(StampedTable if sound else OneByOne, stamp)
        starting.start(table, catalog(), Policies(), start)

    return Delivery(source=Client(handler))


def mark_then_grant(shop: Shop, *, sound: bool) -> Delivery:
    """An order that becomes paid, and then its packs are made."""
    pay(shop, shop.ordered())
    session_id = paid(shop)["data"]["object"]["id"]

    def handler(stamp: Stamp) -> None:
        table = table_of(StampedTable if sound else OneByOne, stamp)
        receiving.receive(receiving.Collaborators(table, stripe(StripePayments, shop), Policies()), session_id)

    return Delivery(source=Client(handler))


# --- a rule that is checked before the write, and not by it -----------------------------------------------------------


def read_then_write(shop: Shop, *, sound: bool) -> Delivery:
    """A release that looks whether the run still holds its license, and then gives it back."""
    shop.world.grant("mailbox-migration", 5)
    project = shop.world.project()
    (run_id,) = shop.world.started(project)
    failed = Settlement(outcome=Outcome.FAILED)

    def handler(stamp: Stamp) -> None:
        table = table_of(StampedTable, stamp)
        if sound:
            settling.settle(table, NORTHWIND, project, run_id, failed)
            return
        run = runs.read(table, NORTHWIND, project, run_id)
        if run.outcome is failed.outcome:
            return
        if run.state is not RunState.HELD:
            raise RunAlreadySettled(run=run)
        ended = run.settled(failed, by=stamp.principal, at=stamp.at)
        table.write(
            table.update(
                keys.run(NORTHWIND, project, run_id),
                sets={
                    "state": ended.state,
                    "outcome": ended.outcome,
                    "settled_at": ended.settled_at,
                    "error_count": 0,
                },
                removes=("due", "due_at"),
                only_if="attribute_exists(PK)",
            ),
            *(packs.restored(table, NORTHWIND, pack_id, quantity) for pack_id, quantity in ended.given_back().items()),
        )

    return Delivery(source=Client(handler), rival=lambda: shop.world.settle(project, run_id))


# --- an error that is taken for an answer -----------------------------------------------------------------------------


class AnyErrorIsAConflict(StampedTable):
    def write(self, *writes: Write) -> None:
        actions: Any = [{write.operation: {"TableName": self.name, **write.arguments}} for write in writes]
        try:
            self._client.transact_write_items(TransactItems=actions)
        except ClientError as error:
            raise PackNotUsable(state=PackStanding.REVOKED) from error


def any_error_is_a_conflict(shop: Shop, *, sound: bool) -> Delivery:
    """A settlement that answers every error of the table with: the pack was revoked."""
    shop.world.grant("mailbox-migration", 5)
    project = shop.world.project()
    (run_id,) = shop.world.started(project)
    failed = Settlement(outcome=Outcome.FAILED)

    def handler(stamp: Stamp) -> None:
        table = table_of(StampedTable if sound else AnyErrorIsAConflict, stamp)
        settling.settle(table, NORTHWIND, project, run_id, failed)

    return Delivery(source=Client(handler))


# --- calls to Stripe that aren't named well enough --------------------------------------------------------------------


class NamedByTheSdk(StripePayments):
    def open_checkout(self, order: Order) -> Session:
        opened = self._asked(lambda: self._client.v1.checkout.sessions.create(self._page(order)))
        return self.read_checkout(opened["id"])


class NamedByKeyAlone(StripePayments):
    def refund(self, charge_id: str, amount: Money, *, refund_id: str) -> str:
        wanted: Any = {"charge": charge_id, "amount": amount.amount, "metadata": {"refund_id": refund_id}}
        key = f"refund:{refund_id}"
        return str(self._asked(lambda: self._client.v1.refunds.create(wanted, {"idempotency_key": key}))["id"])


def key_of_the_sdk(shop: Shop, *, sound: bool) -> Delivery:
    """A pay page that is opened under the key that Stripe's package makes up, another in each process."""
    order = shop.ordered(key="other")
    kind = StripePayments if sound else NamedByTheSdk

    def handler(stamp: Stamp) -> None:
        desk = receiving.Collaborators(table_of(StampedTable, stamp), stripe(kind, shop), Policies())
        ordering.renew(desk, NORTHWIND, order["order_id"], key="two")

    return Delivery(source=Client(handler))


def key_alone(shop: Shop, *, sound: bool) -> Delivery:
    """Money that is sent back under a fixed key, and nobody looks whether it was, when Stripe has forgotten the key."""
    session_id = late(shop)["data"]["object"]["id"]
    kind = StripePayments if sound else NamedByKeyAlone

    def handler(stamp: Stamp) -> None:
        desk = receiving.Collaborators(table_of(StampedTable, stamp), stripe(kind, shop), Policies())
        receiving.receive(desk, session_id)

    return Delivery(source=Client(handler))


def table_of(kind: type[StampedTable], stamp: Stamp) -> StampedTable:
    return kind(runtime.dynamodb(), runtime.table().name, stamp)


def stripe(kind: type[StripePayments], shop: Shop) -> StripePayments:
    known = account(API_KEY, api_url=shop.stripe.url)
    return kind(known, return_url="https://packhouse.example/console/", seconds=14)

"""Moves of orders: placed, paid at the fake Stripe, told of by webhooks, cancelled, renewed, expired, reconciled."""

import json
from collections.abc import Iterable
from typing import Any

import boto3
import hypothesis.strategies as st

from packhouse.store import marks
from tests.harness.fake_stripe import DECLINES, SUCCEEDS
from tests.proofs.model.machine import PICK, move, of
from tests.proofs.model.moves_runs import RunMoves
from tests.proofs.model.rules import orders
from tests.proofs.model.rules.calls import BUNDLE, MAILBOXES, Cancel, Expire, Pay, Place, Renew
from tests.proofs.model.rules.state import DAY, HOUR, Order
from tests.proofs.model.rules.step import alone
from tests.proofs.model.stage import Stage

ORDERS_MAX = 6
EVENTS = ("checkout.session.completed", "checkout.session.expired")
LINES = st.lists(
    st.tuples(st.sampled_from([MAILBOXES, "document-migration", BUNDLE]), st.integers(2, 6)),
    min_size=1,
    max_size=3,
    unique_by=lambda line: line[0],
)
BUYERS = st.sampled_from(["ada", "max"])
WAITS = st.sampled_from([60 * minutes for minutes in (1, 7, 20, 35, 180, 690, 1380, 1500)])
LOOKED_BACK, MARK_AGE_MAX = HOUR, 27 * HOUR
"""The reconciler looks at each hour since it last did; the real one does so four times an hour."""


class OrderMoves(RunMoves):
    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.mark = self.now
        self.messages = boto3.client("sqs")

    def orders(self) -> list[Order]:
        """The newest first."""
        return list(self.state.orders.values())[::-1]

    def unnoticed(self) -> list[Order]:
        """Orders that were paid, and nobody has told Packhouse."""
        return [one for one in self.orders() if one.paid_at is not None and one.status in {"open", "expired"}]

    def found_paid(self, looked_at: Iterable[Order], whom: str) -> None:
        """Somebody looked at these orders at Stripe: those that were paid are so now, with a pack for each line."""
        for order in looked_at:
            if order in self.unnoticed():
                packs = self.stage.call("GET", f"orders/{self.asking.ids[order.name]}", "ada").body["packs"]
                assert len(set(packs)) == len(order.lines), f"{order}: {packs}, paid as {whom} knows"
                _, self.state = alone(self.state, Pay(order.name, tuple(packs), self.now))
                self.met("found paid", whom)

    def ask_of(self, order: Order, call: Renew | Cancel, who: str) -> None:
        """A call that looks at the page of an open order first, unless the call was answered before."""
        self.stage.tell_stripe_the_time()
        told = self.asking.ask(call, who)
        is_known = isinstance(call, Renew) and call.key in {page.key for page in order.pages}
        looks = order.status == "open" and not is_known
        self.found_paid([order] if looks else [], f"by {type(call).__name__}")
        self.agree(call, told)

    @move(weight=2, when=lambda self: len(self.state.orders) < ORDERS_MAX, lines=LINES, who=BUYERS)
    def place(self, lines: list[tuple[str, int]], who: str) -> None:
        self.placed(self.key(), tuple(lines), who)

    @move(when=lambda self: self.state.orders, pick=PICK, otherwise=st.booleans())
    def place_again(self, pick: int, otherwise: bool) -> None:
        order = of(self.orders(), pick)
        self.placed(order.name, (("health-check", 1),) if otherwise else order.lines, "ada")

    def placed(self, name: str, lines: tuple[tuple[str, int], ...], who: str) -> None:
        self.stage.tell_stripe_the_time()
        self.ask(Place(name, lines, self.now), who)

    @move(weight=2, when=lambda self: self.state.orders, pick=PICK, key=st.sampled_from("abc"), who=BUYERS)
    def renew(self, pick: int, key: str, who: str) -> None:
        order = of(self.orders(), pick)
        self.ask_of(order, Renew(order.name, key, self.now), who)

    @move(weight=2, when=lambda self: self.state.orders, pick=PICK, key=st.sampled_from("ab"), who=BUYERS)
    def cancel(self, pick: int, key: str, who: str) -> None:
        order = of(self.orders(), pick)
        self.ask_of(order, Cancel(order.name, key, self.now), who)

    @move(when=lambda self: self.state.orders, pick=PICK, page=PICK, card=st.sampled_from([SUCCEEDS, DECLINES]))
    def pay(self, pick: int, page: int, card: str) -> None:
        """Somebody tries to pay on a page, old or new, with a card that is good or isn't."""
        order = of(self.orders(), pick)
        self.paid(order, page % len(order.pages), card)

    @move(weight=3, when=lambda self: self.payable(), pick=PICK)
    def pay_newest(self, pick: int) -> None:
        order = of(self.payable(), pick)
        self.paid(order, len(order.pages) - 1, SUCCEEDS)

    def payable(self) -> list[Order]:
        return [order for order in self.orders() if order.pages[-1].is_open(self.now)]

    def paid(self, order: Order, number: int, card: str) -> None:
        self.stage.tell_stripe_the_time()
        answer = self.stage.shop.stripe.pay(self.asking.urls[order.name][number], card)
        was_open = order.pages[number].is_open(self.now)
        assert (answer.status == 303) == was_open, answer  # led back to the shop
        if was_open and card == SUCCEEDS:
            paid_at = self.terms.seconds(self.stage.charged_at())
            self.state = orders.at_stripe(self.state, order.name, number, paid_at=paid_at)
        self.met("pay", "closed" if not was_open else "paid" if card == SUCCEEDS else "declined")

    @move(weight=2, when=lambda self: self.state.orders, picks=st.lists(PICK, min_size=1, max_size=2))
    def webhooks(self, picks: list[int]) -> None:
        """Stripe tells of some events, in any order and more than once; the worker gets them from the queue."""
        self.stage.tell_stripe_the_time()
        happened = [event for event in self.stage.shop.events() if event["type"] in EVENTS][::-1]
        named = {self.asking.ids[name]: name for name in self.state.orders}
        for event in [of(happened, pick) for pick in picks if happened]:
            assert self.stage.shop.deliver(event).status == 200  # taken
            (message,) = self._taken()
            self.stage.shop.work(message)
            order = self.state.orders[named[event["data"]["object"]["metadata"]["order_id"]]]
            completed = event["type"] == EVENTS[0]
            self.met("webhook", "completed" if completed else "expired")
            self.found_paid([order] if completed else [], "by the webhook")

    def _taken(self) -> list[dict[str, str]]:
        """The messages that the webhook left in the queue."""
        url = self.stage.queue
        found: list[Any] = self.messages.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            self.messages.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in found]

    @move(weight=2, when=lambda self: self.state.orders)
    def expire(self) -> None:
        self.stage.tell_stripe_the_time()
        over = [one for one in self.state.orders.values() if one.status == "open" and one.expires <= self.now]
        self.stage.shop.expire()
        self.found_paid(over, "by the expiry")
        for order in over:
            answer, self.state = alone(self.state, Expire(order.name, self.now))
            self.met("Expire", answer)

    @move(weight=2, when=lambda self: self.now - self.mark <= MARK_AGE_MAX)
    def reconcile(self) -> None:
        self.stage.tell_stripe_the_time()
        self.stage.shop.reconcile()
        since = range(self.mark - LOOKED_BACK, self.now)
        self.found_paid([one for one in self.orders() if one.paid_at in since], "by the reconciler")
        self.mark = max(self.mark, self.now)

    @move(weight=2, seconds=WAITS)
    def wait_for_stripe(self, seconds: int) -> None:
        self.wait(seconds)

    @move(when=lambda self: not self.unnoticed(), days=st.sampled_from([40, 200]))
    def wait_for_months(self, days: int) -> None:
        """The reconciler ran all the while; nothing happened."""
        self.wait(days * DAY)
        self.mark = self.now - HOUR
        marks.move(self.stage.world.stamped(), self.terms.at(self.mark))

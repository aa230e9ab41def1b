"""Rules of orders: placed, paid at the fake Stripe, told of by webhooks, cancelled, renewed, expired, reconciled."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3
import hypothesis.strategies as st

from packhouse.store import marks
from tests.harness.fake_stripe import DECLINES, SUCCEEDS
from tests.harness.shop import ADDRESS
from tests.harness.world import START
from tests.proofs.model import model_orders
from tests.proofs.model.machine import PICK, Machine, move, of, query, refusing
from tests.proofs.model.model import Expected
from tests.proofs.model.model_orders import Order, Page, Till
from tests.proofs.model.stage import Stage

ORDERS_MAX = 6
EVENTS = ("checkout.session.completed", "checkout.session.expired")
LINES = st.lists(
    st.fixed_dictionaries(
        {
            "sku": st.sampled_from(["mailbox-migration", "document-migration", "user-migration-bundle"]),
            "quantity": st.integers(2, 6),
        }
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda line: str(line["sku"]),
)
ODD_ORDERS: list[tuple[dict[str, Any], str | None]] = [
    ({"lines": [{"sku": "gardening", "quantity": 1}]}, None),
    ({"lines": [{"sku": "public-folder-migration", "quantity": 10_000}]}, None),
    ({"expected_total": {"amount": 1, "currency": "usd"}}, None),
    ({"lines": []}, "invalid-request"),
    ({"lines": [{"sku": "mailbox-migration", "quantity": 0}]}, "invalid-request"),
    ({"lines": [{"sku": "mailbox-migration", "quantity": 1}] * 2}, "invalid-request"),
    ({"method": "barter"}, "invalid-request"),
    ({"email": "nobody"}, "invalid-request"),
]
"""What is odd about an order, and what it is refused for; None: the model says."""
BUYERS = st.sampled_from(["ada", "max"])
STEPS = [timedelta(minutes=minutes) for minutes in (1, 7, 20, 35, 180, 690, 1380, 1500)]
MONTHS = [timedelta(days=days) for days in (40, 200)]
MARK_AGE_MAX = timedelta(hours=27)
"""The reconciler looks at each hour since it last did; the real one does so four times an hour."""


class TillRules(Machine):
    """What the rules of orders share."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.till = Till(house=self.house, mark=START)
        self.queue = boto3.client("sqs")

    def at_stripe(self) -> None:
        """Before something happens at Stripe, its clock says what ours does."""
        self.stage.tell_stripe_the_time()

    def learn(self, whom: str) -> None:
        """What the orders that somebody has just found to be paid became, as they tell it."""
        for order in model_orders.untold(self.till):
            self.met("found paid", f"by {whom}")
            told = self.call("GET", f"orders/{order.order_id}", "ada")
            model_orders.learn(self.till, order, told.body["packs"])
            self.agree("read order", told, self.reading(order.order_id))

    def reading(self, order_id: str) -> Callable[[], Expected]:
        return lambda: model_orders.read(self.till, order_id)

    def unnoticed(self) -> list[Page]:
        """Pages that were paid, and nobody has told."""
        return [page for page in self.till.pages if page.paid_at and self.till.orders[page.order_id].status != "paid"]

    def orders(self) -> list[Order]:
        """The newest first."""
        return list(self.till.orders.values())[::-1]


class OrderRules(TillRules):
    @move(
        weight=2,
        when=lambda self: len(self.till.orders) < ORDERS_MAX,
        lines=LINES,
        who=BUYERS,
        reference=st.sampled_from([None, "PO 7"]),
    )
    def place(self, lines: list[dict[str, Any]], who: str, reference: str | None) -> None:
        self.placed(self.key(), order(lines, **({"reference": reference} if reference else {})), who=who)

    @move(when=lambda self: self.till.orders, pick=PICK, otherwise=st.booleans())
    def place_again(self, pick: int, otherwise: bool) -> None:  # noqa: FBT001  # a strategy's
        key, named = of([(key, one) for (path, key), one in self.house.names.items() if path == "orders"], pick)
        self.placed(key, {**named.body, "email": "eve@northwind.example"} if otherwise else named.body, who="ada")

    @move(odd=st.sampled_from(ODD_ORDERS), who=st.sampled_from(["ada", "ada", "ada", "max", "amy", "worker"]))
    def place_oddly(self, odd: tuple[dict[str, Any], str | None], who: str) -> None:
        said, slug = odd
        body = {**order([{"sku": "mailbox-migration", "quantity": 1}]), **said}
        if who in {"amy", "worker"}:
            slug = "not-permitted"
        if slug is None:
            self.placed(self.key(), body, who=who)
        else:
            answer = self.call("POST", "orders", who, json=body, key=self.key())
            self.agree("place oddly", answer, refusing(slug))

    @move(weight=2, when=lambda self: self.till.orders, pick=PICK, key=st.sampled_from("abc"), who=BUYERS)
    def renew(self, pick: int, key: str, who: str) -> None:
        self.at_stripe()
        order = of(self.orders(), pick)
        answer = self.call("POST", f"orders/{order.order_id}/checkout", who, key=key)
        url = answer.body.get("checkout_url", "")
        assert not url or url not in {page.url for page in self.till.pages} or url == order.page.url
        self.agree("renew", answer, lambda: model_orders.renew(self.till, order.order_id, key, by=who, told_url=url))
        self.learn("renew")

    @move(when=lambda self: self.till.orders, pick=PICK, key=st.sampled_from("ab"), who=BUYERS)
    def cancel(self, pick: int, key: str, who: str) -> None:
        order_id = of([*(order.order_id for order in self.orders()), f"ord_{'0' * 32}"], pick)
        self.cancelled(order_id, key, who=who)

    @move(when=lambda self: self.cancellations(), pick=PICK, who=BUYERS)
    def cancel_again(self, pick: int, who: str) -> None:
        order_id, key = of(self.cancellations(), pick)
        self.cancelled(order_id, key, who=who)

    def cancellations(self) -> list[tuple[str, str]]:
        return [(order.order_id, order.cancel_key) for order in self.orders() if order.cancel_key]

    def cancelled(self, order_id: str, key: str, *, who: str) -> None:
        self.at_stripe()
        answer = self.call("POST", f"orders/{order_id}/cancel", who, key=key)
        self.agree("cancel", answer, lambda: model_orders.cancel(self.till, order_id, key, by=who))
        self.learn("cancel")

    @move(pick=PICK, status=st.sampled_from(["", "", "open", "paid,expired", "cancelled"]), limit=st.integers(1, 4))
    def read_orders(self, pick: int, status: str, limit: int) -> None:
        order_id = of([*self.till.orders, f"ord_{'0' * 32}"], pick)
        self.agree("read order", self.call("GET", f"orders/{order_id}", "max"), self.reading(order_id))
        wanted = frozenset(status.split(",")) if status else frozenset[str]()
        expected = model_orders.listed(self.till, statuses=wanted)
        self.listed("list orders", f"orders{query(status=status)}", expected, limit=limit, who="ada")

    def placed(self, key: str, body: dict[str, Any], *, who: str) -> None:
        self.at_stripe()
        answer = self.call("POST", "orders", who, json=body, key=key)
        told_id, told_url = answer.body.get("order_id", ""), answer.body.get("checkout_url", "")
        self.agree(
            "place",
            answer,
            lambda: model_orders.place(self.till, key, body, by=who, told_id=told_id, told_url=told_url),
        )


class BankRules(TillRules):
    @move(when=lambda self: self.till.orders, pick=PICK, card=st.sampled_from([SUCCEEDS, DECLINES]))
    def pay(self, pick: int, card: str) -> None:
        """Somebody tries to pay on a page, old or new, with a card that is good or isn't."""
        self.paid(of(self.till.pages[::-1], pick), card)

    @move(weight=3, when=lambda self: self.payable(), pick=PICK)
    def pay_newest(self, pick: int) -> None:
        self.paid(of(self.payable(), pick), SUCCEEDS)

    def payable(self) -> list[Page]:
        return [page for page in self.till.pages if page.open(self.house.now)]

    def paid(self, page: Page, card: str) -> None:
        self.agreed = False
        self.at_stripe()
        answer = self.stage.shop.stripe.pay(page.url, card)
        was_open = page.open(self.house.now)
        assert (answer.status == 303) == was_open, answer  # led back to the shop
        if was_open and card == SUCCEEDS:
            page.paid_at = self.stage.charged_at()
        self.met("pay", "closed" if not was_open else "paid" if card == SUCCEEDS else "declined")
        self.agreed = True

    @move(weight=2, when=lambda self: self.till.orders, picks=st.lists(PICK, min_size=1, max_size=2))
    def webhooks(self, picks: list[int]) -> None:
        """Stripe tells of some of what happened, in any order and more than once; the worker gets it from the queue."""
        self.agreed = False
        self.at_stripe()
        happened = [event for event in self.stage.shop.events() if event["type"] in EVENTS][::-1]
        for event in [of(happened, pick) for pick in picks if happened]:
            assert self.stage.shop.deliver(event).status == 200  # taken
            (message,) = self._taken()
            self.stage.shop.work(message)
            order_id = event["data"]["object"]["metadata"]["order_id"]
            status = self.till.orders[order_id].status
            model_orders.look_at(self.till, self._told_of(event), by="stripe")
            changed = self.till.orders[order_id].status != status
            self.met("webhook", f"{event['type'].rpartition('.')[2]}, {'paid' if changed else 'nothing new'}")
        self.agreed = True
        self.learn("the webhook")

    @move(
        when=lambda self: any(page.paid_at for page in self.till.pages),
        spoiled=st.sampled_from(["early", "late", "unsigned"]),
    )
    def forged_webhook(self, spoiled: str) -> None:
        self.at_stripe()
        happened = [event for event in self.stage.shop.events() if event["type"] in EVENTS]
        if not happened:  # Stripe forgets after a month
            return
        event = happened[-1]
        if spoiled == "unsigned":
            answer = self.stage.world.call("POST", "/v1/webhooks/stripe", None, json=event)
        else:
            answer = self.stage.shop.deliver(event, seconds_from_now=301 if spoiled == "early" else -301)
        self.agree("forged webhook", answer, refusing("signature-invalid"))

    @move(weight=2, when=lambda self: self.till.orders)
    def expire_orders(self) -> None:
        self.agreed = False
        self.at_stripe()
        told = self.stage.shop.expire()
        looked_at = model_orders.expire(self.till, by="packhouse:expire")
        assert told == {"orders": looked_at}
        self.met("expire orders", "expired" if looked_at > len(model_orders.untold(self.till)) else "none")
        if model_orders.untold(self.till):
            self.met("expire orders", "paid")
        self.agreed = True
        self.learn("expire orders")

    @move(when=lambda self: self.house.now - self.till.mark <= MARK_AGE_MAX)
    def reconcile(self) -> None:
        self.reconciled()

    @move(weight=2, when=lambda self: self.unnoticed() and self.house.now - self.till.mark <= MARK_AGE_MAX)
    def reconcile_what_was_paid(self) -> None:
        self.reconciled()

    def reconciled(self) -> None:
        self.agreed = False
        self.at_stripe()
        paid = len(self._paid())
        self.stage.shop.reconcile()
        model_orders.reconcile(self.till, by="packhouse:reconcile")
        self.met("reconcile", "paid" if len(self._paid()) > paid else "nothing new")
        self.agreed = True
        self.learn("reconcile")

    @move(weight=2, step=st.sampled_from(STEPS))
    def wait(self, step: timedelta) -> None:
        self._waited(step)

    @move(when=lambda self: not self.unnoticed(), step=st.sampled_from(MONTHS))
    def wait_for_months(self, step: timedelta) -> None:
        """The reconciler ran all the while; nothing happened."""
        self._waited(step)
        self.till.mark = self.house.now - timedelta(hours=1)
        marks.move(self.world.stamped(), self.till.mark)

    def _waited(self, step: timedelta) -> None:
        self.stage.advance(step)
        self.house.now = self.world.clock.now
        self.met("wait", str(step))

    def _taken(self) -> list[dict[str, str]]:
        """The messages that the webhook left in the queue."""
        url = self.stage.queue
        found = self.queue.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            self.queue.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in found]

    def _told_of(self, event: dict[str, Any]) -> Page:
        """The page that an event is about: of an order, the one that was paid, else none that matters."""
        order = self.till.orders[event["data"]["object"]["metadata"]["order_id"]]
        if event["type"] == EVENTS[0]:
            return next(page for page in order.pages if page.paid_at)
        return Page(url="", order_id=order.order_id, key="", ends_at=self.house.now)

    def _paid(self) -> list[Order]:
        return [order for order in self.till.orders.values() if order.status == "paid"]


def order(lines: list[dict[str, Any]], **said: object) -> dict[str, Any]:
    return {
        "lines": lines,
        "method": "card",
        "billing_address": ADDRESS,
        "email": "ada@northwind.example",
        **said,
    }

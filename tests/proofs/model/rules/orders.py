"""Orders: placed, paid, renewed, cancelled, expired; and their pay pages at Stripe."""

from dataclasses import replace

from tests.proofs.model.rules import packs
from tests.proofs.model.rules.calls import LEFT, NOT_FOUND, Cancel, Done, Expire, Pay, Place, Refused, Renew
from tests.proofs.model.rules.state import HOUR, Order, Page, Possible, State


def place(state: State, asked: Place) -> Possible:
    if earlier := state.orders.get(asked.order):
        same = earlier.lines == asked.lines
        yield (Done("open", again=True) if same else Refused("idempotency-key-reused")), state
        return
    expires = asked.now + state.terms.policies["card_order_hours"] * HOUR
    page = _page(state, expires, "", asked.now)
    yield Done("open"), state.with_order(Order(name=asked.order, lines=asked.lines, expires=expires, pages=(page,)))


def _page(state: State, order_ends: int, key: str, now: int) -> Page:
    """It closes a minute before its order, but Stripe keeps none open for less than half an hour."""
    return Page(key, ends=max(order_ends - 60, now + state.terms.policies["checkout_minutes_min"] * 60))


def at_stripe(state: State, name: str, number: int, *, paid_at: int) -> State:
    """Somebody pays on a page; nobody has told Packhouse yet."""
    order = state.orders[name]
    pages = list(order.pages)
    pages[number] = replace(pages[number], paid_at=paid_at)
    return state.with_order(replace(order, pages=tuple(pages)))


def pay(state: State, asked: Pay) -> Possible:
    """Of a paid order every line becomes a pack, once, valid from the time of the charge."""
    order = state.orders[asked.order]
    if order.paid_at is None:
        yield Done("nothing"), state
        return
    if order.status in {"open", "expired"}:
        state = state.with_order(replace(order, status="paid", packs=asked.packs))
        for name, (sku, quantity) in zip(asked.packs, order.lines, strict=True):
            state = packs.granted(state, name, sku, quantity, acquired=order.paid_at, now=asked.now)
    yield Done("granted"), state


def renew(state: State, asked: Renew) -> Possible:
    order = state.orders.get(asked.order)
    if order is None:
        yield NOT_FOUND, state
    elif asked.key in {page.key for page in order.pages[:-1]}:
        yield Refused("checkout-superseded"), state
    elif order.pages[-1].key == asked.key:
        yield Done(order.shown(asked.now), again=True), state
    else:
        order = _closed(order)
        if order.shown(asked.now) == "open":
            order = replace(order, pages=(*order.pages, _page(state, order.expires, asked.key, asked.now)))
            yield Done("open"), state.with_order(order)
        else:
            yield Refused("order-not-open"), state.with_order(order)


def cancel(state: State, asked: Cancel) -> Possible:
    order = state.orders.get(asked.order)
    if order is None:
        yield NOT_FOUND, state
    elif order.cancel_key == asked.key:
        yield Done(order.shown(asked.now), again=True), state
    else:
        order = _closed(order)
        if order.shown(asked.now) == "open":
            yield Done("cancelled"), state.with_order(replace(order, status="cancelled", cancel_key=asked.key))
        else:
            yield Refused("order-not-open"), state.with_order(order)


def expire(state: State, asked: Expire) -> Possible:
    order = _closed(state.orders[asked.order])
    if order.status == "open" and order.expires <= asked.now:
        yield Done("expired"), state.with_order(replace(order, status="expired"))
    else:
        yield LEFT, state


def _closed(order: Order) -> Order:
    """Before an open order is ended or gets another page, its page is closed."""
    if order.status != "open":
        return order
    return replace(order, pages=(*order.pages[:-1], replace(order.pages[-1], closed=True)))

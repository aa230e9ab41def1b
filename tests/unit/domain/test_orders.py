"""Orders: what they come to, when they are over, and how their placing is answered again."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from packhouse.domain.licenses import Catalog, Line, Price
from packhouse.domain.money import Money
from packhouse.domain.orders import (
    CARD_MAXIMUM,
    Checkout,
    Event,
    Order,
    OrderStatus,
    Payment,
    checkout_ends,
    priced,
)
from packhouse.errors import CardMaximumExceeded, PriceChanged, UnknownSku
from tests.harness.world import START
from tests.unit import purchases
from tests.unit.purchases import license_type, line

NOW = START
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
PLACED = Event(at=NOW, status=OrderStatus.OPEN, by="ada")
CATALOG = Catalog({sku: license_type(sku, price) for sku, price in (("mail", 1200), ("files", 2500))})
MAIL, FILES = line("mail", 3, 1200), line("files", 2, 2500)
PAGE = Checkout(number=1, key="one", expires_at=NOW + DAY, session_id="cs_1", url="https://pay.example/1")


def order(**fields: Any) -> Order:
    """An order that has a pay page."""
    return purchases.order(MAIL, FILES, **{"checkout": PAGE, "placed_url": PAGE.url, "history": (PLACED,), **fields})


def test_a_line_comes_to_its_price_times_its_quantity_and_an_order_to_its_lines() -> None:
    assert MAIL.amount == Money(3600)
    assert order().total == Money(3 * 1200 + 2 * 2500)


def test_an_open_order_is_over_from_the_instant_its_time_ends() -> None:
    ends = order().expires_at

    assert not order().is_over(ends - SECOND)
    assert order().is_over(ends)
    assert order().as_read(ends - SECOND) == order()
    assert order().as_read(ends) == order(status=OrderStatus.EXPIRED)


@pytest.mark.parametrize("status", [OrderStatus.PAID, OrderStatus.CANCELLED, OrderStatus.EXPIRED])
def test_an_order_that_has_ended_reads_as_it_did_end(status: OrderStatus) -> None:
    ended = order(status=status)

    assert not ended.is_over(NOW + 2 * DAY)
    assert ended.as_read(NOW + 2 * DAY) == ended


def test_the_answer_to_the_placing_is_the_same_whatever_became_of_the_order() -> None:
    payment = Payment(payment_id="pi_1", charge_id="ch_1", amount=Money(8600), charged_at=NOW)
    paid = order(
        status=OrderStatus.PAID,
        history=(PLACED, Event(at=NOW + DAY, status=OrderStatus.PAID, by="stripe")),
        payment=payment,
        packs=("pack_1", "pack_2"),
        checkout=replace(PAGE, url=None),
    )

    assert paid.as_placed() == order()


def test_lines_bear_the_catalogs_terms() -> None:
    lines = [Line("files", 2), Line("mail", 3)]

    assert priced(CATALOG, lines, expected=None) == (FILES, MAIL)
    assert priced(CATALOG, lines, expected=Money(8600)) == priced(CATALOG, lines, expected=None)


@pytest.mark.parametrize("expected", [Money(8599), Money(8601), Money(8600, "eur")])
def test_another_total_than_the_one_expected_is_refused_with_todays_prices(expected: Money) -> None:
    with pytest.raises(PriceChanged) as refusal:
        priced(CATALOG, [Line("files", 2), Line("mail", 3)], expected=expected)

    assert refusal.value.lines == [Price("files", Money(2500)), Price("mail", Money(1200))]


@pytest.mark.parametrize(("price", "taken"), [(99_999_999, True), (100_000_000, False)])
def test_a_card_takes_just_under_a_million_dollars(price: int, *, taken: bool) -> None:
    dear = Catalog({"dear": license_type("dear", price)})

    assert Money(99_999_999) == CARD_MAXIMUM
    if taken:
        assert priced(dear, [Line("dear", 1)], expected=None) == (line("dear", 1, price),)
        return
    with pytest.raises(CardMaximumExceeded) as refusal:
        priced(dear, [Line("dear", 1)], expected=None)
    assert refusal.value.maximum == CARD_MAXIMUM


def test_a_line_of_a_type_that_is_not_sold_has_no_price() -> None:
    with pytest.raises(UnknownSku):
        priced(CATALOG, [Line("gardening", 1)], expected=None)


@pytest.mark.parametrize(
    ("left", "ends"),
    [
        (timedelta(hours=24), timedelta(hours=23, minutes=59)),
        (timedelta(minutes=33), timedelta(minutes=32)),
        (timedelta(minutes=32), timedelta(minutes=31)),
        (timedelta(minutes=31), timedelta(minutes=31)),
        (timedelta(minutes=5), timedelta(minutes=31)),
    ],
)
def test_a_pay_page_closes_a_minute_before_its_order_and_stays_open_for_so_long_at_the_least(
    left: timedelta, ends: timedelta
) -> None:
    assert checkout_ends(NOW, NOW + left, minutes_min=31) == NOW + ends

"""The way back from Stripe's pay page, in a browser: what the pay page leads to, and what comes of it."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.console.desk import Desk, day
from tests.console.till import BUYER, DECLINES, Till, expect_standing


def place_of(desk: Desk, order: dict[str, Any], outcome: str, *, name: str = BUYER) -> str:
    """The order's own address, without a query before the `#`."""
    path = f"#/workgroups/{desk.workgroup_of(name)}/orders/{order['order_id']}?outcome={outcome}"
    return f"{desk.stack.api}/console/{path}"


def visited(desk: Desk) -> list[str]:
    """The addresses of the tab's history."""
    history = desk.page.context.new_cdp_session(desk.page).send("Page.getNavigationHistory")
    return [entry["url"] for entry in history["entries"]]


def cards_of(desk: Desk, heading: str) -> list[str]:
    return desk.section(heading).get_by_role("listitem").all_inner_texts()


@pytest.mark.parametrize("width", [390, 1280])
def test_who_pays_lands_on_the_order_and_sees_it_become_paid(desk: Desk, till: Till, width: int) -> None:
    desk.page.set_viewport_size({"width": width, "height": 844})
    desk.see_packs(BUYER)
    order = till.placed(reference="PO 7")
    desk.page.goto(order["checkout_url"])

    till.pay()

    expect_standing(desk, "Paid")
    paid = till.read(order)
    expect(desk.page).to_have_url(place_of(desk, order, "success"))
    expect(desk.status).to_have_text("Paid: 2 packs granted.")
    granted = cards_of(desk, "The packs it brought")
    assert [text.split() for text in granted] == [
        ["Mailbox", "migration", "3", "licenses", paid["packs"][0]],
        ["Document", "migration", "1", "license", paid["packs"][1]],
    ]
    assert [text.split()[0] for text in cards_of(desk, "History")] == ["Open", "Paid"]
    desk.link("See all packs").click()
    desk.settled()
    expect(desk.rows).to_have_count(len(desk.packs(name=BUYER)))


def test_the_return_address_stays_neither_in_the_address_nor_in_the_history(desk: Desk, till: Till) -> None:
    desk.see_packs(BUYER)
    order = till.placed()
    desk.page.goto(order["checkout_url"])

    till.give_up()

    expect_standing(desk, "Nothing was paid")
    assert visited(desk)[-2:] == [order["checkout_url"], place_of(desk, order, "cancel")]
    assert not [url for url in visited(desk) if "/console/?" in url]


def test_while_no_word_has_come_the_page_waits_and_then_sees_it(desk: Desk, till: Till) -> None:
    till.lose_webhooks()
    desk.see_packs(BUYER)
    order = till.placed()
    desk.page.goto(order["checkout_url"])
    till.pay()
    expect_standing(desk, "Waiting for the payment to be confirmed")
    expect(desk.status).to_have_text("Waiting for the payment to be confirmed…")
    expect(desk.page.get_by_role("link", name=re.compile("Pay"))).to_have_count(0)
    assert till.read(order)["status"] == "open"

    till.deliver_lost_webhooks()

    expect_standing(desk, "Paid")
    expect(desk.status).to_have_text("Paid: 2 packs granted.")


def test_opening_an_order_only_reads(desk: Desk, till: Till) -> None:
    till.lose_webhooks()
    desk.see_packs(BUYER)
    order = till.placed()
    asked: list[str] = []
    desk.page.on("request", lambda request: asked.append(request.method) if "/v1/" in request.url else None)

    desk.page.goto(place_of(desk, order, "success"))

    expect_standing(desk, "Waiting for the payment to be confirmed")
    desk.button("Refresh").click()
    expect(desk.button("Refresh")).to_have_attribute("aria-disabled", "false")
    assert set(asked) == {"GET"}
    assert till.read(order) == order


def test_who_gives_up_is_told_until_when_it_can_be_paid_and_where(desk: Desk, till: Till) -> None:
    desk.see_packs(BUYER)
    order = till.placed()
    desk.page.goto(order["checkout_url"])

    till.give_up()

    expect_standing(desk, "Nothing was paid")
    expect(desk.status).to_have_text("Nothing was paid.")
    standing = desk.section("Nothing was paid")
    expect(standing).to_contain_text(f"can be paid until {day(order['expires_at'])}, {order['expires_at'][11:16]}")
    expect(standing.get_by_role("link", name="Pay $61.00")).to_have_attribute("href", order["checkout_url"])
    expect(desk.section("The packs it brought")).to_have_count(0)


def test_after_a_declined_card_another_one_pays_the_same_order(desk: Desk, till: Till) -> None:
    desk.see_packs(BUYER)
    order = till.placed()
    desk.page.goto(order["checkout_url"])
    till.pay(DECLINES)
    expect_standing(desk, "Nothing was paid")

    desk.link("Pay $61.00").click()
    till.pay()

    expect_standing(desk, "Paid")
    expect(desk.page).to_have_url(place_of(desk, order, "success"))
    assert till.read(order)["status"] == "paid"


def test_who_is_not_signed_in_comes_to_the_order_after_signing_in(desk: Desk, till: Till) -> None:
    order = till.placed()
    desk.page.goto(order["checkout_url"])
    till.pay()
    expect(desk.heading).to_have_text("Sign in")
    expect(desk.page).to_have_url(place_of(desk, order, "success"))

    desk.personas.filter(has_text=BUYER).click()

    expect_standing(desk, "Paid")
    expect(desk.page).to_have_url(place_of(desk, order, "success"))


def test_whose_sign_in_has_ended_meanwhile_comes_to_the_order_after_the_next(desk: Desk, till: Till) -> None:
    order = till.placed()
    desk.open()
    desk.page.evaluate("sessionStorage.setItem('packhouse.session', JSON.stringify({name: 'Chen', token: 'worn out'}))")
    desk.page.goto(order["checkout_url"])
    till.give_up()
    expect(desk.alert).to_contain_text("Your sign-in has ended.")
    expect(desk.page).to_have_url(place_of(desk, order, "cancel"))

    desk.personas.filter(has_text=BUYER).click()

    expect_standing(desk, "Nothing was paid")
    assert not [url for url in visited(desk) if "/console/?" in url]


def test_who_is_signed_in_as_somebody_else_can_change_that_and_comes_to_the_order(desk: Desk, till: Till) -> None:
    desk.see_packs("Ada, Northwind")
    order = till.placed()
    desk.page.goto(order["checkout_url"])
    till.give_up()
    expect(desk.alert).to_contain_text("There is nothing here that you may see.")

    desk.button("Sign in as somebody else").click()
    desk.personas.filter(has_text=BUYER).click()

    expect_standing(desk, "Nothing was paid")


def test_an_address_that_names_no_order_leads_home(desk: Desk) -> None:
    desk.sign_in(BUYER)

    for query in ("?order=ord_1&outcome=success", "?workgroup=wg_1/../x&order=ord_1", "?workgroup=&order="):
        desk.open(query)

        expect(desk.heading).to_have_text("Packs")

"""The list of orders, and who is led to it."""

import re
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from packhouse.domain.access import MAY, Permission, Role
from tests.console.described import held
from tests.console.desk import CLOCK, ORDERS, Desk, day
from tests.console.orders import NOW, ended, order, paid
from tests.console.till import BUYER, Till, expect_standing

STATES = {"open": "Open", "paid": "Paid", "cancelled": "Cancelled", "expired": "Expired"}


def see_orders(desk: Desk, query: str = "", *, name: str = "Ada, Northwind") -> None:
    desk.open(f"#/workgroups/{desk.workgroup_of(name)}/orders{query}")
    desk.personas.filter(has_text=name).click()
    expect(desk.heading).to_have_text("Orders")
    settled(desk)


def settled(desk: Desk) -> None:
    """Wait until the list stands there; who comes from another page still has that one at first."""
    expect(desk.heading).to_have_text("Orders")
    expect(desk.page.locator(".waiting, [aria-busy=true]")).to_have_count(0)


def stands(desk: Desk, *orders: dict[str, Any], next_cursor: str | None = None) -> None:
    """From now on, these are the workgroup's orders."""
    desk.answers(CLOCK, {"now": NOW})
    desk.answers(ORDERS, {"items": list(orders), "next_cursor": next_cursor})


def cells(desk: Desk) -> list[list[str]]:
    """The table as it is read, without what is said besides."""
    read: list[list[str]] = desk.page.locator("tbody tr").evaluate_all(
        """rows => rows.map(row => [...row.cells].map(cell => {
          const bare = cell.cloneNode(true);
          bare.querySelectorAll('.hint').forEach(hint => hint.remove());
          return bare.textContent.trim();
        }))"""
    )
    return read


def as_read(orders: list[dict[str, Any]]) -> list[list[str]]:
    return [
        [
            ", ".join(f"{line['quantity']:,} {line['name']}" for line in each["lines"]),
            day(each["created_at"]),
            day(each["paid_at"]) if "paid_at" in each else "not paid",
            f"${each['total']['amount'] / 100:,.2f}",
            STATES[each["status"]],
        ]
        for each in orders
    ]


def test_the_table_is_what_the_api_answers_newest_first(desk: Desk, till: Till) -> None:
    placed = till.placed(lines=[{"sku": "mailbox-migration", "quantity": 1234}], reference="PO 9")

    see_orders(desk, name=BUYER)

    listed = desk.api("/orders", name=BUYER)["items"]
    assert placed["order_id"] in [each["order_id"] for each in listed]
    assert cells(desk) == as_read(listed)
    expect(desk.rows.filter(has_text="1,234 Mailbox migration").first).to_contain_text("PO 9")


def test_an_order_of_the_list_leads_to_its_page_and_the_header_back(desk: Desk, till: Till) -> None:
    till.placed(lines=[{"sku": "mailbox-migration", "quantity": 17}])
    see_orders(desk, name=BUYER)

    desk.link("17 Mailbox migration").first.click()

    expect_standing(desk, "Not paid yet")
    expect(desk.link("Orders")).to_have_attribute("aria-current", "true")
    desk.link("Orders").click()
    expect(desk.heading).to_have_text("Orders")
    expect(desk.link("Orders")).to_have_attribute("aria-current", "page")


def test_orders_are_filtered_by_state_and_that_stands_in_the_address(desk: Desk, till: Till) -> None:
    till.placed()
    see_orders(desk, name=BUYER)

    desk.choose("State", "Open")

    settled(desk)
    wanted = desk.api("/orders?status=open", name=BUYER)["items"]
    expect(desk.rows).to_have_count(len(wanted))
    desk.page.reload()
    settled(desk)
    expect(desk.page.get_by_label("State")).to_have_value("open")
    assert cells(desk) == as_read(wanted)


def test_a_state_without_an_order_says_so_and_all_can_be_shown(desk: Desk) -> None:
    stands(desk)
    see_orders(desk, "?status=expired")
    expect(desk.page.get_by_role("main")).to_contain_text("No order is in this state.")
    desk.page.unroute(ORDERS)
    stands(desk, order(), paid())

    desk.button("Show all orders").click()

    expect(desk.rows).to_have_count(2)
    expect(desk.section("All orders")).to_be_focused()


def test_a_state_that_the_api_does_not_know_is_refused_and_can_be_cleared(desk: Desk) -> None:
    see_orders(desk, "?status=lost")
    expect(desk.alert).to_be_visible()

    desk.button("Clear filters").click()

    settled(desk)
    expect(desk.alert).to_have_count(0)


def test_a_workgroup_without_orders_says_so(desk: Desk) -> None:
    stands(desk)

    see_orders(desk)

    expect(desk.page.get_by_role("main")).to_contain_text("This workgroup has no orders yet.")
    expect(desk.status).to_have_text("0 orders shown.")


def test_more_orders_are_shown_on_demand(desk: Desk) -> None:
    def answer(route: Route) -> None:
        last = "cursor=on" in route.request.url
        items = [order(order_id="ord_2")] if last else [order()]
        route.fulfill(json=held("OrderPage", {"items": items, "next_cursor": None if last else "on"}))

    desk.page.route(ORDERS, answer)
    see_orders(desk)
    expect(desk.status).to_have_text("1 order shown; there are more.")

    desk.button("Show more").click()

    expect(desk.rows).to_have_count(2)
    expect(desk.rows.last.get_by_role("rowheader")).to_be_focused()
    expect(desk.status).to_have_text("2 orders shown.")


def test_a_long_order_is_summed_up_and_an_open_one_says_when_it_expires(desk: Desk) -> None:
    names = ("Mailbox migration", "Document migration", "User migration bundle", "Device management")
    lines = [{**order()["lines"][0], "sku": name, "name": name} for name in names]
    stands(desk, order(lines=lines), order(order_id="ord_2", expires_at=NOW), ended("later"))

    see_orders(desk)

    first, over, later = desk.rows.all()
    expect(first.get_by_role("rowheader")).to_contain_text(
        "1,500 Mailbox migration, 1,500 Document migration and 2 more"
    )
    expect(first.locator(".state")).to_have_text("Open expires tomorrow")
    expect(over.locator(".state")).to_have_text("Open its time is over")
    expect(later.locator(".state")).to_have_text("Other")


def test_what_goes_wrong_is_told_and_can_be_tried_again(desk: Desk) -> None:
    desk.refuses(ORDERS, 503, "Try again", "Nothing changed.")
    see_orders(desk)
    expect(desk.alert).to_contain_text("Nothing changed. Wait a moment.")
    desk.page.unroute(ORDERS)
    stands(desk, order())

    desk.button("Try again").click()

    expect(desk.rows).to_have_count(1)


@pytest.mark.parametrize("name", ["Ada, Northwind", "Marek, Northwind", "Asha, Northwind", "Worker, Northwind"])
def test_who_may_read_orders_is_led_to_them_and_nobody_else(desk: Desk, name: str) -> None:
    may = Permission.READ_ORDERS in MAY[Role(desk.persona(name)["role"])]

    desk.see_packs(name)

    expect(desk.link("Orders")).to_have_count(1 if may else 0)
    desk.open(f"#/workgroups/{desk.workgroup_of(name)}/orders")
    expect(desk.heading).to_have_text("Orders")
    expect(desk.page.get_by_text(re.compile("^Orders are read by administrators"))).to_have_count(0 if may else 1)
    expect(desk.page.get_by_role("region", name="All orders")).to_have_count(1 if may else 0)


def test_another_tenants_orders_are_not_found(desk: Desk) -> None:
    desk.see_packs(BUYER)

    desk.open(f"#/workgroups/{desk.workgroup_of('Ada, Northwind')}/orders")

    expect(desk.alert).to_contain_text("There is nothing here that you may see.")
    expect(desk.rows).to_have_count(0)

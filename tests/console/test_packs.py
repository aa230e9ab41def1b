import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.console.desk import PACKS, Desk, day

STATES = {
    "active": "Active",
    "exhausted": "Exhausted",
    "expired": "Expired",
    "frozen": "Frozen",
    "refund_pending": "Refund pending",
    "refunded": "Refunded",
    "revoked": "Revoked",
    "newer than this console": "Other",
}
SOURCES = {"demo": "Demo data", "card": "Card order"}


def pack(number: int = 0, **differences: Any) -> dict[str, Any]:
    """A pack as the API shows one."""
    return {
        "pack_id": f"pack_{number}",
        "sku": "mailbox-migration",
        "name": "Mailbox migration",
        "source": {"kind": "card", "order_id": "ord_1"},
        "quantity": 40,
        "available": 10,
        "in_runs": 20,
        "in_coupons": 0,
        "assigned": 0,
        "acquired_at": "2026-11-03T10:00:00Z",
        "expires_at": "2027-11-03T10:00:00Z",
        "state": "active",
        "refundable": False,
        **differences,
    }


def cells(page: Page) -> list[list[str]]:
    """The table as it is read, without what is said besides."""
    read: list[list[str]] = page.locator("tbody tr").evaluate_all(
        """rows => rows.map(row => [...row.cells].map(cell => {
          const bare = cell.cloneNode(true);
          bare.querySelectorAll('.hint').forEach(hint => hint.remove());
          return bare.textContent.trim();
        }))"""
    )
    return read


def as_read(packs: list[dict[str, Any]]) -> list[list[str]]:
    return [
        [
            pack["name"],
            SOURCES[pack["source"]["kind"]],
            f"{pack['quantity']:,}",
            f"{pack['available']:,}",
            f"{pack['in_runs']:,}",
            day(pack["acquired_at"]),
            day(pack["expires_at"]),
            STATES[pack["state"]],
        ]
        for pack in packs
    ]


@pytest.mark.parametrize("name", ["Ada, Northwind", "Marek, Northwind", "Asha, Northwind", "Chen, Contoso"])
def test_the_table_is_what_the_api_answers(desk: Desk, name: str) -> None:
    desk.see_packs(name)

    packs = desk.packs(name=name)
    assert packs
    assert cells(desk.page) == as_read(packs)
    expect(desk.status).to_have_text(f"{len(packs)} packs shown." if len(packs) > 1 else "1 pack shown.")


@pytest.mark.parametrize("name", ["Ada, Northwind", "Chen, Contoso"])
def test_the_balance_is_what_the_api_answers(desk: Desk, name: str) -> None:
    desk.see_packs(name)

    types = desk.api("/balance", name=name)["license_types"]
    cards = desk.page.locator(".balance li")
    expect(cards).to_have_count(len(types))
    for card, line in zip(cards.all(), types, strict=True):
        expect(card.get_by_role("heading", level=3)).to_have_text(line["name"])
        expect(card.locator(".sum")).to_have_text(f"{line['available']} available")
        told = dict(zip(card.locator("dt").all_inner_texts(), card.locator("dd").all_inner_texts(), strict=True))
        expiry = told.pop("Next expiry")
        assert told == {
            "In runs": str(line["in_runs"]),
            "In coupons": str(line["in_coupons"]),
            "Expiring within 45 days": str(line["expiring_within_45_days"]),
        }
        assert expiry.startswith(day(line["next_expiry"]) if "next_expiry" in line else "none")


def test_the_bar_tells_how_much_of_a_pack_is_available(desk: Desk) -> None:
    desk.answers(PACKS, {"items": [pack(in_coupons=7, assigned=3)], "next_cursor": None})

    desk.see_packs()

    bar = desk.rows.get_by_label("10 of 40 available")
    assert bar.evaluate("bar => [bar.value, bar.max]") == [10, 40]
    expect(desk.rows.get_by_role("cell").nth(2)).to_contain_text("7 in coupons, 3 assigned")


def test_every_state_has_a_word(desk: Desk) -> None:
    packs = [pack(number, state=state) for number, state in enumerate(STATES)]
    desk.answers(PACKS, {"items": packs, "next_cursor": None})

    desk.see_packs()

    expect(desk.page.locator(".badge")).to_have_text(list(STATES.values()))


def test_a_source_is_named_with_its_label_and_giver(desk: Desk) -> None:
    source = {"kind": "coupon", "coupon_id": "cpn_1", "label": "Spring", "from": "Fabrikam"}
    desk.answers(PACKS, {"items": [pack(source=source), pack(1, source={"kind": "later"})], "next_cursor": None})

    desk.see_packs()

    expect(desk.rows.first.get_by_role("cell").first).to_have_text("Coupon Spring, from Fabrikam")
    expect(desk.rows.last.get_by_role("cell").first).to_have_text("Other")


def test_packs_are_filtered_by_license_type(desk: Desk) -> None:
    desk.see_packs()

    desk.choose("License type", "Document migration")

    wanted = desk.packs("&sku=document-migration")
    expect(desk.status).to_have_text(f"{len(wanted)} packs shown.")
    assert cells(desk.page) == as_read(wanted)


def test_a_filter_without_a_match_says_so_and_can_be_cleared(desk: Desk) -> None:
    desk.see_packs()
    desk.choose("State", "Frozen")
    expect(desk.page.get_by_role("main")).to_contain_text("No pack matches the filters.")
    expect(desk.status).to_have_text("0 packs shown.")

    desk.button("Clear filters").click()

    expect(desk.rows).to_have_count(len(desk.packs()))
    expect(desk.page.get_by_label("State")).to_have_value("")


def test_the_filters_stand_in_the_address(desk: Desk) -> None:
    desk.see_packs()
    desk.choose("License type", "Mailbox migration")
    desk.choose("State", "Active")

    desk.page.reload()

    desk.settled()
    expect(desk.page.get_by_label("License type")).to_have_value("mailbox-migration")
    expect(desk.page.get_by_label("State")).to_have_value("active")
    assert cells(desk.page) == as_read(desk.packs("&sku=mailbox-migration&state=active"))
    desk.page.go_back()
    desk.page.go_back()
    expect(desk.rows).to_have_count(len(desk.packs()))


def test_a_question_about_an_earlier_filter_is_called_off(desk: Desk) -> None:
    desk.see_packs()
    earlier = re.compile(r"/packs\?sku=mailbox-migration$")
    with desk.held(earlier):
        desk.choose("License type", "Mailbox migration")
        expect(desk.page.locator("[aria-busy=true]")).not_to_have_count(0)

        with desk.page.expect_event("requestfailed", lambda request: bool(earlier.search(request.url))):
            desk.choose("License type", "Device management")

    desk.settled()
    assert cells(desk.page) == as_read(desk.packs("&sku=device-management"))


def test_more_packs_are_shown_on_demand_in_the_order_of_the_api(desk: Desk) -> None:
    every = desk.packs()
    desk.page.route(PACKS, lambda route: route.continue_(url=with_limit(route.request.url, 4)))
    desk.see_packs()
    expect(desk.rows).to_have_count(4)
    expect(desk.status).to_have_text("4 packs shown; there are more.")

    desk.button("Show more").click()
    expect(desk.rows).to_have_count(8)
    expect(desk.rows.nth(4).get_by_role("rowheader")).to_be_focused()
    while desk.button("Show more").count():
        shown = desk.rows.count()
        desk.button("Show more").click()
        expect(desk.rows).not_to_have_count(shown)

    assert cells(desk.page) == as_read(every)
    expect(desk.status).to_have_text(f"{len(every)} packs shown.")


def test_empty_pages_in_between_are_passed_over(desk: Desk) -> None:
    asked: list[str] = []

    def answer(cursor: str | None) -> dict[str, Any]:
        asked.append(cursor or "")
        return {"items": [pack()] if cursor == "3" else [], "next_cursor": {None: "2", "2": "3", "3": None}[cursor]}

    desk.page.route(PACKS, lambda route: route.fulfill(json=answer(cursor_of(route.request.url))))

    desk.see_packs()

    assert asked == ["", "2", "3"]
    expect(desk.rows).to_have_count(1)


def test_a_long_row_of_empty_pages_asks_the_person(desk: Desk) -> None:
    desk.answers(PACKS, {"items": [], "next_cursor": "on"})
    desk.open(f"#/workgroups/{desk.workgroup_of('Ada, Northwind')}/packs?state=frozen")
    desk.personas.filter(has_text="Ada").click()
    expect(desk.page.get_by_role("main")).to_contain_text("No pack so far matches the filters.")
    desk.page.unroute(PACKS)
    desk.answers(PACKS, {"items": [pack(state="frozen")], "next_cursor": None})

    desk.button("Show more").click()

    expect(desk.rows).to_have_count(1)


def test_refresh_asks_for_everything_again(desk: Desk) -> None:
    desk.see_packs()
    desk.answers(PACKS, {"items": [pack()], "next_cursor": None})

    desk.button("Refresh").click()

    expect(desk.rows).to_have_count(1)
    expect(desk.status).to_have_text("1 pack shown.")


def test_a_workgroup_without_packs_says_where_packs_come_from(desk: Desk) -> None:
    desk.see_packs("Fatou, Fabrikam Distribution")

    expect(desk.page.get_by_role("main")).to_contain_text("This workgroup has no packs yet.")
    expect(desk.page.get_by_role("table")).to_have_count(0)


def test_another_tenants_packs_are_not_found(desk: Desk) -> None:
    desk.see_packs("Chen, Contoso")

    desk.open(f"#/workgroups/{desk.workgroup_of('Ada, Northwind')}/packs")

    expect(desk.alert).to_contain_text("There is nothing here that you may see.")
    expect(desk.rows).to_have_count(0)
    expect(desk.page.locator(".card")).to_have_count(0)
    desk.link("Go to your workgroup").click()
    assert_rows_of_contoso(desk)


def assert_rows_of_contoso(desk: Desk) -> None:
    desk.settled()
    assert cells(desk.page) == as_read(desk.packs(name="Chen, Contoso"))


def test_an_operator_at_a_workgroups_address_sees_its_packs(desk: Desk) -> None:
    desk.sign_in("Olga, operator")
    expect(desk.heading).to_have_text("No workgroup")

    desk.open(f"#/workgroups/{desk.workgroup_of('Ada, Northwind')}/packs")

    desk.settled()
    assert cells(desk.page) == as_read(desk.packs(name="Ada, Northwind"))


def test_a_platform_worker_at_a_workgroups_address_is_not_permitted(desk: Desk) -> None:
    desk.sign_in("Platform worker")
    expect(desk.heading).to_have_text("No workgroup")

    desk.open(f"#/workgroups/{desk.workgroup_of('Ada, Northwind')}/packs")

    expect(desk.alert).to_contain_text("Not permitted")
    desk.button("Sign in as somebody else").click()
    expect(desk.heading).to_have_text("Sign in")


def with_limit(url: str, limit: int) -> str:
    return f"{url}{'&' if '?' in url else '?'}limit={limit}"


def cursor_of(url: str) -> str | None:
    found = re.search(r"cursor=(\w+)", url)
    return found[1] if found else None

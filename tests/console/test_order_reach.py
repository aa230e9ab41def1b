"""Orders, for everybody: by keyboard, by screen reader, on every screen, in light and in dark."""

from collections import Counter
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.console.desk import CLOCK, ME, ORDER, Desk
from tests.console.orders import NOW, ended, order, paid, usd
from tests.console.test_order import see, turn_to
from tests.console.test_orders import see_orders, settled, stands
from tests.console.test_reach import SPILT, WIDTHS, expect_to_fit, pale
from tests.console.till import expect_standing

PHASES = [
    ("looking", order(), "success"),
    ("left", order(), "cancel"),
    ("paid", paid(), ""),
    ("expired", ended("expired"), ""),
    ("cancelled", ended("cancelled"), ""),
]


def crowded(desk: Desk, **differences: Any) -> dict[str, Any]:
    """The longest order there is, of the longest workgroup; from now on the stack answers them."""
    words = "Christmas campaign 2026, second wave, for everybody who asked for it by November"
    code = "Donaudampfschifffahrtsgesellschaftskapitaensmuetzen" * 2
    line = {
        "name": "Public folder migration, with archives and delegates",
        "quantity": 10_000,
        "unit_price": usd(99_999),
        "amount": usd(99_999_999),
    }
    lines = [
        {**line, "sku": f"sku-{number}", "pack_id": f"pack_MB1PECYJK1NGAHPK{number:016}"} for number in range(1, 21)
    ]
    shown = {
        **paid(),
        "lines": lines,
        "packs": [each["pack_id"] for each in lines],
        "total": usd(99_999_999),
        "reference": words,
        "email": f"{code[:60]}@{code[:60]}.example",
        "billing_address": {**order()["billing_address"], "company": code, "line1": words},
        **differences,
    }
    name = "Northwind-Migrationsdienstleistungsgesellschaft & Partners, Managed Services, International Division 42"
    workgroup = {"workgroup_id": desk.workgroup_of("Ada, Northwind"), "role": "administrator", "name": name}
    desk.answers(ME, {"principal": "ada", "kind": "member", "workgroups": [workgroup]})
    return shown


def test_nothing_is_clipped_or_scrolls_sideways(desk: Desk) -> None:
    see(desk, crowded(desk))
    expect_to_fit(desk, WIDTHS)

    unnamed = crowded(desk, **order(order_id="ord_2"))
    del unnamed["reference"]
    stands(desk, crowded(desk), unnamed, next_cursor="on")
    desk.link("Orders").click()
    expect(desk.rows).to_have_count(2)
    settled(desk)
    expect_to_fit(desk, WIDTHS)


def test_what_can_be_done_can_be_seen_and_pressed(desk: Desk) -> None:
    see(desk, order(), "cancel")

    for width in (390, 1280):
        desk.page.set_viewport_size({"width": width, "height": 844})
        assert desk.page.evaluate(SPILT) == [], width
        for action in (desk.link("Pay $18,075.00"), desk.button("Refresh"), desk.link("Orders")):
            expect(action).to_be_in_viewport(ratio=1)
            assert height_of(action) >= 24, width  # WCAG 2.2, 2.5.8


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(desk: Desk, scheme: str) -> None:
    desk.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    stands(desk, order(), paid(), ended("cancelled"), ended("expired"))
    see(desk, order())

    for phase, shown, outcome in PHASES:
        turn_to(desk, {**shown, "order_id": f"ord_{phase}"}, outcome)
        assert pale(desk.page) == [], phase

    desk.link("Orders").click()
    settled(desk)
    assert pale(desk.page) == []


def test_lines_and_orders_are_tables_to_a_screen_reader_at_every_width(desk: Desk) -> None:
    stands(desk, order(), paid())

    see(desk, paid())

    for width in (390, 1280):
        desk.page.set_viewport_size({"width": width, "height": 844})
        assert roles(desk) == {"table": 1, "row": 3, "columnheader": 4, "rowheader": 2, "cell": 4}, width
    desk.link("Orders").click()
    settled(desk)
    for width in (390, 1280):
        desk.page.set_viewport_size({"width": width, "height": 844})
        assert roles(desk) == {"table": 1, "row": 3, "columnheader": 5, "rowheader": 2, "cell": 8}, width


def test_an_order_has_its_title_landmarks_and_an_orderly_outline(desk: Desk) -> None:
    see(desk, paid())

    expect(desk.page).to_have_title("Order · Northwind · Packhouse")
    for landmark in ("banner", "main", "contentinfo", "navigation"):
        expect(desk.page.get_by_role(landmark)).to_have_count(1)
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("Order")
    expect(desk.page.get_by_role("heading", level=2)).to_have_text(
        ["Paid", "What was ordered", "The pack it brought", "Details", "History"]
    )


def test_orders_can_be_used_by_keyboard_alone(desk: Desk) -> None:
    keyboard = desk.page.keyboard
    stands(desk, order(), order(order_id="ord_2"))
    desk.answers(ORDER, order())
    see_orders(desk)

    tab_to(desk, desk.link("1,500 Mailbox migration").first)
    keyboard.press("Enter")
    expect_standing(desk, "Not paid yet")
    expect(desk.heading).to_be_focused()
    tab_to(desk, desk.link("Pay $18,075.00"))
    assert desk.link("Pay $18,075.00").evaluate("each => getComputedStyle(each).outlineStyle") == "solid"
    tab_to(desk, desk.link("Orders"))
    keyboard.press("Enter")

    expect(desk.heading).to_have_text("Orders")
    expect(desk.heading).to_be_focused()


def test_while_it_looks_again_the_reader_is_told_once_and_nothing_moves_on_wish(desk: Desk) -> None:
    desk.page.emulate_media(reduced_motion="reduce")
    desk.answers(CLOCK, {"now": NOW})
    see(desk, order(), "success")
    desk.status.evaluate(
        """each => new MutationObserver(() => { each.dataset.told = 'again' })
          .observe(each, { childList: true, characterData: true, subtree: true })"""
    )

    for _ in range(2):
        with desk.page.expect_response(ORDER):
            pass

    assert desk.status.get_attribute("data-told") is None
    assert desk.page.evaluate("document.getAnimations().length") == 0


def roles(desk: Desk) -> dict[str, int]:
    """The browser's own tree: that is what a screen reader gets, and a style may change it."""
    tree = desk.page.context.new_cdp_session(desk.page).send("Accessibility.getFullAXTree")["nodes"]
    told = Counter(node["role"]["value"] for node in tree if not node["ignored"])
    return {role: told[role] for role in ("table", "row", "columnheader", "rowheader", "cell")}


def height_of(action: Locator) -> float:
    box = action.bounding_box()
    assert box is not None
    return box["height"]


def tab_to(desk: Desk, control: Locator) -> None:
    """Press Tab until it has the focus."""
    for _ in range(40):
        desk.page.keyboard.press("Tab")
        if control.evaluate("each => each === document.activeElement"):
            return
    raise AssertionError("It can't be reached.")

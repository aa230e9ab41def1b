"""For everybody: by keyboard, by screen reader, on every screen, in light and in dark."""

from collections import Counter
from collections.abc import Sequence

import pytest
from playwright.sync_api import Page, expect

from tests.console.desk import BALANCE, ME, PACKS, Desk
from tests.console.test_packs import STATES, pack

WIDTHS = [320, 390, 768, 1280]
# What can be seen (not only heard) and leaves the screen, or doesn't fit where it stands.
SPILT = """() => [...document.querySelectorAll('#console *')].filter(each => {
  if (each.closest('.unseen, thead, .skip') || getComputedStyle(each).display === 'inline') return false;
  const { left, right } = each.getBoundingClientRect();
  return left < -0.5 || right > document.documentElement.clientWidth + 0.5 || each.scrollWidth > each.clientWidth + 1;
}).map(each => `${each.tagName}.${each.className}: ${each.textContent.trim().slice(0, 40)}`)"""
# WCAG 2.2, 1.4.3: each text against what is painted under it; large text (24 px, bold 18.66 px) may have less.
PALE = """() => {
  const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const painted = (colors) => {
    context.clearRect(0, 0, 1, 1);
    for (const color of colors) { context.fillStyle = color; context.fillRect(0, 0, 1, 1); }
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const under = (each) => each ? [...under(each.parentElement), getComputedStyle(each).backgroundColor] : [];
  const texts = document.createTreeWalker(document.getElementById('console'), NodeFilter.SHOW_TEXT);
  const found = { looked: 0, pale: [] };
  while (texts.nextNode()) {
    const each = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || each.closest('.unseen, .skip, option')) continue;
    const { color, fontSize, fontWeight } = getComputedStyle(each);
    const [a, b] = [luminance(painted([...under(each), color])), luminance(painted(under(each)))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const large = parseFloat(fontSize) >= 24 || (parseFloat(fontSize) >= 18.66 && Number(fontWeight) >= 700);
    found.looked += 1;
    if (ratio < (large ? 3 : 4.5)) found.pale.push(`${texts.currentNode.data.trim()}: ${ratio.toFixed(2)}`);
  }
  return found;
}"""


def crowded(desk: Desk) -> None:
    """From now on the stack answers the largest and the longest there is."""
    label = "Christmas campaign 2026, second wave, for everybody who asked for it by November"
    source = {"kind": "issued", "label": label, "from": "Fabrikam Distribution"}
    numbers = {"quantity": 10_000, "available": 8_750, "in_runs": 1_250, "in_coupons": 1_000, "assigned": 1_000}
    packs = [
        pack(number, state=state, source=source, name="Public folder migration", **numbers)
        for number, state in enumerate(STATES)
    ]
    desk.answers(PACKS, {"items": packs, "next_cursor": "on"})
    me = {"principal": "d1232c06-cc91-4a82-bda2-b9852b3b8b1c", "kind": "member"}
    workgroup = {"workgroup_id": desk.workgroup_of("Ada, Northwind"), "role": "administrator"}
    name = "Northwind-Migrationsdienstleistungsgesellschaft & Partners, Managed Services, International Division 42"
    desk.answers(ME, {**me, "workgroups": [{**workgroup, "name": name}]})
    types = desk.api("/balance")["license_types"]
    desk.answers(BALANCE, {"license_types": [{**line, "available": 1_234_567, "in_runs": 99_999} for line in types]})


def expect_to_fit(desk: Desk, widths: Sequence[int]) -> None:
    """The page, as it is, spills nothing and doesn't scroll sideways at any of these widths."""
    for width in widths:
        desk.page.set_viewport_size({"width": width, "height": 844})
        assert desk.page.evaluate(SPILT) == [], width
        assert desk.page.evaluate("document.documentElement.scrollWidth") == width


def test_nothing_is_clipped_or_scrolls_sideways(desk: Desk) -> None:
    desk.open()
    expect(desk.personas).not_to_have_count(0)
    expect_to_fit(desk, WIDTHS)
    desk.personas.first.click()
    desk.settled()
    expect_to_fit(desk, WIDTHS)

    crowded(desk)
    desk.page.reload()

    desk.settled()
    expect_to_fit(desk, WIDTHS)


def test_messages_fit_too(desk: Desk) -> None:
    desk.refuses(PACKS, 503, "Try again", "Nothing changed.", instance="4832ddbf-4c60-490c-a4fb-f226d0b0c346")

    desk.sign_in()

    expect(desk.alert).to_be_visible()
    expect_to_fit(desk, [390, 768, 1280])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(desk: Desk, scheme: str) -> None:
    desk.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    desk.open()
    expect(desk.personas).not_to_have_count(0)
    assert pale(desk.page) == []
    crowded(desk)
    desk.refuses(BALANCE, 500, "Internal error", "It is our fault.")
    desk.personas.first.click()
    desk.settled()
    assert pale(desk.page) == []
    desk.refuses(ME, 401, "Not signed in", "The token isn't accepted: expired token.")
    desk.page.reload()
    expect(desk.alert).to_be_visible()
    expect(desk.personas).not_to_have_count(0)

    assert pale(desk.page) == []


def test_a_pale_text_would_be_found(desk: Desk) -> None:
    desk.see_packs()

    desk.heading.evaluate("heading => { heading.style.color = '#aaa' }")

    assert [text.split(":")[0] for text in pale(desk.page)] == ["Packs"]


def test_packs_are_a_table_to_a_screen_reader_at_every_width(desk: Desk) -> None:
    desk.see_packs()
    packs = len(desk.packs())

    for width in (390, 1280):
        desk.page.set_viewport_size({"width": width, "height": 844})
        # The browser's own tree: that is what a screen reader gets, and a style may change it.
        tree = desk.page.context.new_cdp_session(desk.page).send("Accessibility.getFullAXTree")["nodes"]
        told = Counter(node["role"]["value"] for node in tree if not node["ignored"])
        roles = ("table", "row", "columnheader", "rowheader", "cell", "meter")
        assert {role: told[role] for role in roles} == {
            "table": 1,
            "row": 1 + packs,
            "columnheader": 8,
            "rowheader": packs,
            "cell": 7 * packs,
            "meter": packs,
        }, width


def test_a_reload_leaves_the_focus_to_the_browser(desk: Desk) -> None:
    desk.see_packs()

    desk.page.reload()

    desk.settled()
    assert desk.page.evaluate("document.activeElement.tagName") == "BODY"


def test_a_page_has_its_landmarks_and_an_orderly_outline(desk: Desk) -> None:
    desk.see_packs()

    for landmark in ("banner", "main", "contentinfo"):
        expect(desk.page.get_by_role(landmark)).to_have_count(1)
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("Packs")
    expect(desk.page.get_by_role("heading", level=2)).to_have_text(["Balance", "All packs"])


def test_each_view_has_its_title(desk: Desk) -> None:
    desk.open()
    expect(desk.page).to_have_title("Sign in · Packhouse")
    desk.personas.filter(has_text="Ada").click()
    expect(desk.page).to_have_title("Packs · Northwind · Packhouse")
    desk.button("Sign out").click()
    expect(desk.page).to_have_title("Sign in · Packhouse")
    desk.personas.filter(has_text="Olga").click()
    expect(desk.page).to_have_title("No workgroup · Packhouse")


def test_the_console_can_be_used_by_keyboard_alone(desk: Desk) -> None:
    keyboard = desk.page.keyboard
    desk.open()
    expect(desk.personas).not_to_have_count(0)
    tab_to(desk.page, "Chen, Contoso")
    keyboard.press("Enter")
    expect(desk.heading).to_have_text("Packs")
    expect(desk.heading).to_be_focused()
    desk.settled()

    tab_to(desk.page, "License type")
    keyboard.type("Device")
    expect(desk.page.get_by_role("main")).to_contain_text("No pack matches the filters.")
    expect(desk.page.get_by_label("License type")).to_be_focused()
    tab_to(desk.page, "Clear filters")
    keyboard.press("Space")
    expect(desk.rows).to_have_count(len(desk.packs(name="Chen, Contoso")))
    expect(desk.page.get_by_role("region", name="All packs")).to_be_focused()
    tab_to(desk.page, "Sign out")
    keyboard.press("Enter")

    expect(desk.heading).to_have_text("Sign in")
    expect(desk.heading).to_be_focused()


def test_the_header_can_be_skipped(desk: Desk) -> None:
    desk.see_packs()
    desk.page.evaluate("document.activeElement.blur()")
    tab_to(desk.page, "Skip to the content")
    expect(desk.button("Skip to the content")).to_be_in_viewport()

    desk.page.keyboard.press("Enter")

    expect(desk.page.get_by_role("main")).to_be_focused()


def test_focus_can_be_seen(desk: Desk) -> None:
    desk.see_packs()

    tab_to(desk.page, "Refresh")

    assert desk.button("Refresh").evaluate("each => getComputedStyle(each).outlineStyle") == "solid"


def test_nothing_moves_for_who_wants_no_motion(desk: Desk) -> None:
    desk.page.emulate_media(reduced_motion="reduce")
    with desk.held(ME) as release:
        desk.open()
        desk.personas.first.click()
        expect(desk.page.locator(".dots")).to_be_visible()

        moving = desk.page.evaluate("document.getAnimations().length")

        release()
    assert moving == 0
    expect(desk.heading).to_have_text("Packs")


def test_the_watch_sees_a_breach_of_the_policy_and_a_request_that_leaves(desk: Desk) -> None:
    desk.open()

    desk.page.evaluate("document.body.setAttribute('style', 'color: red')")
    desk.page.evaluate("fetch('http://127.0.0.1:9/').catch(() => undefined)")
    desk.page.evaluate("() => { try { document.body.innerHTML = '<b>' } catch {} }")

    told = " ".join(desk.watch.complaints)
    desk.watch.complaints.clear()
    assert "style-src" in told
    assert "connect-src" in told
    assert "TrustedHTML" in told


def pale(page: Page) -> list[str]:
    """Texts with too little contrast."""
    found = page.evaluate(PALE)
    assert found["looked"] > 20
    texts: list[str] = found["pale"]
    return texts


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the control of this name has the focus."""
    control = page.get_by_role("button", name=name).or_(page.get_by_role("combobox", name=name)).first
    for _ in range(40):
        page.keyboard.press("Tab")
        if control.count() and control.evaluate("each => each === document.activeElement"):
            return
    raise AssertionError(f"{name} can't be reached")

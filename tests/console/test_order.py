"""The page of an order: every state told, and looked at again while something is still to come."""

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.console.described import held
from tests.console.desk import CLOCK, ORDER, WORKGROUP, Desk, day
from tests.console.orders import NOW, PAY_PAGE, ended, order, paid
from tests.console.till import BUYER, Till, expect_standing
from tests.harness.local_stack import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

WAITING = "Waiting for the payment to be confirmed"
UNCONFIRMED = "The payment isn't confirmed yet"


def see(desk: Desk, shown: dict[str, Any], outcome: str = "", *, name: str = "Ada, Northwind") -> None:
    """Sign in at an order's address, where the stack answers this."""
    desk.answers(CLOCK, {"now": NOW})
    desk.answers(ORDER, shown)
    visit(desk, outcome, name=name)
    expect(desk.page.locator(".standing")).to_be_visible()


def visit(desk: Desk, outcome: str = "", *, order_id: str = "ord_1", name: str = "Ada, Northwind") -> None:
    query = f"?outcome={outcome}" if outcome else ""
    desk.open(f"#/workgroups/{desk.workgroup_of(name)}/orders/{order_id}{query}")
    desk.personas.filter(has_text=name).click()
    expect(desk.heading).to_have_text("Order")


def turn_to(desk: Desk, shown: dict[str, Any], outcome: str = "") -> None:
    """Go on to another order in the page that is open, and wait until it is there."""
    desk.page.unroute(ORDER)
    desk.answers(ORDER, shown)
    query = f"?outcome={outcome}" if outcome else ""
    place = f"#/workgroups/{desk.workgroup_of('Ada, Northwind')}/orders/{shown['order_id']}{query}"
    desk.page.evaluate("place => { location.hash = place }", place)
    expect(desk.section("Details")).to_contain_text(shown["order_id"])


def details(desk: Desk) -> dict[str, str]:
    section = desk.section("Details")
    return dict(zip(section.locator("dt").all_inner_texts(), section.locator("dd").all_inner_texts(), strict=True))


def test_the_page_shows_what_the_api_answers(desk: Desk, till: Till) -> None:
    placed = till.placed(reference="PO 7")

    visit(desk, order_id=placed["order_id"], name=BUYER)

    expect_standing(desk, "Not paid yet")
    cells = [row.locator("th, td").all_inner_texts() for row in desk.rows.all()]
    assert cells == [
        ["Mailbox migration", "3", "$12.00", "$36.00"],
        ["Document migration", "1", "$25.00", "$25.00"],
        ["Total", "$61.00"],
    ]
    at = placed["created_at"]
    told = details(desk)
    assert told["Placed"] == f"{day(at)}, {at[11:16]}"
    assert (told["Number"], told["Reference"], told["E-mail"]) == (placed["order_id"], "PO 7", placed["email"])
    assert told["Billed to"] == "Ada Lovelace, Northwind, 1 Main Street, New York, NY 10001, US"
    expect(desk.section("History").get_by_role("listitem")).to_have_text([f"Open {day(at)}, {at[11:16]} by you"])


STANDINGS: list[tuple[dict[str, Any], str, str, str]] = [
    (order(), "", "Not paid yet", "$18,075.00 is to be paid until 25 Nov 2026, 08:00 (tomorrow)."),
    (order(), "cancel", "Nothing was paid", "can be paid until 25 Nov 2026, 08:00 (tomorrow)."),
    (order(), "nonsense", "Not paid yet", "$18,075.00 is to be paid"),
    (order(expires_at=NOW), "", "The time to pay is over", "It could be paid until 24 Nov 2026, 09:00"),
    (paid(), "", "Paid", "$18,075.00 was paid on 24 Nov 2026, 08:29, and 1 pack was granted."),
    (paid(), "cancel", "Paid", "1 pack was granted."),
    (ended("cancelled"), "", "Cancelled", "It was cancelled on 24 Nov 2026, 08:30 and can't be paid any more."),
    (ended("cancelled"), "success", "Cancelled", "A payment that comes all the same is sent back."),
    (order(status="expired", expires_at=NOW), "", "The time to pay is over", "still counts"),
    (ended("expired"), "", "Expired", "It wasn't paid by 25 Nov 2026, 08:00."),
    (ended("later"), "", "Other", ""),
]
"""The order, the outcome that the address names, and the title and sentence that are shown."""


def test_every_state_is_told_in_words(desk: Desk) -> None:
    see(desk, order())

    for number, (shown, outcome, title, sentence) in enumerate(STANDINGS, start=1):
        turn_to(desk, {**shown, "order_id": f"ord_1{number}"}, outcome)

        expect_standing(desk, title)
        expect(desk.section(title)).to_contain_text(sentence)
        payable = shown["status"] == "open" and shown["expires_at"] > NOW
        expect(desk.link("Pay $18,075.00")).to_have_count(1 if payable else 0)
        expect(desk.link("See all packs")).to_have_count(len(shown["packs"]))


def test_an_open_order_without_a_pay_page_says_so(desk: Desk) -> None:
    shown = order()
    del shown["checkout_url"]

    see(desk, shown)

    expect(desk.section("Not paid yet")).to_contain_text("Its pay page isn't open now; the API opens a fresh one.")
    expect(desk.page.get_by_role("main").get_by_role("link")).to_have_count(0)


def test_a_granted_pack_leads_to_those_of_its_type(desk: Desk) -> None:
    see(desk, paid())

    desk.section("The pack it brought").get_by_role("link", name="Mailbox migration").click()

    desk.settled()
    expect(desk.page.get_by_label("License type")).to_have_value("mailbox-migration")


def test_the_history_names_who_changed_what(desk: Desk) -> None:
    history = [
        {"at": f"2026-11-24T0{hour}:00:00Z", "status": status, "by": by}
        for hour, status, by in ((1, "open", "a-person"), (2, "expired", "packhouse:expire"), (3, "paid", "stripe"))
    ]

    see(desk, {**paid(), "history": history})

    expect(desk.section("History").get_by_role("listitem")).to_have_text(
        [
            "Open 24 Nov 2026, 01:00 by a-person",
            "Expired 24 Nov 2026, 02:00 by Packhouse",
            "Paid 24 Nov 2026, 03:00 by Stripe",
        ]
    )


def test_dates_are_shown_in_the_workgroups_zone(desk: Desk) -> None:
    desk.answers(WORKGROUP, {**desk.api(""), "time_zone": "Pacific/Kiritimati"})

    see(desk, order(created_at="2026-11-24T10:30:00Z"))

    expect(desk.page.get_by_role("main")).to_contain_text("Dates in Pacific/Kiritimati.")
    expected = day("2026-11-24T10:30:00Z", ZoneInfo("Pacific/Kiritimati"))
    assert details(desk)["Placed"] == f"{expected}, 00:30"


def test_an_order_is_never_shown_under_another_workgroup(desk: Desk) -> None:
    see(desk, order())
    desk.answers_truly(ORDER)
    desk.refuses(ORDER, 503, "Try again", "Nothing changed.")
    other = desk.workgroup_of(BUYER)

    desk.page.evaluate("place => { location.hash = place }", f"#/workgroups/{other}/orders/ord_1")

    expect(desk.alert).to_be_visible()
    expect(desk.page.locator(".standing")).to_have_count(0)


def test_an_absent_order_and_another_tenants_are_not_found(desk: Desk, till: Till) -> None:
    foreign = till.placed(name=BUYER)

    visit(desk, order_id=foreign["order_id"])

    expect(desk.alert).to_contain_text("Either there is no such order, or it belongs to a workgroup that isn't yours.")
    desk.open(f"#/workgroups/{desk.workgroup_of(BUYER)}/orders/{foreign['order_id']}")
    expect(desk.alert).to_contain_text("There is nothing here that you may see.")
    expect(desk.page.locator(".standing")).to_have_count(0)
    desk.link("Go to your workgroup").click()
    expect(desk.heading).to_have_text("Packs")


@pytest.mark.parametrize("name", ["Asha, Northwind", "Worker, Northwind"])
def test_who_may_not_read_orders_is_told_who_may(desk: Desk, till: Till, name: str) -> None:
    placed = till.placed(name="Ada, Northwind")

    visit(desk, order_id=placed["order_id"], name=name)

    expect(desk.alert).to_contain_text("Not permitted")
    expect(desk.alert).to_contain_text("Orders are read by administrators and managers of the workgroup.")
    expect(desk.page.locator(".standing")).to_have_count(0)


def test_an_operator_reads_an_order(desk: Desk, till: Till) -> None:
    placed = till.placed(name="Ada, Northwind")
    desk.sign_in("Olga, operator")

    desk.open(f"#/workgroups/{desk.workgroup_of('Ada, Northwind')}/orders/{placed['order_id']}")

    expect_standing(desk, "Not paid yet")


def test_a_busy_packhouse_is_told_and_can_be_asked_again(desk: Desk) -> None:
    desk.refuses(ORDER, 503, "Try again", "Nothing changed.")
    visit(desk, "success")
    expect(desk.alert).to_contain_text("Nothing changed. Wait a moment.")
    desk.page.unroute(ORDER)
    desk.answers(ORDER, paid())

    desk.button("Try again").click()

    expect_standing(desk, "Paid")
    expect(desk.alert).to_have_count(0)


class Looks:
    """The stack's answers to each look at the order, and how many there were; time passes as it is let to."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.taken = 0
        self.under_way = 0
        self.answer: Callable[[int], dict[str, Any] | None] = lambda _: order()
        desk.page.clock.install()
        desk.answers(CLOCK, {"now": NOW})
        desk.page.route(ORDER, self._answered)
        desk.page.on("request", lambda _: self._count(1))
        desk.page.on("requestfinished", lambda _: self._count(-1))
        desk.page.on("requestfailed", lambda _: self._count(-1))

    def pass_until(self, seen: Locator) -> None:
        """Let the browser's time pass, but not while it waits for an answer: it would give up."""

        def passed() -> bool:
            if not self.under_way:
                self.desk.page.clock.run_for(1_000)
            return seen.is_visible()

        wait_for(passed)

    def _count(self, change: int) -> None:
        self.under_way += change

    def _answered(self, route: Route) -> None:
        self.taken += 1
        answer = self.answer(self.taken)
        if answer is None:
            route.fulfill(status=503, json={"title": "Try again", "status": 503, "detail": "Nothing changed."})
        else:
            route.fulfill(json=held("OrderView", answer))


def pauses(desk: Desk) -> list[int]:
    seconds: list[int] = desk.page.evaluate("async () => (await import('/console/looking.js')).PAUSES")
    return seconds


def test_it_looks_every_second_or_two_at_first_then_slower_and_not_for_ever(desk: Desk) -> None:
    desk.open()

    seconds = pauses(desk)

    assert set(seconds[:4]) <= {1, 2}
    assert seconds == sorted(seconds)
    assert seconds[-1] > 10
    assert sum(seconds) <= 120


def test_after_its_last_look_it_says_so_and_looks_again_when_told(desk: Desk) -> None:
    looks = Looks(desk)
    visit(desk, "success")
    expect_standing(desk, WAITING)

    looks.pass_until(desk.button("Look again"))

    expect_standing(desk, UNCONFIRMED)
    expect(desk.status).to_have_text(f"{UNCONFIRMED}.")
    expect(desk.link("Back to the pay page")).to_have_attribute("href", PAY_PAGE)
    assert looks.taken == 1 + len(pauses(desk))
    desk.page.clock.run_for(3_600_000)
    looks.answer = lambda _: paid()
    desk.button("Look again").click()
    expect_standing(desk, "Paid")
    assert looks.taken == 2 + len(pauses(desk))
    expect(desk.section("Paid")).to_be_focused()


def test_what_passes_by_itself_does_not_stop_it(desk: Desk) -> None:
    looks = Looks(desk)
    looks.answer = {1: order(), 4: paid()}.get
    visit(desk, "success")

    looks.pass_until(desk.link("See all packs"))

    expect_standing(desk, "Paid")
    assert looks.taken == 4
    expect(desk.alert).to_have_count(0)


def test_a_problem_at_its_last_look_is_told_beside_what_is_known(desk: Desk) -> None:
    looks = Looks(desk)
    looks.answer = lambda look: order() if look == 1 else None
    visit(desk, "success")

    looks.pass_until(desk.alert)

    expect(desk.alert).to_contain_text("Nothing changed.")
    expect_standing(desk, UNCONFIRMED)


def test_an_expired_order_is_looked_at_again_too_and_then_told_as_expired(desk: Desk) -> None:
    looks = Looks(desk)
    looks.answer = lambda _: ended("expired", by="packhouse:expire")
    visit(desk, "success")
    expect_standing(desk, WAITING)

    looks.pass_until(desk.page.get_by_role("heading", name="Expired"))

    assert looks.taken == 1 + len(pauses(desk))


def test_what_is_paid_or_not_awaited_is_looked_at_once(desk: Desk) -> None:
    looks = Looks(desk)
    looks.answer = lambda _: paid()
    visit(desk, "success")
    expect_standing(desk, "Paid")
    desk.page.clock.run_for(3_600_000)
    looks.answer = lambda _: order()
    desk.page.evaluate("location.hash = location.hash.replace('success', 'cancel')")
    expect_standing(desk, "Nothing was paid")
    desk.page.clock.run_for(3_600_000)

    looks.answer = lambda _: ended("cancelled")
    desk.button("Refresh").click()

    expect_standing(desk, "Cancelled")
    assert looks.taken == 3


def test_who_leaves_the_page_leaves_no_look_behind(desk: Desk) -> None:
    looks = Looks(desk)
    visit(desk, "success")
    expect_standing(desk, WAITING)
    desk.link("Packs").click()
    desk.settled()
    taken = looks.taken

    desk.page.clock.run_for(3_600_000)

    desk.button("Refresh").click()
    desk.settled()
    assert looks.taken == taken


def test_a_sign_in_that_ends_while_waiting_comes_back_to_waiting(desk: Desk) -> None:
    looks = Looks(desk)
    visit(desk, "success")
    expect_standing(desk, WAITING)
    desk.refuses(ORDER, 401, "Not signed in", "The token has expired.")

    looks.pass_until(desk.personas.first)

    expect(desk.alert).to_contain_text("Your sign-in has ended. The token has expired.")
    desk.page.unroute(ORDER)
    desk.answers(ORDER, paid())
    desk.personas.filter(has_text="Ada").click()
    expect_standing(desk, "Paid")

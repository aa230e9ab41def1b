"""What is told when something isn't there, and the way on from it."""

from playwright.sync_api import expect

from tests.console.desk import BALANCE, CLOCK, PACKS, WORKGROUP, Desk, day
from tests.console.test_packs import cells, pack


def test_a_busy_packhouse_is_told_with_how_long_to_wait(desk: Desk) -> None:
    problem = {"title": "Try again", "status": 503, "detail": "Nothing changed.", "instance": "a-request"}
    desk.answers(PACKS, problem, status=503, headers={"Retry-After": "2"})
    desk.sign_in()
    expect(desk.alert).to_contain_text("Nothing changed. Wait 2 seconds.")
    expect(desk.alert).to_contain_text("Request id a-request")
    expect(desk.page.locator(".card")).not_to_have_count(0)
    desk.answers_truly(PACKS)

    desk.button("Try again").click()

    expect(desk.rows).to_have_count(len(desk.packs()))
    expect(desk.alert).to_have_count(0)


def test_what_the_gateway_answers_by_itself_is_told_too(desk: Desk) -> None:
    desk.answers(PACKS, {"message": "Service Unavailable"}, status=503)

    desk.sign_in()

    expect(desk.alert).to_contain_text("Something went wrong")
    expect(desk.alert).to_contain_text("Wait a moment.")


def test_an_answer_that_is_no_json_is_told(desk: Desk) -> None:
    desk.answers(PACKS, "<html>surprise</html>")

    desk.sign_in()

    expect(desk.alert).to_contain_text("What Packhouse answered isn't JSON.")


def test_the_packs_are_shown_without_the_balance(desk: Desk) -> None:
    desk.refuses(BALANCE, 500, "Internal error", "It is our fault.")

    desk.sign_in()

    expect(desk.alert).to_contain_text("It is our fault.")
    expect(desk.rows).to_have_count(len(desk.packs()))


def test_what_fails_altogether_is_told_once(desk: Desk) -> None:
    for url in (PACKS, BALANCE, WORKGROUP):
        desk.page.route(url, lambda route: route.abort())

    desk.sign_in()

    expect(desk.alert).to_have_count(1)
    expect(desk.alert).to_contain_text("Packhouse doesn't answer")
    for url in (PACKS, BALANCE, WORKGROUP):
        desk.answers_truly(url)
    desk.button("Try again").click()
    desk.settled()


def test_packs_already_shown_stay_when_more_cannot_be_had(desk: Desk) -> None:
    desk.answers(PACKS, {"items": [pack()], "next_cursor": "on"})
    desk.see_packs()
    desk.page.unroute(PACKS)
    desk.refuses(PACKS, 503, "Try again", "Nothing changed.")
    desk.button("Show more").click()
    expect(desk.alert).to_contain_text("Nothing changed.")
    expect(desk.rows).to_have_count(1)
    desk.page.unroute(PACKS)
    desk.answers(PACKS, {"items": [pack(1)], "next_cursor": None})

    desk.button("Try again").click()

    expect(desk.rows).to_have_count(2)


def test_a_filter_that_the_api_refuses_can_be_cleared(desk: Desk) -> None:
    desk.open(f"#/workgroups/{desk.workgroup_of('Ada, Northwind')}/packs?sku=horse")
    desk.personas.filter(has_text="Ada").click()
    expect(desk.alert).to_contain_text("The catalog has no license type horse.")

    desk.button("Clear filters").click()

    expect(desk.rows).to_have_count(len(desk.packs()))


def test_a_worker_key_gets_its_dates_in_utc_and_is_told(desk: Desk) -> None:
    desk.see_packs("Worker, Northwind")

    main = desk.page.get_by_role("main")
    expect(main).to_contain_text("Dates in UTC: your role doesn't read the workgroup's zone.")
    assert [row[6] for row in cells(desk.page)] == [day(each["expires_at"]) for each in desk.packs()]


def test_a_zone_that_the_browser_does_not_know_is_told(desk: Desk) -> None:
    desk.answers(WORKGROUP, {**desk.api(""), "time_zone": "Mars/Olympus"})

    desk.see_packs()

    expect(desk.page.get_by_role("main")).to_contain_text(
        "this browser doesn't know the workgroup's zone, Mars/Olympus"
    )


def test_without_the_stacks_clock_the_browsers_will_do(desk: Desk) -> None:
    desk.answers(CLOCK, {"message": "Not Found"}, status=404)

    desk.see_packs()

    expect(desk.rows).to_have_count(len(desk.packs()))

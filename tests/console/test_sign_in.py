import re

from playwright.sync_api import Page, expect

from tests.console.desk import ME, PERSONAS, Desk

ROLES = {
    "administrator": "Administrator",
    "manager": "Manager",
    "associate": "Associate",
    "worker": "Worker key",
    "platform_worker": "Platform worker key",
    "operator": "Operator",
}


def test_the_personas_are_listed_in_the_order_of_the_stack(desk: Desk) -> None:
    desk.open()

    expect(desk.personas).to_have_count(len(desk.stack.personas))
    for listed, persona in zip(desk.personas.all(), desk.stack.personas, strict=True):
        expect(listed.locator(".name")).to_have_text(persona["name"])
        expect(listed.locator(".role")).to_have_text(ROLES[persona["role"]])
        expect(listed.locator(".workgroup")).to_have_text(persona.get("workgroup_id", "no workgroup"))


def test_whoever_signs_in_is_named_with_role_and_workgroup(desk: Desk) -> None:
    desk.sign_in("Marek, Northwind")

    banner = desk.page.get_by_role("banner")
    expect(banner).to_contain_text("Marek, Northwind")
    expect(banner).to_contain_text("Manager")
    expect(banner.locator(".where")).to_have_text("Northwind")
    expect(desk.page.get_by_role("contentinfo")).to_contain_text(desk.workgroup_of("Marek, Northwind"))


def test_a_deployed_console_says_that_sign_in_is_not_built(desk: Desk) -> None:
    desk.answers(PERSONAS, {"message": "Not Found"}, status=404)

    desk.open()

    expect(desk.page.get_by_role("main")).to_contain_text("Sign-in through the user pool isn't built yet.")
    expect(desk.alert).to_have_count(0)


def test_a_stack_that_does_not_answer_can_be_asked_again(desk: Desk) -> None:
    desk.page.route(PERSONAS, lambda route: route.abort())
    desk.open()
    expect(desk.alert).to_contain_text("Packhouse doesn't answer")
    desk.answers_truly(PERSONAS)

    desk.button("Try again").click()

    expect(desk.personas).to_have_count(len(desk.stack.personas))


def test_a_sign_in_survives_a_reload_but_not_the_tab(desk: Desk) -> None:
    desk.see_packs()
    desk.page.reload()
    desk.settled()

    with desk.page.context.expect_page() as opened:
        desk.page.evaluate("open('/console/', '_blank', 'noopener')")

    expect(opened.value.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert desk.page.evaluate("localStorage.length") == 0
    assert desk.page.context.cookies() == []


def test_signing_out_forgets_the_token(desk: Desk) -> None:
    desk.see_packs()

    desk.button("Sign out").click()

    expect(desk.heading).to_have_text("Sign in")
    expect(desk.status).to_have_text("Signed out.")
    assert desk.page.evaluate("sessionStorage.length") == 0
    desk.page.go_back()
    expect(desk.heading).to_have_text("Sign in")


def test_who_signs_in_after_another_sees_nothing_of_the_other(desk: Desk) -> None:
    desk.see_packs("Ada, Northwind")
    desk.button("Sign out").click()

    desk.personas.filter(has_text="Chen").click()

    expect(desk.page.get_by_role("banner").locator(".where")).to_have_text("Contoso")
    expect(desk.rows).to_have_count(len(desk.packs(name="Chen, Contoso")))


def test_a_token_that_is_not_accepted_leads_to_sign_in_and_back(desk: Desk, page: Page) -> None:
    place = f"#/workgroups/{desk.workgroup_of('Ada, Northwind')}/packs?sku=mailbox-migration"
    desk.open()
    page.evaluate("sessionStorage.setItem('packhouse.session', JSON.stringify({name: 'Ada', token: 'worn out'}))")
    page.evaluate("place => { location.hash = place; location.reload() }", place)
    expect(desk.alert).to_have_text(
        "Your sign-in has ended. The token isn't accepted: invalid token. Sign in again.", use_inner_text=True
    )

    desk.personas.filter(has_text="Ada").click()

    expect(desk.heading).to_have_text("Packs")
    expect(page).to_have_url(re.compile(re.escape(place)))


def test_a_failed_sign_in_can_be_tried_again(desk: Desk) -> None:
    desk.answers(ME, "Bad Gateway", status=502)
    desk.sign_in()
    expect(desk.alert).to_contain_text("Something went wrong")
    desk.answers_truly(ME)

    desk.button("Try again").click()

    expect(desk.heading).to_have_text("Packs")


def test_an_operator_is_told_why_there_are_no_packs(desk: Desk) -> None:
    desk.sign_in("Olga, operator")

    expect(desk.heading).to_have_text("No workgroup")
    main = desk.page.get_by_role("main")
    expect(main).to_contain_text("Operators belong to no workgroup, so there are no packs to show here.")
    desk.button("Sign in as somebody else").click()
    expect(desk.heading).to_have_text("Sign in")


def test_a_platform_worker_key_is_told_why_there_are_no_packs(desk: Desk) -> None:
    desk.sign_in("Platform worker")

    expect(desk.page.get_by_role("main")).to_contain_text("You are signed in with a platform worker key.")


def test_a_member_of_no_workgroup_is_told_who_can_change_that(desk: Desk) -> None:
    desk.answers(ME, {"principal": "somebody", "kind": "member", "workgroups": []})

    desk.sign_in()

    expect(desk.page.get_by_role("main")).to_contain_text("An administrator of a workgroup can make you a member of it")


def test_a_member_of_several_workgroups_chooses_and_can_switch(desk: Desk) -> None:
    own = {"workgroup_id": desk.workgroup_of("Ada, Northwind"), "name": "Northwind", "role": "administrator"}
    other = {"workgroup_id": "wg_other", "name": "Woodgrove", "role": "manager"}
    desk.answers(ME, {"principal": "ada", "kind": "member", "workgroups": [own, other]})
    desk.sign_in()
    expect(desk.heading).to_have_text("Choose a workgroup")

    desk.link("Northwind").click()

    expect(desk.rows).to_have_count(len(desk.packs()))
    desk.link("Switch workgroup").click()
    expect(desk.heading).to_have_text("Choose a workgroup")


def test_an_address_without_a_page_leads_home(desk: Desk) -> None:
    desk.see_packs()
    desk.page.evaluate("location.hash = '#/nowhere'")
    expect(desk.heading).to_have_text("No such page")

    desk.link("Go to your workgroup").click()

    expect(desk.heading).to_have_text("Packs")

from zoneinfo import ZoneInfo

from playwright.sync_api import expect

from tests.console.desk import CLOCK, PACKS, WORKGROUP, Desk, day
from tests.console.test_packs import cells, pack

NOW = "2026-11-24T05:00:00Z"


def answered(desk: Desk, call: str, cases: list[tuple[str, str, str, str]]) -> list[tuple[str, str, str, str]]:
    """The cases (now, at, zone, what is told) with what dates.js tells."""
    desk.open()
    told = desk.page.evaluate(
        f"""async (cases) => {{
          const {{ day, distance }} = await import('/console/dates.js');
          return cases.map(([now, at, zone]) => {call});
        }}""",
        cases,
    )
    return [(*case[:3], each) for case, each in zip(cases, told, strict=True)]


def test_a_day_is_the_workgroups_day(desk: Desk) -> None:
    cases = [
        (NOW, "2026-11-24T05:00:00Z", "UTC", "24 Nov 2026"),
        (NOW, "2026-09-05T05:00:00Z", "UTC", "5 Sep 2026"),
        (NOW, "2028-02-29T12:00:00Z", "UTC", "29 Feb 2028"),
        (NOW, "2026-11-24T10:30:00Z", "Pacific/Kiritimati", "25 Nov 2026"),
        (NOW, "2026-11-24T11:30:00Z", "Etc/GMT+12", "23 Nov 2026"),
        (NOW, "2026-12-31T23:30:00Z", "Europe/Berlin", "1 Jan 2027"),
    ]

    assert answered(desk, "day(new Date(at), zone)", cases) == cases


def test_a_distance_is_told_as_a_person_would(desk: Desk) -> None:
    cases = [
        (NOW, "2026-11-24T23:59:59Z", "UTC", "today"),
        (NOW, "2026-11-25T00:00:00Z", "UTC", "tomorrow"),
        (NOW, "2026-11-23T23:59:59Z", "UTC", "yesterday"),
        (NOW, "2026-12-10T05:00:00Z", "UTC", "in 16 days"),
        (NOW, "2026-11-03T05:00:00Z", "UTC", "21 days ago"),
        (NOW, "2027-01-23T05:00:00Z", "UTC", "in 60 days"),
        (NOW, "2027-02-24T05:00:00Z", "UTC", "in 3 months"),
        (NOW, "2027-11-24T05:00:00Z", "UTC", "in 12 months"),
        (NOW, "2025-12-24T05:00:00Z", "UTC", "11 months ago"),
        (NOW, "2029-11-24T05:00:00Z", "UTC", "in 3 years"),
        # Days of 23 and 25 hours: the night's clock change neither adds nor loses one.
        ("2026-03-07T23:30:00-05:00", "2026-03-09T00:30:00-04:00", "America/New_York", "in 2 days"),
        ("2026-10-31T23:30:00-04:00", "2026-11-02T00:30:00-05:00", "America/New_York", "in 2 days"),
        ("2026-11-24T22:00:00Z", "2026-11-24T23:30:00Z", "Europe/Berlin", "tomorrow"),
    ]

    assert answered(desk, "distance(new Date(at), new Date(now), zone)", cases) == cases


def test_dates_are_shown_in_the_workgroups_zone(desk: Desk) -> None:
    desk.answers(WORKGROUP, {**desk.api(""), "time_zone": "Pacific/Kiritimati"})
    instants = [f"2027-05-0{number}T{hour:02}:00:00Z" for number, hour in enumerate((0, 9, 10, 11, 23), start=1)]
    packs = [pack(number, expires_at=at) for number, at in enumerate(instants)]
    desk.answers(PACKS, {"items": packs, "next_cursor": None})

    desk.see_packs()

    expect(desk.page.get_by_role("main")).to_contain_text("Dates in Pacific/Kiritimati.")
    assert [row[6] for row in cells(desk.page)] == [day(at, ZoneInfo("Pacific/Kiritimati")) for at in instants]


def test_what_is_soon_follows_the_stacks_clock(desk: Desk) -> None:
    desk.answers(CLOCK, {"now": "2027-10-27T09:00:00Z"})
    desk.answers(PACKS, {"items": [pack(expires_at="2027-11-03T10:00:00Z")], "next_cursor": None})

    desk.see_packs()

    expect(desk.rows.locator(".soon")).to_have_text("in 7 days")
    expect(desk.page.get_by_role("main")).to_contain_text("Updated 09:00.")

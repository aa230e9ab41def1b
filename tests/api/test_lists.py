import pytest

from packhouse.domain import instants
from packhouse.web import paging
from tests.harness.shop import Shop
from tests.harness.world import CONTOSO, START, World


def every_page(world: World, path: str, limit: int) -> list[list[str]]:
    """The ids on each page of a list."""
    pages, cursor = [], ""
    while True:
        sign = "&" if "?" in path else "?"
        answer = world.call("GET", f"{path}{sign}limit={limit}{cursor and f'&cursor={cursor}'}")
        assert answer.status == 200, answer
        pages.append(
            [
                next(one[name] for name in ("run_id", "pack_id", "project_id") if name in one)
                for one in answer.body["items"]
            ]
        )
        cursor = answer.body["next_cursor"]
        if cursor is None:
            return pages


def test_packs_are_listed_by_type_and_in_burn_down_order(world: World) -> None:
    late = world.grant("mailbox-migration", 1)
    soon = world.grant("mailbox-migration", 1, acquired=instants.plus_months(START, -3))
    other = world.grant("document-migration", 1)
    world.grant("mailbox-migration", 1, wg=CONTOSO)

    (page,) = every_page(world, "packs", 100)

    assert page == [other.pack_id, soon.pack_id, late.pack_id]
    assert every_page(world, "packs?sku=mailbox-migration", 1) == [[soon.pack_id], [late.pack_id], []]


def test_packs_are_filtered_by_the_state_a_reader_is_told(world: World) -> None:
    expired = world.grant("mailbox-migration", 1, acquired=instants.plus_months(START, -12))
    spent = world.grant("mailbox-migration", 1)
    active = world.grant("document-migration", 1)
    world.started(world.project())

    assert every_page(world, "packs?state=expired", 100) == [[expired.pack_id]]
    assert every_page(world, "packs?state=exhausted,active", 100) == [[active.pack_id, spent.pack_id]]


def test_projects_are_listed_newest_first(world: World) -> None:
    made = []
    for _ in range(5):
        made.append(world.project())
        world.clock.advance(seconds=1)

    pages = every_page(world, "projects", 2)

    assert [one for page in pages for one in page] == made[::-1]
    assert all(len(page) <= 2 for page in pages)


def test_what_came_within_one_second_is_listed_newest_first_too(shop: Shop) -> None:
    world = shop.world
    projects, orders = [], []
    for number in range(6):
        world.clock.advance(microseconds=1)
        projects.append(world.project())
        orders.append(shop.ordered(key=f"order-{number}")["order_id"])

    assert [one["project_id"] for one in world.call("GET", "projects").body["items"]] == projects[::-1]
    today = "from=2026-11-24&to=2026-11-24"
    assert [one["order_id"] for one in world.call("GET", f"orders?{today}", "ada").body["items"]] == orders[::-1]


def test_each_run_is_listed_once(world: World) -> None:
    world.grant("mailbox-migration", 10)
    project, other = world.project(), world.project()
    runs = world.started(project, 7)
    world.started(other, 2)

    pages = every_page(world, f"projects/{project}/runs", 3)

    assert sorted(one for page in pages for one in page) == sorted(runs)


def test_runs_are_filtered_by_item_state_and_whether_they_are_open(world: World) -> None:
    world.grant("mailbox-migration", 10)
    project = world.project()
    done, open_one = world.started(project, 2)
    world.settle(project, done)
    path = f"projects/{project}/runs"

    assert every_page(world, f"{path}?state=consumed", 100) == [[done]]
    assert every_page(world, f"{path}?open=true", 100) == [[open_one]]
    assert every_page(world, f"{path}?open=false", 100) == [[done]]
    assert every_page(world, f"{path}?item_id=box-1", 100) == [[open_one]]
    assert every_page(world, f"{path}?item_id=%20box-1%20", 100) == [[open_one]]
    assert sorted(*every_page(world, f"{path}?state=held,consumed", 100)) == sorted([done, open_one])


def test_a_cursor_of_one_list_opens_no_other(world: World) -> None:
    for _ in range(3):
        world.grant("mailbox-migration", 1)
    cursor = world.call("GET", "packs?limit=1").body["next_cursor"]
    project = world.project()

    assert world.call("GET", f"projects?cursor={cursor}").slug == "invalid-request"
    assert world.call("GET", f"projects/{project}/runs?cursor={cursor}").slug == "invalid-request"
    assert world.call("GET", f"packs?sku=document-migration&cursor={cursor}").slug == "invalid-request"


def test_the_runs_of_an_absent_project_are_not_found_and_of_an_empty_one_none(world: World) -> None:
    project = world.project()

    assert world.call("GET", f"projects/{project}/runs").body == {"items": [], "next_cursor": None}
    assert world.call("GET", f"projects/{project[:-4]}0000/runs").slug == "not-found"
    assert world.call("GET", "projects/prj_x/runs").slug == "not-found"
    cursor = paging.encode("RUN#run_0")
    assert world.call("GET", f"projects/{project[:-4]}0000/runs?cursor={cursor}").slug == "not-found"
    assert world.call("GET", "packs?sku=").slug == "unknown-sku"


def test_the_balance_tells_of_every_type_what_can_be_taken_and_what_expires_soon(world: World) -> None:
    world.grant("mailbox-migration", 5, acquired=instants.plus_months(START, -11))  # expires in 30 days
    world.grant("mailbox-migration", 7)
    world.grant("mailbox-migration", 9, acquired=instants.plus_months(START, -12))  # expired
    world.started(world.project(), 2)

    balance = {line["sku"]: line for line in world.call("GET", "balance").body["license_types"]}

    assert balance["mailbox-migration"] == {
        "sku": "mailbox-migration",
        "name": "Mailbox migration",
        "available": 10,
        "in_runs": 2,
        "in_coupons": 0,
        "expiring_within_45_days": 3,
        "next_expiry": "2026-12-24T03:00:00Z",
    }
    assert balance["device-management"]["available"] == 0
    assert "next_expiry" not in balance["device-management"]
    assert len(balance) == 5


@pytest.mark.parametrize("path", ["packs", "projects"])
def test_an_empty_list_is_empty(world: World, path: str) -> None:
    assert world.call("GET", path).body == {"items": [], "next_cursor": None}

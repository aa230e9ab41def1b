import pytest

from packhouse.store import keys
from tests.harness.world import NORTHWIND, World


def test_an_administrator_changes_a_workgroup_field_by_field(world: World) -> None:
    first = world.call("PATCH", "", "ada", json={"time_zone": "Pacific/Kiritimati", "managers_redeem": True})
    second = world.call(
        "PATCH", "", "ada", json={"low_balance": {"mailbox-migration": 5}, "notify": ["ops@northwind.example"]}
    )

    assert first.status == second.status == 200
    assert second.body == {
        "workgroup_id": NORTHWIND,
        "name": "Northwind",
        "time_zone": "Pacific/Kiritimati",
        "low_balance": {"mailbox-migration": 5},
        "notify": ["ops@northwind.example"],
        "managers_redeem": True,
    }
    assert world.call("GET", "", "amy").body == second.body


def test_a_new_name_moves_the_workgroup_in_the_operators_list(world: World) -> None:
    world.call("PATCH", "", "ada", json={"name": "Zenith"})

    item = world.item(keys.workgroup(NORTHWIND))
    assert item is not None
    assert item["owner_at"] == f"zenith#{NORTHWIND}"


def test_a_change_of_nothing_changes_nothing(world: World) -> None:
    world.pump()
    entries = len(world.entries())

    answer = world.call("PATCH", "", "ada", json={})

    assert (answer.status, answer.body["name"]) == (200, "Northwind")
    world.pump()
    assert len(world.entries()) == entries


@pytest.mark.parametrize(
    "body",
    [
        {"workgroup_id": "wg_x"},
        {"name": None},
        {"name": ""},
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "Factory"},
        {"time_zone": "../../etc/passwd"},
        {"low_balance": {"mailbox-migration": -1}},
        {"low_balance": {"mailbox-migration": "5"}},
        {"notify": ["nobody"]},
        {"notify": [f"ops{number}@northwind.example" for number in range(21)]},
        {"managers_redeem": "yes"},
    ],
)
def test_what_a_workgroup_cannot_be_is_refused(world: World, body: dict[str, object]) -> None:
    before = world.call("GET", "", "ada").body

    answer = world.call("PATCH", "", "ada", json=body)

    assert (answer.status, answer.slug) == (422, "invalid-request")
    assert world.call("GET", "", "ada").body == before


def test_a_threshold_of_a_type_that_is_not_sold_is_refused(world: World) -> None:
    answer = world.call("PATCH", "", "ada", json={"low_balance": {"gardening": 1}})

    assert (answer.status, answer.slug) == (422, "unknown-sku")

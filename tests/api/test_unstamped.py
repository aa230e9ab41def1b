"""A project that somebody wrote by hand, without a stamp, is read and changed like any other."""

from tests.harness.world import NORTHWIND, World


def without_stamp(world: World, project: str) -> None:
    world.client.update_item(
        TableName=world.table.name,
        Key={"PK": {"S": f"WG#{NORTHWIND}"}, "SK": {"S": f"PROJECT#{project}"}},
        UpdateExpression="REMOVE request_id, changed_at, principal",
    )


def test_a_project_without_a_stamp_is_read_changed_and_removed(world: World) -> None:
    world.sound = False  # what was done by hand, the journal tells as such
    project = world.project()
    without_stamp(world, project)
    assert world.call("GET", f"projects/{project}").status == 200
    assert world.call("PATCH", f"projects/{project}", "amy", json={"name": "By hand"}).status == 200
    without_stamp(world, project)
    assert world.call("DELETE", f"projects/{project}", "amy").body["state"] == "removed"

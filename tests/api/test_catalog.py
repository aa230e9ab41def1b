import json

from tests.harness.world import World


def test_anyone_may_read_the_catalog(world: World) -> None:
    answer = world.call("GET", "/v1/catalog", None)

    assert answer.status == 200
    assert answer.body["license_types"][0] == {
        "sku": "mailbox-migration",
        "name": "Mailbox migration",
        "unit_price": {"amount": 1200, "currency": "usd"},
        "validity_months": 12,
        "consumption": "on_success",
        "services": ["mailbox-migration"],
        "lease_seconds_default": 21_600,
    }
    assert answer.body["policies"]["lease_hours_after_pack_expiry"] == 24
    assert answer.body["support"] == {"email": "support@packhouse.example"}


def test_anyone_may_read_the_description_of_the_api(world: World) -> None:
    answer = world.call("GET", "/v1/openapi.json", None)

    assert answer.status == 200
    assert answer.body["openapi"].startswith("3.1")
    assert len(json.dumps(answer.body)) < 6_000_000
    itself = answer.body["paths"]["/v1/openapi.json"]["get"]["responses"]["200"]
    assert itself["content"]["application/json"]["schema"]["type"] == "object"


def test_no_body_is_described_as_null_since_none_is_taken_as_that(world: World) -> None:
    paths = world.call("GET", "/v1/openapi.json", None).body["paths"]

    bodies = [one["requestBody"] for path in paths.values() for one in path.values() if "requestBody" in one]

    assert bodies
    assert [body for body in bodies if "anyOf" in body["content"]["application/json"]["schema"]] == []

"""Who calls, what the workgroup is called, and what its journal says."""

from tests.harness.shop import Shop
from tests.harness.world import NORTHWIND
from tests.proofs.crash.registry import Delivery, registered
from tests.proofs.crash.sources import admitted, request


@registered("AuthorizerFunction")
def admit_a_member(shop: Shop) -> Delivery:
    return Delivery(source=admitted(shop.world, "GET", "/v1/me", "ada"))


@registered("AuthorizerFunction")
def admit_a_key(shop: Shop) -> Delivery:
    return Delivery(source=admitted(shop.world, "GET", "/v1/me", "worker"))


@registered("GET /v1/me")
def who_am_i(shop: Shop) -> Delivery:
    return Delivery(source=request(shop.world, "GET", "/v1/me", "ada"))


@registered("GET /v1/workgroups/{wg}")
def read_workgroup(shop: Shop) -> Delivery:
    return Delivery(source=request(shop.world, "GET", "", "ada"))


@registered("PATCH /v1/workgroups/{wg}")
def change_workgroup(shop: Shop) -> Delivery:
    path = f"/v1/workgroups/{NORTHWIND}"
    return Delivery(
        source=request(shop.world, "PATCH", path, "ada", json={"name": "Northwind Traders"}),
        rival=lambda: shop.world.call("PATCH", path, "ada", json={"notify": ["max@northwind.example"]}),
        settles=False,
    )


@registered("GET /v1/workgroups/{wg}/journal")
def read_journal(shop: Shop) -> Delivery:
    return Delivery(source=request(shop.world, "GET", "journal?limit=2", "ada"))


@registered("GET /v1/workgroups/{wg}/journal")
def read_journal_as_operator(shop: Shop) -> Delivery:
    return Delivery(source=request(shop.world, "GET", "journal?to=2026-11-01", "otto"), settles=False)

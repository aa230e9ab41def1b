"""What users are entitled to, and what a run would need."""

from tests.harness.shop import Shop
from tests.proofs.crash.registry import Delivery, registered
from tests.proofs.crash.sources import request

WORKGROUP = "/v1/workgroups/{wg}"
ENTITLEMENT = f"{WORKGROUP}/entitlements/{{user}}/{{sku}}"
BUNDLE = "user-migration-bundle"


@registered(f"GET {WORKGROUP}/coverage")
def read_coverage(shop: Shop) -> Delivery:
    shop.world.entitle("ada")
    return Delivery(source=request(shop.world, "GET", "coverage?service=mailbox-migration&user=ada"))


@registered(f"POST {WORKGROUP}/coverage")
def count_coverage(shop: Shop) -> Delivery:
    shop.world.entitle("ada")
    body = {"service": "mailbox-migration", "items": [{"user": "ada"}, {"user": "amy"}]}
    return Delivery(source=request(shop.world, "POST", "coverage", json=body))


@registered(f"GET {WORKGROUP}/entitlements")
def list_entitlements(shop: Shop) -> Delivery:
    shop.world.entitle("ada")
    return Delivery(source=request(shop.world, "GET", "entitlements"))


@registered(f"PUT {ENTITLEMENT}")
def assign(shop: Shop) -> Delivery:
    """There is one license left, and somebody would assign it to another user."""
    shop.world.grant(BUNDLE, 1)
    return Delivery(
        source=request(shop.world, "PUT", f"entitlements/ada/{BUNDLE}", "amy"),
        rival=lambda: shop.world.entitlement("PUT", "amy"),
    )


@registered(f"DELETE {ENTITLEMENT}")
def withdraw(shop: Shop) -> Delivery:
    """A run would be covered by it."""
    shop.world.entitle("ada")
    project = shop.world.project()
    return Delivery(
        source=request(shop.world, "DELETE", f"entitlements/ada/{BUNDLE}", "amy"),
        rival=lambda: shop.world.start(project, key="other", items=[{"item_id": "box", "user": "ada"}]),
    )

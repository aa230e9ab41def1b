"""What the model answers of the workgroup, and of who somebody is."""

from collections.abc import Mapping
from typing import Any

from tests.harness.world import CONTOSO, NORTHWIND, PLATFORM_KEY, WORKER_KEY
from tests.proofs.model.model import Expected, Packhouse, Refused

ROLES = {"ada": "administrator", "max": "manager", "amy": "associate"}
KEYS = {"worker": WORKER_KEY, "platform": PLATFORM_KEY}


def read(house: Packhouse, *, by: str) -> Expected:
    """Members see it. Keys and operators may not; who has nothing to do with it, learns of nothing."""
    _known(by)
    if by not in ROLES:
        raise Refused("not-permitted")
    return Expected(200, _view(house))


def change(house: Packhouse, changes: Mapping[str, Any], *, by: str) -> Expected:
    """Its administrator alone; what isn't said stays."""
    _known(by)
    if ROLES.get(by) != "administrator":
        raise Refused("not-permitted")
    for sku in changes.get("low_balance", {}):
        if sku not in house.catalog:
            raise Refused("unknown-sku", sku=sku)
    house.workgroup.update(changes)
    return Expected(200, _view(house))


def me(house: Packhouse, *, by: str) -> Expected:
    name = house.workgroup["name"]
    ours = {"workgroup_id": NORTHWIND, "name": name}
    match by:
        case "worker":
            kind, workgroups = "worker_key", [{**ours, "role": "worker"}]
        case "platform":
            kind, workgroups = "platform_worker_key", []
        case "otto":
            kind, workgroups = "operator", []
        case "cora":
            kind, workgroups = "member", [{"workgroup_id": CONTOSO, "name": "Contoso", "role": "administrator"}]
        case _:
            kind, workgroups = "member", [{**ours, "role": ROLES[by]}]
    return Expected(200, {"principal": KEYS.get(by, by), "kind": kind, "workgroups": workgroups})


def _known(by: str) -> None:
    if by == "cora":
        raise Refused("not-found")


def _view(house: Packhouse) -> dict[str, Any]:
    return {"workgroup_id": NORTHWIND, **house.workgroup}

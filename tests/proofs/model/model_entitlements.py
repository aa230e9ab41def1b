"""What the model answers of entitlements, and of what work may run on: by one of them, by stock, or not yet."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.proofs.model.model import ABSENT, Entitlement, Expected, Packhouse, Refused, optional, told

type Need = tuple[str | None, int]
"""Whose work it is, if that is said, and how many licenses it takes if nothing else covers it."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    on: str
    """In the API's words."""
    sku: str
    needed: int = 0
    by: Entitlement | None = None


# --- assigned, withdrawn, listed ---


def assign(house: Packhouse, user: str, sku: str) -> Expected:
    if sku not in house.catalog:
        raise Refused("unknown-sku", sku=sku)
    if house.catalog[sku]["consumption"] != "on_assignment":
        raise Refused("invalid-request", errors=[{"pointer": "/sku"}])
    earlier = house.entitlements.get((user, sku))
    if earlier and earlier.state(house.now) == "active":
        return Expected(200, view(house, earlier))
    stock = house.stock(sku)
    if not stock:
        raise Refused("licenses-exhausted", sku=sku, asked=1, available=0, purchase=_purchase(house, sku, 1))
    pack = house.packs[next(iter(stock))]
    pack.available, pack.assigned = pack.available - 1, pack.assigned + 1
    assigned = Entitlement(user=user, sku=sku, pack_id=pack.pack_id, assigned_at=house.now, until=pack.expires_at)
    house.entitlements[user, sku] = assigned
    return Expected(201, view(house, assigned))


def withdraw(house: Packhouse, user: str, sku: str) -> Expected:
    """Only what has covered nothing, and only while its license is still worth something."""
    one = house.entitlements.get((user, sku))
    if one is None:
        raise Refused("not-found")
    if not one.withdrawn:
        if one.used_at:
            raise Refused("entitlement-used")
        if one.until <= house.now:
            raise Refused("pack-not-usable", state="expired")
        pack = house.packs[one.pack_id]
        pack.available, pack.assigned = pack.available + 1, pack.assigned - 1
        one.withdrawn = True
    return Expected(200, view(house, one))


def view(house: Packhouse, one: Entitlement) -> dict[str, object]:
    return {
        "user": one.user,
        "sku": one.sku,
        "pack_id": one.pack_id,
        "state": one.state(house.now),
        "assigned_at": told(one.assigned_at),
        "until": told(one.until),
        "used_at": optional(told(one.used_at) if one.used_at else None),
        "services": house.catalog[one.sku]["services"],
    }


def listed(house: Packhouse, *, user: str | None = None) -> list[object]:
    """What is or was anybody's, by user and type; what was withdrawn isn't told."""
    by_key = sorted(house.entitlements.values(), key=lambda one: f"{quote(one.user, safe='')}#{one.sku}")
    return [view(house, one) for one in by_key if not one.withdrawn and user in (None, one.user)]


# --- what work may run on ---


def decide(house: Packhouse, service: str, needs: Sequence[Need], *, at: str = "/items/{}") -> list[Decision]:
    """One after another: what one takes is gone for the next. One assignment is enough for all that is a user's."""
    spent, assigned = house.covering(service, "on_success"), house.covering(service, "on_assignment")
    if not spent and not assigned:
        raise Refused("service-not-covered", service=service)
    unnamed = [number for number, (user, _) in enumerate(needs) if user is None]
    if not spent and unnamed:
        raise Refused("invalid-request", errors=[{"pointer": f"{at.format(number)}/user"} for number in unnamed])
    left = {one["sku"]: sum(house.stock(one["sku"]).values()) for one in spent + assigned}
    waiting: dict[str, Decision] = {}
    decided = []
    for user, licenses in needs:
        entitled = [found for kind in assigned if (found := house.entitlements.get((user or "", kind["sku"])))]
        covering = [found for found in entitled if found.state(house.now) == "active"]
        in_stock = [kind["sku"] for kind in assigned if left[kind["sku"]]]
        if covering:
            one = Decision(on="covered", sku=covering[0].sku, by=covering[0])
        elif spent and left[spent[0]["sku"]] >= licenses:
            one = Decision(on="license_available", sku=spent[0]["sku"], needed=licenses)
            left[one.sku] -= licenses
        elif user in waiting:
            one = Decision(on=waiting[user].on, sku=waiting[user].sku)
        elif user and in_stock:
            one = waiting[user] = Decision(on="assignment_required", sku=in_stock[0], needed=1)
            left[one.sku] -= 1
        elif spent:
            one = Decision(on="purchase_required", sku=spent[0]["sku"], needed=licenses)
        else:
            assert user
            one = waiting[user] = Decision(on="purchase_required", sku=assigned[0]["sku"], needed=1)
        decided.append(one)
    return decided


def insufficient(house: Packhouse, service: str, needs: Sequence[Need], decided: Sequence[Decision]) -> Refused:
    """Why not all of it can start: another type must be assigned first, or more be bought."""
    for (user, _), one in zip(needs, decided, strict=True):
        if one.on == "assignment_required":
            in_stock = sum(house.stock(one.sku).values())
            return Refused("assignment-required", sku=one.sku, available=in_stock, user=user)
    sku, available = _sold(house, service)
    asked = sum(one.needed for one in decided)
    purchase = _purchase(house, sku, asked - available)
    return Refused("licenses-exhausted", sku=sku, asked=asked, available=available, purchase=purchase)


def coverage(house: Packhouse, service: str, user: str | None, licenses: int) -> Expected:
    (one,) = decide(house, service, [(user, licenses)], at="")
    sku, available = _sold(house, service)
    stocks = {kind["sku"]: sum(house.stock(kind["sku"]).values()) for kind in house.covering(service, "on_assignment")}
    assignable = [{"sku": kind, "available": stock} for kind, stock in stocks.items() if stock]
    missing = _missing(house, service, [one])
    body = {
        "decision": one.on,
        "sku": one.sku,
        "needed": one.needed,
        "available": available,
        "entitlement": view(house, one.by) if one.by else ABSENT,
        "assignable": assignable[0] if assignable else ABSENT,
        "purchase": _purchase(house, sku, missing) if missing else ABSENT,
    }
    return Expected(200, body)


def count(house: Packhouse, service: str, items: Sequence[Mapping[str, Any]]) -> Expected:
    decided = decide(house, service, [(item.get("user"), item.get("licenses", 1)) for item in items])
    met = Counter(one.on for one in decided)
    kinds = ("covered", "license_available", "assignment_required", "purchase_required")
    missing = _missing(house, service, decided)
    body = {
        "decisions": {kind: met[kind] for kind in kinds},
        "missing": missing,
        "purchase": _purchase(house, _sold(house, service)[0], missing) if missing else ABSENT,
    }
    return Expected(200, body)


def _sold(house: Packhouse, service: str) -> tuple[str, int]:
    """The type that is bought for a service, and how much of it is in stock."""
    kind = (house.covering(service, "on_success") + house.covering(service, "on_assignment"))[0]["sku"]
    return kind, sum(house.stock(kind).values())


def _missing(house: Packhouse, service: str, decided: Sequence[Decision]) -> int:
    """What must be bought for those who get nothing, after what the others leave of the stock."""
    sku, available = _sold(house, service)
    bought = sum(one.needed for one in decided if one.on == "purchase_required")
    taken = sum(one.needed for one in decided if one.sku == sku and one.on != "purchase_required")
    return max(0, bought - (available - taken))


def _purchase(house: Packhouse, sku: str, quantity: int) -> dict[str, object]:
    amount = house.catalog[sku]["unit_price"]["amount"] * quantity
    return {"lines": [{"sku": sku, "quantity": quantity}], "total": {"amount": amount, "currency": "usd"}}

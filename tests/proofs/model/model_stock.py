"""What the model answers of packs and balance."""

from tests.proofs.model.model import ABSENT, Expected, Pack, Packhouse, Refused, days, told

EXPIRING_DAYS = 45


def pack_view(house: Packhouse, pack: Pack) -> dict[str, object]:
    return {
        "pack_id": pack.pack_id,
        "sku": pack.sku,
        "name": house.catalog[pack.sku]["name"],
        "source": {"order_id": ABSENT, **pack.source},
        "quantity": pack.quantity,
        "available": pack.takeable(house.now),
        "in_runs": house.in_runs(pack),
        "in_coupons": 0,
        "assigned": pack.assigned,
        "unit_price": house.catalog[pack.sku]["unit_price"],
        "acquired_at": told(pack.acquired_at),
        "expires_at": told(pack.expires_at),
        "state": pack.state(house.now),
        "refundable": False,  # nothing is, for nothing refunds yet
    }


def read_pack(house: Packhouse, pack_id: str) -> Expected:
    if pack_id not in house.packs:
        raise Refused("not-found")
    return Expected(200, pack_view(house, house.packs[pack_id]))


def packs(house: Packhouse, *, sku: str | None = None, states: frozenset[str] = frozenset()) -> list[object]:
    """Every pack that a list with these filters shows, by type, each type's in burn-down order."""
    by_type = [house.of_sku(one) for one in house.catalog if sku in (None, one)]
    by_code = sorted((listed for listed in by_type if listed), key=lambda listed: listed[0].pack_id)
    views = [pack_view(house, pack) for listed in by_code for pack in listed]
    return [view for view in views if not states or view["state"] in states]


def balance(house: Packhouse) -> Expected:
    lines = []
    for sku, license_type in house.catalog.items():
        own = house.of_sku(sku)
        usable = [pack for pack in own if pack.takeable(house.now)]
        soon = [pack for pack in usable if pack.expires_at < house.now + days(EXPIRING_DAYS)]
        lines.append(
            {
                "sku": sku,
                "name": license_type["name"],
                "available": sum(pack.available for pack in usable),
                "in_runs": sum(house.in_runs(pack) for pack in own),
                "in_coupons": 0,
                "expiring_within_45_days": sum(pack.available for pack in soon),
                "next_expiry": told(usable[0].expires_at) if usable else ABSENT,
            }
        )
    return Expected(200, {"license_types": lines})

from packhouse.domain.entitlements import Entitlement, EntitlementStanding
from packhouse.domain.licenses import Catalog
from packhouse.web.fields import Instant, Maybe, View


class EntitlementView(View):
    user: str
    sku: str
    pack_id: str
    state: EntitlementStanding
    assigned_at: Instant
    until: Instant
    used_at: Maybe[Instant] = None
    services: list[str]

    @classmethod
    def of(cls, entitlement: Entitlement, catalog: Catalog, *, now: Instant) -> "EntitlementView":
        return cls(
            user=entitlement.user,
            sku=entitlement.sku,
            pack_id=entitlement.pack_id,
            state=entitlement.standing(now),
            assigned_at=entitlement.assigned_at,
            until=entitlement.until,
            used_at=entitlement.used_at,
            services=catalog.services_of(entitlement.sku),
        )


class EntitlementPage(View):
    items: list[EntitlementView]
    next_cursor: str | None

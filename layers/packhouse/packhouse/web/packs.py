from packhouse.domain.licenses import Catalog
from packhouse.domain.packs import Balance, Pack, PackStanding, Source, SourceKind
from packhouse.web.fields import Amount, Instant, Maybe, View


class SourceView(View):
    kind: SourceKind
    order_id: Maybe[str] = None
    label: Maybe[str] = None

    @classmethod
    def of(cls, source: Source) -> "SourceView":
        return cls(kind=source.kind, order_id=source.order_id, label=source.label)


class PackView(View):
    """A pack. `available` is how many licenses could be taken now: 0 in every state but active."""

    pack_id: str
    sku: str
    name: str
    source: SourceView
    quantity: int
    available: int
    in_runs: int
    in_coupons: int
    assigned: int
    unit_price: Maybe[Amount] = None
    acquired_at: Instant
    expires_at: Instant
    state: PackStanding
    refundable: bool

    @classmethod
    def of(cls, pack: Pack, catalog: Catalog, *, now: Instant) -> "PackView":
        return cls(
            pack_id=pack.pack_id,
            sku=pack.sku,
            name=catalog.name_of(pack.sku),
            source=SourceView.of(pack.source),
            quantity=pack.quantity,
            available=pack.takeable(now),
            in_runs=pack.in_runs,
            in_coupons=pack.in_coupons,
            assigned=pack.assigned,
            unit_price=Amount.of(pack.unit_price) if pack.unit_price else None,
            acquired_at=pack.acquired_at,
            expires_at=pack.expires_at,
            state=pack.standing(now),
            refundable=False,  # only a pack of a card order can be
        )


class PackPage(View):
    items: list[PackView]
    next_cursor: str | None


class BalanceLine(View):
    sku: str
    name: str
    available: int
    in_runs: int
    in_coupons: int
    expiring_within_45_days: int
    next_expiry: Maybe[Instant] = None

    @classmethod
    def of(cls, balance: Balance) -> "BalanceLine":
        return cls(
            sku=balance.license_type.sku,
            name=balance.license_type.name,
            available=balance.available,
            in_runs=balance.in_runs,
            in_coupons=balance.in_coupons,
            expiring_within_45_days=balance.expiring,
            next_expiry=balance.next_expiry,
        )


class BalanceView(View):
    license_types: list[BalanceLine]

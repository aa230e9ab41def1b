"""Packhouse in dictionaries: what there is, what time it is, and what must be answered. No rule of the product is used.

`Packhouse` is the state; each `model_*` module has the answers of one part, as functions of it. They change the state
as the real one must have been changed, and give the answer as it must have been told. Ids are taken from what was told.
"""

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

ABSENT: Final = object()
"""A member that must not be there."""
NEVER: Final = datetime.max.replace(tzinfo=UTC)
PACK_WARNINGS = (7, 1)
"""Days before a pack's end at which people are reminded of it, beside the policy's."""

STATUSES = {
    "signature-invalid": 400,
    "licenses-exhausted": 402,
    "not-permitted": 403,
    "not-found": 404,
    "assignment-required": 409,
    "checkout-superseded": 409,
    "entitlement-used": 409,
    "lease-ended": 409,
    "order-not-open": 409,
    "pack-not-usable": 409,
    "parent-not-retryable": 409,
    "price-changed": 409,
    "project-has-open-runs": 409,
    "project-not-active": 409,
    "retries-exhausted": 409,
    "run-already-settled": 409,
    "start-too-scattered": 409,
    "card-maximum-exceeded": 422,
    "errors-not-of-parent": 422,
    "idempotency-key-reused": 422,
    "invalid-request": 422,
    "service-not-covered": 422,
    "too-many-licenses-for-item": 422,
    "unknown-sku": 422,
}


@dataclass(frozen=True)
class Expected:
    """An answer that is no refusal."""

    status: int
    body: Any
    replayed: bool = False


class Refused(Exception):  # noqa: N818  # as the product's: an answer
    """A refusal, with every fact that it must tell."""

    def __init__(self, slug: str, **facts: object) -> None:
        super().__init__(slug)
        self.slug, self.facts = slug, facts

    @property
    def status(self) -> int:
        return STATUSES[self.slug]

    def problem(self) -> dict[str, object]:
        """As it stands in a batch's results."""
        return {"type": f"https://packhouse.example/problems/{self.slug}", "status": self.status, **self.facts}


@dataclass(kw_only=True)
class Pack:
    pack_id: str
    sku: str
    quantity: int
    available: int
    expired: int = 0
    assigned: int = 0
    acquired_at: datetime
    expires_at: datetime
    source: Mapping[str, str]
    due: datetime | None
    """When the sweep is to look at it next."""
    reminded: int | None = None
    """How many days before its end the last reminder was for."""

    def state(self, now: datetime) -> str:
        if self.expires_at <= now:
            return "expired"
        return "active" if self.available else "exhausted"

    def takeable(self, now: datetime) -> int:
        return self.available if self.state(now) == "active" else 0

    @property
    def burn_down(self) -> tuple[datetime, datetime, str]:
        return self.expires_at, self.acquired_at, self.pack_id


@dataclass(kw_only=True)
class Project:
    project_id: str
    said: Mapping[str, Any]
    """The body it was created with."""
    told: dict[str, Any]
    """What is told of it now: name, customer, days of inactivity, the most licenses for one item."""
    created_at: datetime
    state: str = "active"
    changed_at: datetime | None = None
    run_at: datetime | None = None
    settled_at: datetime | None = None
    """What is known to it of its runs' settlements, which may be behind them."""
    success_at: datetime | None = None
    warned: tuple[int, datetime] | None = None
    """The last warning: so many days before the end, in the idle period since then."""
    due: datetime | None = None

    @property
    def most(self) -> int:
        return int(self.told["max_licenses_per_item"])

    @property
    def active_at(self) -> datetime:
        """When something last happened in it, as far as it knows."""
        known = (self.created_at, self.changed_at, self.run_at, self.settled_at)
        return max(at for at in known if at is not None)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a run was settled; `used` is what was spent, however it was said."""

    outcome: str
    used: int | None
    errors: tuple[str, ...]
    error_count: int


@dataclass(kw_only=True)
class Run:
    run_id: str
    project_id: str
    item_id: str
    user: str | None
    service: str
    sku: str
    allocation: Mapping[str, int]
    """Licenses by pack, the soonest expiring first."""
    coverage: str = "licensed"
    parent: "Run | None" = None
    retries: int = 0
    """How many retries go back to it, if it is a root."""
    started_at: datetime
    started_by: str
    leased_until: datetime = NEVER
    """As the start told it; what holds no license has no lease."""
    lease_ends: datetime = NEVER
    lease_latest: datetime = NEVER
    due: datetime | None = None
    """When the sweep is to look at it next, which no heartbeat moves."""
    booked_at: datetime | None = None
    """When the sweep booked that its lease had ended."""
    ending: Ending | None = None
    settled_at: datetime | None = None
    settled_by: str | None = None

    @property
    def licenses(self) -> int:
        return sum(self.allocation.values())

    @property
    def succeeded(self) -> bool:
        return self.ending is not None and self.ending.outcome == "succeeded"

    @property
    def root(self) -> "Run":
        return self.parent.root if self.parent else self

    def is_open(self, now: datetime) -> bool:
        """Whether it can still be settled."""
        return self.ending is None and self.state(now) != "lapsed"

    def state(self, now: datetime) -> str:
        if self.coverage != "licensed":
            return self.coverage
        if self.ending:
            return "consumed" if self.ending.outcome == "succeeded" else "released"
        return "held" if now < self.lease_ends else "lapsed"

    def in_packs(self) -> dict[str, int]:
        """The licenses that it has of each pack, held or spent; of a hold that lapsed, until the sweep came."""
        held = 0 if self.booked_at else self.licenses
        left = held if self.ending is None else self.ending.used or 0
        kept: dict[str, int] = {}
        for pack_id, quantity in self.allocation.items():
            kept[pack_id] = min(quantity, left)
            left -= kept[pack_id]
        return kept


@dataclass(kw_only=True)
class Entitlement:
    """A user's, to the services of a type, until the pack that its license is of ends."""

    user: str
    sku: str
    pack_id: str
    assigned_at: datetime
    until: datetime
    used_at: datetime | None = None
    withdrawn: bool = False

    def state(self, now: datetime) -> str:
        if self.withdrawn:
            return "withdrawn"
        return "active" if now < self.until else "ended"


@dataclass(kw_only=True)
class Named:
    """What a key named: the body, and the ids that were made of it."""

    body: Any
    ids: list[str]


@dataclass(kw_only=True)
class Packhouse:
    """One workgroup's Packhouse."""

    now: datetime
    catalog: Mapping[str, Mapping[str, Any]]
    """License types by sku, as the catalog tells them."""
    policies: Mapping[str, int]
    workgroup: dict[str, Any]
    """What is told of it, but for its id."""
    packs: dict[str, Pack] = field(default_factory=dict)
    projects: dict[str, Project] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    entitlements: dict[tuple[str, str], Entitlement] = field(default_factory=dict)
    """By user and sku; the last one of each."""
    names: dict[tuple[str, str], Named] = field(default_factory=dict)
    """Every request that had an effect, by its path and key."""

    def earlier(self, path: str, key: str, body: object) -> list[str] | None:
        """The ids of an earlier request of this name, if there was one; of another body it is a refusal."""
        named = self.names.get((path, key))
        if named is None:
            return None
        if named.body != body:
            raise Refused("idempotency-key-reused")
        return named.ids

    def in_runs(self, pack: Pack) -> int:
        return sum(run.in_packs().get(pack.pack_id, 0) for run in self.runs.values())

    def of_sku(self, sku: str) -> list[Pack]:
        """The packs of a type in burn-down order."""
        return sorted((pack for pack in self.packs.values() if pack.sku == sku), key=lambda pack: pack.burn_down)

    def stock(self, sku: str) -> dict[str, int]:
        """What could be taken now, the soonest expiring first."""
        takeable = {pack.pack_id: pack.takeable(self.now) for pack in self.of_sku(sku)}
        return {pack_id: quantity for pack_id, quantity in takeable.items() if quantity}

    def covering(self, service: str, consumption: str) -> list[Mapping[str, Any]]:
        """The types that cover a service, cheapest first."""
        types = [one for one in self.catalog.values() if one["consumption"] == consumption]
        covering = [one for one in types if service in one["services"]]
        return sorted(covering, key=lambda one: int(one["unit_price"]["amount"]))

    def grant(self, sku: str, quantity: int, pack_id: str, *, acquired_at: datetime, source: Mapping[str, str]) -> None:
        expires_at = months_later(acquired_at, self.catalog[sku]["validity_months"])
        self.packs[pack_id] = Pack(
            pack_id=pack_id,
            sku=sku,
            quantity=quantity,
            available=quantity,
            acquired_at=acquired_at,
            expires_at=expires_at,
            source=source,
            due=self.next_reminder(expires_at),
        )

    def reminders(self) -> list[int]:
        """How many days before its end people are reminded of a pack."""
        first = self.policies["pack_reminder_days"]
        return [first, *(number for number in PACK_WARNINGS if number < first)]

    def next_reminder(self, expires_at: datetime) -> datetime:
        """When a pack is looked at next: for the next reminder, or at its end."""
        later = [at for number in self.reminders() if (at := expires_at - days(number)) > self.now]
        return min(later, default=expires_at)


def months_later(at: datetime, months: int) -> datetime:
    """The same day so many months later, or that month's last."""
    month = at.month - 1 + months
    year, month = at.year + month // 12, month % 12 + 1
    return at.replace(year=year, month=month, day=min(at.day, monthrange(year, month)[1]))


def told(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def days(number: float) -> timedelta:
    return timedelta(days=number)


def optional(value: object) -> object:
    """A member that is left out where there is nothing to say."""
    return ABSENT if value is None else value


def differences(expected: Any, actual: Any, at: str = "", *, whole: bool = True) -> Iterable[str]:  # noqa: ANN401  # JSON
    """Where an answer isn't what the model says; one that must be it `whole` has no member that the model doesn't know.

    Problems have: their sentences are the product's own.
    """
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        whole = whole and "type" not in expected
        yield from (f"{at}/{name}: unknown" for name in actual if whole and name not in expected)
        for name, value in expected.items():
            if (value is ABSENT) != (name not in actual):
                yield f"{at}/{name}: {'there' if value is ABSENT else 'missing'}"
            elif value is not ABSENT:
                yield from differences(value, actual[name], f"{at}/{name}", whole=whole)
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for number, (one, other) in enumerate(zip(expected, actual, strict=True)):
            yield from differences(one, other, f"{at}/{number}", whole=whole)
    elif expected != actual:
        yield f"{at}: {expected!r} expected, {actual!r} told"

"""Where a history happens: a workgroup with two projects, packs of few licenses, and paid orders not yet told of."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from packhouse.catalog import catalog
from packhouse.checkout import ordering
from packhouse.domain import instants
from packhouse.domain.access import Stamp
from packhouse.domain.ids import Prefix, named
from packhouse.domain.licenses import Line
from packhouse.domain.orders import OrderLine
from packhouse.domain.packs import Pack, Source, SourceKind, packs_of
from packhouse.domain.projects import Project
from packhouse.domain.runs import Run
from packhouse.payments.provider import OrderName
from packhouse.policies import Policies
from packhouse.store import packs as stored
from packhouse.store import projects
from packhouse.store.table import StampedTable, Table
from packhouse.web.orders import PlaceOrder
from tests.harness.shop import ORDER, Shop, buying_with
from tests.proofs.histories import plans
from tests.proofs.histories.plans import RETRIES_MAX, project_of
from tests.proofs.model.rules import packs as stock
from tests.proofs.model.rules.calls import BUNDLE, Allocation, Ref
from tests.proofs.model.rules.calls import MAILBOXES as SERVICE
from tests.proofs.model.rules.state import Order, Page, State, Terms, Type
from tests.proofs.model.rules.state import Project as Modelled

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

POLICIES = Policies(retries_per_root_max=RETRIES_MAX)
ITEM_LICENSES_MAX = 3


@dataclass(frozen=True, slots=True)
class Place:
    """A workgroup of the history's own; its projects, packs and paid sessions by name; the names of its runs."""

    client: "DynamoDBClient"
    table: Table
    began: datetime
    workgroup_id: str
    projects: Mapping[str, str]
    packs: Mapping[str, Pack]
    sessions: Mapping[str, str]
    refs: tuple[Ref, ...]

    def pack_named(self, pack_id: str) -> str:
        """Its name; a pack that the history doesn't know is named by its id, so that no model explains the call."""
        return next((name for name, pack in self.packs.items() if pack.pack_id == pack_id), f"unknown {pack_id}")

    def run(self, ref: Ref) -> tuple[str, str, str]:
        """The ids of a run: of its workgroup, its project and its own."""
        name, number = ref
        run_id = named(Prefix.RUN, self.workgroup_id, name, str(number))
        return self.workgroup_id, self.projects[project_of(name)], run_id

    def at(self, seconds: int) -> datetime:
        return self.began + timedelta(seconds=seconds)

    def seconds(self, at: datetime) -> int:
        return int((at - self.began).total_seconds())

    def until(self, run: Run) -> int | None:
        """When a hold's lease ends."""
        return self.seconds(run.lease_expires_at) if run.lease_expires_at else None

    def allocation(self, run: Run) -> Allocation:
        return tuple((self.pack_named(pack_id), quantity) for pack_id, quantity in run.allocation.items())


def make(shop: Shop, name: str, kind: plans.Kind, rng: random.Random) -> tuple[Place, State]:
    """A place for a history of this kind, and what the model begins with."""
    began = shop.world.clock.now.replace(microsecond=0)
    wg = named(Prefix.WORKGROUP, "tests", name)
    table = shop.world.table.stamped(Stamp(principal="tests", request_id=f"{wg}-setting-out", changed_at=began))
    lives = [timedelta(days=rng.choice((200, 300))), timedelta(seconds=rng.choice((8, 15, 10**6)))]
    sku = BUNDLE if kind.users else SERVICE
    granted = [
        _granted(table, wg, Line(sku, rng.randint(*kind.stock)), began + life) for life in lives[: rng.randint(1, 2)]
    ]
    paid = (
        [_paid(shop, table, wg, number, rng.randint(1, 2)) for number in range(rng.randint(1, 2))] if kind.paid else []
    )
    by_burn_down = sorted([*granted, *(pack for pack, _ in paid)], key=lambda pack: pack.pack_id)
    packs = {f"pack {number}": pack for number, pack in enumerate(by_burn_down)}
    sessions = {name: session for name, pack in packs.items() for bought, session in paid if bought == pack}
    initial = _modelled(Terms(_types(), asdict(POLICIES), began), packs, list(sessions))
    made = {project: _project(table, wg, project) for project in ("p", "q")}
    return Place(shop.world.client, shop.world.table, began, wg, made, packs, sessions, kind.refs), initial


def _types() -> dict[str, Type]:
    return {
        one.sku: Type(
            sku=one.sku,
            services=frozenset(one.services),
            on_success=one.consumption == "on_success",
            months=one.validity_months,
            lease=one.lease_seconds_default,
            price=one.unit_price.amount,
        )
        for one in catalog().types.values()
    }


def _modelled(terms: Terms, packs: Mapping[str, Pack], bought: Sequence[str]) -> State:
    """Both projects, the packs that were granted, and an order for each that was paid at Stripe and isn't granted."""
    state = State(terms)
    for project in ("p", "q"):
        state = state.with_project(Modelled(name=project, most=ITEM_LICENSES_MAX))
    for name, pack in packs.items():
        acquired = terms.seconds(pack.acquired_at)
        if name in bought:
            page = Page("", ends=0, paid_at=acquired)
            state = state.with_order(Order(name=name, lines=((pack.sku, pack.quantity),), expires=0, pages=(page,)))
        else:
            state = stock.granted(state, name, pack.sku, pack.quantity, acquired=acquired, now=0)
    return state


def _granted(table: StampedTable, wg: str, line: Line, expires_at: datetime) -> Pack:
    acquired_at = instants.plus_months(expires_at, -catalog().of(line.sku).validity_months)
    (pack,) = packs_of(
        wg,
        [OrderLine.of(catalog().of(line.sku), line.quantity)],
        acquisition=f"demo {expires_at}",
        source=Source(kind=SourceKind.DEMO),
        acquired_at=acquired_at,
    )
    stored.grant(table, [pack], reminder_days=POLICIES.pack_reminder_days)
    return pack


def _paid(shop: Shop, table: StampedTable, wg: str, number: int, quantity: int) -> tuple[Pack, str]:
    """The pack that an order paid at Stripe will become, and the session it was paid in."""
    wanted = PlaceOrder(**{**ORDER, "lines": [{"sku": SERVICE, "quantity": quantity}]})
    name = OrderName(workgroup_id=wg, order_id=named(Prefix.ORDER, wg, str(number)))
    using = buying_with(table.stamped(replace(table.stamp, request_id=f"{table.stamp.request_id}-{number}")))
    order = wanted.order(name, catalog(), POLICIES, by=using.table.stamp)
    placed, _ = ordering.place(using, name, wanted.request_hash(), lambda: order)
    shop.stripe.pay(placed.checkout.url)
    assert placed.checkout.session_id is not None
    payment = using.payments.read_checkout(placed.checkout.session_id).payment
    assert payment is not None
    (pack,) = packs_of(
        wg,
        placed.lines,
        acquisition=name.order_id,
        source=Source(kind=SourceKind.CARD, order_id=name.order_id),
        acquired_at=payment.charged_at,
    )
    return pack, placed.checkout.session_id


def _project(table: StampedTable, wg: str, name: str) -> str:
    own = table.stamped(replace(table.stamp, request_id=f"{table.stamp.request_id}-{name}"))
    project = Project(
        workgroup_id=wg,
        project_id=named(Prefix.PROJECT, wg, name),
        name="History",
        max_licenses_per_item=ITEM_LICENSES_MAX,
        created_at=own.stamp.at,
        created_by="tests",
        request_hash="",
    )
    created, _ = projects.create(own, project, warn_at=own.stamp.at)
    return created.project_id

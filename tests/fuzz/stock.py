"""What is really there on the stack, made by HTTP: who may ask, the ids to ask for, and what no stranger may see."""

import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from tests.harness.shop import ADDRESS
from tests.stack.running import LocalStack, wait_for

HELD, ORDERS_OPEN = 8, 4
"""How many runs and orders are made anew for an operation that ends such."""
CREATED_MAX = 20
"""So many of what an operation created are asked for afterwards."""
TENANTS = ("Northwind", "Contoso")
PAGED = ("packs", "projects", "orders", "journal")
SERVICE = "document-migration"
BOUGHT = {
    "mailbox-migration": 10_000,
    "document-migration": 10_000,
    "public-folder-migration": 3,
    "user-migration-bundle": 100,
    "device-management": 100,
}
ASSIGNED = ("user-migration-bundle", "device-management")
USER = "mailbox@tenant.example"
"""Whom licenses of those types may be assigned to."""
SUCCEEDS = "4242424242424242"
NO_IDS = ("item_id", "tax_id", "workgroup_id")
"""What ends like an id of ours, and is a caller's own word or a path's first."""

type Place = Mapping[str, str]
"""Ids that belong together, by the names that paths have for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    name: str
    authorization: str | None
    workgroups: frozenset[str] = frozenset()
    sees_all: bool = False
    """Whether any workgroup answers it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    name: str
    wg: str
    owner: str
    """The token of its administrator."""
    places: list[Place] = field(default_factory=list)
    cursors: list[str] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)
    """Pay pages at Stripe."""
    marks: set[str] = field(default_factory=set)
    """What stands in nothing but this tenant's own answers."""

    def at(self, *names: str) -> list[Place]:
        """The places that have all of these."""
        return [place for place in self.places if set(names) <= place.keys()]

    def ids(self, name: str) -> list[str]:
        return [place[name] for place in self.at(name)]

    def remember(self, **ids: str) -> None:
        place = {"wg": self.wg, **ids}
        if place not in self.places:
            self.places.append(place)
            self.marks.update(ids.values())


class Stock:
    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack
        self._names = count(1)
        self.callers = [*_known(stack), *_STRANGERS]
        self.tenants = [self._moved_in(name) for name in TENANTS]
        self.now = 0

    def refill(self, method: str, path: str) -> None:
        """Make again what this operation uses up, and look at the clock."""
        self.now = int(datetime.fromisoformat(self.stack.request("GET", "/dev/clock").json["now"]).timestamp())
        if method == "GET":
            return
        for tenant in self.tenants:
            if "{project_id}" in path:
                self._start(tenant, self._project(tenant, 100), HELD if "/runs" in path else 0)
            if "{order_id}" in path:
                for _ in range(ORDERS_OPEN):
                    self._order(tenant, {SERVICE: 1})

    def take_in(self, path: str, created: Any) -> None:  # noqa: ANN401  # any JSON
        """The ids of what was created there, so that it is asked for, too."""
        for tenant in self.tenants:
            if f"/{tenant.wg}/" in path:
                for ids in list(_ids_in(created))[:CREATED_MAX]:
                    tenant.remember(**ids)

    def settings(self, tenant: Tenant) -> Mapping[str, Any]:
        """What the workgroup is called and so on, as a change takes it."""
        answer = self.stack.request("GET", f"/v1/workgroups/{tenant.wg}", token=tenant.owner)
        return {name: value for name, value in answer.json.items() if name != "workgroup_id"}

    def put_back(self, tenant: Tenant, settings: Mapping[str, Any]) -> None:
        """Other tests share the stack, and know its people's workgroups by name."""
        path = f"/v1/workgroups/{tenant.wg}"
        assert self.stack.request("PATCH", path, token=tenant.owner, json=settings).status == 200

    def _moved_in(self, name: str) -> Tenant:
        persona = next(one for one in self.stack.personas if one["name"].endswith(name))
        tenant = Tenant(name=name, wg=persona["workgroup_id"], owner=persona["token"])
        tenant.marks.add(tenant.wg)
        for one in self.stack.personas:
            if one.get("workgroup_id") == tenant.wg:
                tenant.marks.add(self.stack.request("GET", "/v1/me", token=one["token"]).json["principal"])
        self._furnish(tenant)
        return tenant

    def _furnish(self, tenant: Tenant) -> None:
        """Projects, orders in every state there is without waiting for days, packs, and runs held and ended."""
        tenant.marks.add(f"{tenant.name}: for its own eyes")
        large, small = (self._project(tenant, most) for most in (100, 1))
        paid = self._order(tenant, BOUGHT)
        self._pay(paid["checkout_url"])
        wait_for(lambda: self._read(tenant, f"orders/{paid['order_id']}")["status"] == "paid")
        self._post(tenant, f"orders/{self._order(tenant, {SERVICE: 1})['order_id']}/cancel", {})
        self._order(tenant, {SERVICE: 2})
        for pack in self._read(tenant, "packs?limit=100")["items"]:
            tenant.remember(pack_id=pack["pack_id"])
        runs = self._start(tenant, large, 4) + self._start(tenant, small, 4)
        ends = [("succeeded", ["box 1", "box 2"]), ("failed", []), ("stopped", []), None] * 2
        for run, end in zip(runs, ends, strict=True):
            if end is not None:
                path = f"projects/{run['project_id']}/runs/{run['run_id']}/settle"
                self._post(tenant, path, {"outcome": end[0], "errors": end[1]})
        tenant.places.extend({"wg": tenant.wg, "user": USER, "sku": sku} for sku in ASSIGNED)
        lists = [*PAGED, f"projects/{large}/runs"]
        pages = [self._read(tenant, f"{path}?limit=1")["next_cursor"] for path in lists]
        tenant.cursors.extend(filter(None, pages))

    def _project(self, tenant: Tenant, most: int) -> str:
        body = {"name": "Move", "customer": f"{tenant.name}: for its own eyes", "max_licenses_per_item": most}
        project_id: str = self._post(tenant, "projects", body)["project_id"]
        tenant.remember(project_id=project_id)
        return project_id

    def _start(self, tenant: Tenant, project_id: str, number: int) -> list[dict[str, Any]]:
        if not number:
            return []
        items = [{"item_id": f"box-{one}"} for one in range(number)]
        body = {"service": SERVICE, "pass": "full", "items": items, "lease_seconds": 86_400}
        runs: list[dict[str, Any]] = self._post(tenant, f"projects/{project_id}/runs", body)["runs"]
        for run in runs:
            tenant.remember(project_id=project_id, run_id=run["run_id"])
        return runs

    def _order(self, tenant: Tenant, quantities: Mapping[str, int]) -> dict[str, Any]:
        lines = [{"sku": sku, "quantity": quantity} for sku, quantity in quantities.items()]
        body = {"lines": lines, "method": "card", "billing_address": ADDRESS, "email": "buyer@tenant.example"}
        order: dict[str, Any] = self._post(tenant, "orders", body)
        tenant.remember(order_id=order["order_id"])
        tenant.sessions.append(urlsplit(order["checkout_url"]).path.rpartition("/")[2])
        return order

    def _pay(self, checkout_url: str) -> None:
        page = urlsplit(checkout_url)
        connection = http.client.HTTPConnection(str(page.hostname), page.port or 80)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", page.path, f"card={SUCCEEDS}&name=Ada", form)
        assert connection.getresponse().status == http.HTTPStatus.SEE_OTHER
        connection.close()

    def _post(self, tenant: Tenant, path: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401  # any JSON
        answer = self.stack.request(
            "POST",
            f"/v1/workgroups/{tenant.wg}/{path}",
            token=tenant.owner,
            json=body,
            headers={"Idempotency-Key": f"stock-{next(self._names)}"},
        )
        assert answer.status < 300, (path, answer.body)
        return answer.json

    def _read(self, tenant: Tenant, path: str) -> Any:  # noqa: ANN401  # any JSON
        answer = self.stack.request("GET", f"/v1/workgroups/{tenant.wg}/{path}", token=tenant.owner)
        assert answer.status == 200, (path, answer.body)
        return answer.json


def _ids_in(created: Any) -> Iterator[dict[str, str]]:  # noqa: ANN401  # any JSON
    """The ids of each object in an answer, with those that it stands with."""
    if isinstance(created, dict):
        ids = {name: value for name, value in created.items() if name.endswith("_id") and isinstance(value, str)}
        ids = {name: value for name, value in ids.items() if name not in NO_IDS}
        if ids:
            yield ids
    for inner in created.values() if isinstance(created, dict) else created if isinstance(created, list) else ():
        yield from _ids_in(inner)


def _known(stack: LocalStack) -> list[Caller]:
    return [
        Caller(
            name=persona["name"],
            authorization=f"Bearer {persona['token']}",
            workgroups=frozenset({persona["workgroup_id"]} if "workgroup_id" in persona else ()),
            sees_all="workgroup_id" not in persona,
        )
        for persona in stack.personas
    ]


_STRANGERS = [
    Caller(name=f"a stranger ({named})", authorization=authorization)
    for named, authorization in {
        "nothing": None,
        "empty": "",
        "no token": "Bearer ",
        "no scheme": "phk_key",
        "other scheme": "Basic YWRhOmFkYQ==",
        "nonsense": "Bearer nonsense",
        "not ASCII": "Bearer \xe9",
        "unsigned": f"Bearer eyJhbGciOiJub25lIn0.{json.dumps({})}.",
        "absent key": f"Bearer phk_key_{'0' * 32}_{'0' * 64}",
        "long": f"Bearer {'x' * 9_000}",
    }.items()
]

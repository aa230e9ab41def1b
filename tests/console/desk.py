"""The console as a person uses it, and the API beside it to compare with."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Locator, Page, Route, expect

from tests.console.described import held
from tests.console.watch import Watch
from tests.harness.local_stack import LocalStack

PACKS = re.compile(r"/v1/workgroups/\w+/packs(\?|$)")
ORDERS = re.compile(r"/v1/workgroups/\w+/orders(\?|$)")
ORDER = re.compile(r"/v1/workgroups/\w+/orders/\w+$")
BALANCE = re.compile(r"/v1/workgroups/\w+/balance$")
WORKGROUP = re.compile(r"/v1/workgroups/\w+$")
ME = re.compile(r"/v1/me$")
PERSONAS = re.compile(r"/dev/personas$")
CLOCK = re.compile(r"/dev/clock$")
SCHEMAS = {
    ORDER: "OrderView",
    ORDERS: "OrderPage",
    BALANCE: "BalanceView",
    WORKGROUP: "WorkgroupView",
    ME: "Me",
}
"""What openapi.json calls the answers that tests write by hand. Packs show sources and states that are yet to come."""


@dataclass(frozen=True)
class Desk:
    page: Page
    stack: LocalStack
    watch: Watch

    def open(self, place: str = "") -> None:
        self.page.goto(f"/console/{place}")

    def sign_in(self, name: str = "Ada, Northwind") -> None:
        """Open the console and pick a persona; the next page has its heading, but maybe not its contents yet."""
        self.open()
        self.personas.filter(has_text=name).click()
        expect(self.heading).not_to_have_text("Sign in")

    def see_packs(self, name: str = "Ada, Northwind") -> None:
        """Sign in and wait until everything stands there."""
        self.sign_in(name)
        self.settled()

    def settled(self) -> None:
        """Wait until nothing is loading any more."""
        expect(self.page.get_by_text(re.compile("packs? shown"))).not_to_have_count(0)
        expect(self.page.locator("[aria-busy=true]")).to_have_count(0)
        expect(self.page.locator(".waiting")).to_have_count(0)

    @property
    def personas(self) -> Locator:
        return self.page.get_by_role("list", name="Personas").get_by_role("button")

    @property
    def heading(self) -> Locator:
        return self.page.get_by_role("heading", level=1)

    @property
    def alert(self) -> Locator:
        return self.page.get_by_role("alert")

    @property
    def status(self) -> Locator:
        return self.page.get_by_role("status")

    @property
    def rows(self) -> Locator:
        return self.page.get_by_role("row").filter(has=self.page.get_by_role("rowheader"))

    def choose(self, label: str, option: str) -> None:
        self.page.get_by_label(label).select_option(label=option)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name)

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name)

    def section(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=name)

    def workgroup_of(self, name: str) -> str:
        workgroup: str = self.persona(name)["workgroup_id"]
        return workgroup

    def api(self, path: str, *, name: str = "Ada, Northwind") -> Any:
        """What the API answers to this persona about its workgroup."""
        persona = self.persona(name)
        path = f"/v1/workgroups/{persona['workgroup_id']}{path}"
        answer = self.stack.request("GET", path, token=persona["token"])
        assert answer.status == 200
        return answer.json

    def packs(self, query: str = "", *, name: str = "Ada, Northwind") -> list[dict[str, Any]]:
        page = self.api(f"/packs?limit=100{query}", name=name)
        assert page["next_cursor"] is None
        packs: list[dict[str, Any]] = page["items"]
        return packs

    def answers(
        self, url: re.Pattern[str], body: object, *, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        """From now on, this answer and not the stack's; a success is one that the API describes."""
        if url in SCHEMAS and status < 400 and not isinstance(body, str):
            held(SCHEMAS[url], body)
        sent = {"Content-Type": "application/json" if status < 400 else "application/problem+json", **(headers or {})}
        text = body if isinstance(body, str) else json.dumps(body)
        self.page.route(url, lambda route: route.fulfill(status=status, headers=sent, body=text))

    def refuses(self, url: re.Pattern[str], status: int, title: str, detail: str, **more: Any) -> None:
        """From now on, this problem."""
        problem = {"type": f"https://packhouse.example/problems/{status}", "title": title, "status": status}
        self.answers(url, {**problem, "detail": detail, "instance": "a-request", **more}, status=status)

    def answers_truly(self, url: re.Pattern[str]) -> None:
        """From now on, the stack's own answers again."""
        self.page.unroute(url)

    @contextmanager
    def held(self, url: re.Pattern[str]) -> Iterator[Callable[[], None]]:
        """Keep requests waiting; what is yielded lets them go."""
        waiting: list[Route] = []
        self.page.route(url, lambda route: waiting.append(route))  # noqa: PLW0108  # Playwright wants a function

        def release() -> None:
            while waiting:
                waiting.pop().continue_()
            self.page.unroute(url)

        yield release

    def persona(self, name: str) -> dict[str, Any]:
        return next(persona for persona in self.stack.personas if persona["name"] == name)


def day(instant: str, zone: tzinfo = ZoneInfo("UTC")) -> str:  # noqa: B008  # it never changes
    """`24 Nov 2026`."""
    at = datetime.fromisoformat(instant).astimezone(zone)
    return f"{at.day} {at:%b} {at.year}"

"""Orders, placed by HTTP, and the fake Stripe's page on which a person pays them."""

import json
import re
import urllib.request
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import expect

from tests.console.desk import Desk
from tests.harness.shop import ORDER as WANTED

SUCCEEDS = "4242 4242 4242 4242"
DECLINES = "4000 0000 0000 0002"
BUYER = "Chen, Contoso"


@dataclass(frozen=True)
class Till:
    desk: Desk

    @property
    def stripe(self) -> str:
        return str(self.desk.stack.ready["stripe"])

    def placed(self, *, name: str = BUYER, **changes: Any) -> dict[str, Any]:
        """A fresh order of this persona's workgroup."""
        persona = self.desk.persona(name)
        answer = self.desk.stack.request(
            "POST",
            f"/v1/workgroups/{persona['workgroup_id']}/orders",
            token=persona["token"],
            json={**WANTED, **changes},
            headers={"Idempotency-Key": str(uuid.uuid4())},
        )
        assert answer.status == 201
        order: dict[str, Any] = answer.json
        return order

    def pay(self, card: str = SUCCEEDS) -> None:
        """On the pay page: fill in the form and send it."""
        self.desk.page.get_by_label("Card number").fill(card)
        self.desk.page.get_by_role("button", name=re.compile(r"Pay \$")).click()

    def give_up(self) -> None:
        """On the pay page: go back without paying."""
        self.desk.link("Cancel and go back").click()

    def read(self, order: Mapping[str, Any], *, name: str = BUYER) -> Any:
        return self.desk.api(f"/orders/{order['order_id']}", name=name)

    def faults(self, wanted: Mapping[str, object]) -> None:
        """From now on, this goes wrong at Stripe."""
        self._asked("POST", "faults", wanted)

    def lose_webhooks(self) -> None:
        """From now on, Packhouse isn't told what happens at Stripe."""
        self.faults({"webhooks": {"drop": 1000}})

    def deliver_lost_webhooks(self) -> None:
        """Packhouse is told after all."""
        deliveries = self._asked("GET", "webhooks?wait_seconds=30")
        assert deliveries["pending"] == 0
        self.faults({})
        for event in {each["event"] for each in deliveries["items"] if each["last"] == "dropped"}:
            self._asked("POST", f"events/{event}/resend", {})

    def _asked(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        sent = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"{self.stripe}/_fake/{path}", sent, method=method)  # noqa: S310  # our own
        with urllib.request.urlopen(asked) as answer:  # noqa: S310  # the same
            return json.load(answer)


def expect_standing(desk: Desk, title: str) -> None:
    """Where the order is said to stand; news from Stripe may take a while."""
    expect(desk.page.locator(".standing h2")).to_have_text(title, timeout=30_000)

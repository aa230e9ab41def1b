"""What is really there on a stack, made by HTTP: who may ask, and the ids and words to ask with."""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from packhouse.catalog import catalog
from packhouse.payments.stripe import EVENT_TYPES
from tests.harness.local_stack import wait_for
from tests.harness.shop import ADDRESS
from tests.proofs.fuzz.asking import AS_DESCRIBED, Description, Words
from tests.proofs.fuzz.judging import Caller

HOME = "Fabrikam Distribution"
"""Whose workgroup is fuzzed: one that no other test of a shared stack looks into."""
SERVICE, BUNDLE = "document-migration", "user-migration-bundle"
USERS = ("mailbox@tenant.example", "zürich@tenant.example")
RUNS, ORDERS = 8, 4
"""How many are made anew for each operation that names such in its path."""
OWNERS = 12
"""So many times as often as any other caller, the workgroup's administrator asks."""
SUCCEEDS = "4242424242424242"
WEBHOOK = "/v1/webhooks/stripe"
WEBHOOK_SECRETS = ("whsec_local_current", "whsec_local_previous")
"""Those of `dev/stack/stripe.py`, which open nothing but a local stack."""
SECONDS_MAX = 60.0


class Stock:
    def __init__(self, ready: Mapping[str, Any]) -> None:
        """`ready`: what a stack's stack.json says."""
        self.api: str = ready["api"]
        self._personas: list[dict[str, Any]] = ready["personas"]
        home = next(one for one in self._personas if one["name"].endswith(HOME))
        self._wg: str = home["workgroup_id"]
        self._owner = _with_token(home["token"])
        self._keys = count(1)
        paid = self._order(10_000, BUNDLE)
        self._pay(paid["checkout_url"])
        wait_for(lambda: self._get(f"orders/{paid['order_id']}")["status"] == "paid")
        self._packs = [pack["pack_id"] for pack in self._get("packs")["items"]]

    def callers(self, label: str) -> list[Caller]:
        """The owner more often than everybody else: the other personas, and who isn't known at all."""
        if label.endswith(WEBHOOK):
            return [_stripe(self.now(), secret) for secret in (*WEBHOOK_SECRETS, *WEBHOOK_SECRETS, "whsec_of_nobody")]
        owner = Caller(name="the owner", session=self._owner, workgroups=(self._wg,))
        others = [
            Caller(
                name=persona["name"],
                session=_with_token(persona["token"]),
                workgroups=(persona["workgroup_id"],) if "workgroup_id" in persona else None,
            )
            for persona in self._personas
        ]
        return [*[owner] * OWNERS, *others, *strangers()]

    def words(self, label: str) -> Words:
        """The schemas of what is there, by name; what the operation uses up is made anew."""
        path = label.partition(" ")[2]
        project_id = self._post("projects", {"name": "Move", "max_licenses_per_item": 100})["project_id"]
        runs = self._runs(project_id) if "/runs" in path else []
        orders = [self._order(1)["order_id"] for _ in range(ORDERS)] if "{order_id}" in path else []
        entitled = self._entitled() if "/entitlements/" in path else {}
        listed = path.replace("{wg}", self._wg).replace("{project_id}", project_id)
        return {
            **WORDS,
            **entitled,
            "wg": _one_of(self._wg),
            "project_id": _one_of(project_id),
            "project": _one_of(project_id),
            "run_id": _one_of(*runs),
            "run_ids": _several(_one_of(*runs)),
            "order_id": _one_of(*orders),
            "pack_id": _one_of(*self._packs),
            "pack": _one_of(*self._packs),
            "cursor": _one_of(self._cursor(listed)) if label.startswith("GET ") and "xlsx" not in path else {},
        }

    def described(self, description: Description) -> Description:
        """With the body of the webhook, which is Stripe's to describe."""
        session = urlsplit(self._order(1)["checkout_url"]).path.rpartition("/")[2]
        webhook = {**description["paths"][WEBHOOK]["post"], "requestBody": _event_of(session), AS_DESCRIBED: True}
        return {**description, "paths": {**description["paths"], WEBHOOK: {"post": webhook}}}

    @contextmanager
    def put_back(self) -> Iterator[None]:
        """Leave the workgroup called what it was."""
        before = self._get("")
        yield
        changes = {name: value for name, value in before.items() if name != "workgroup_id"}
        assert self._owner.patch(self._url(""), json=changes, timeout=SECONDS_MAX).status_code == 200

    def now(self) -> int:
        clock = requests.get(f"{self.api}/dev/clock", timeout=SECONDS_MAX).json()
        return int(datetime.fromisoformat(clock["now"]).timestamp())

    def _cursor(self, path: str) -> str | None:
        """That of the second page, if this is a list of several pages."""
        page = self._owner.get(f"{self.api}{path}", params={"limit": 1}, timeout=SECONDS_MAX)
        cursor: str | None = page.json().get("next_cursor")
        return cursor

    def _entitled(self) -> Words:
        """Who is entitled to what."""
        for user in USERS:
            answer = self._owner.put(self._url(f"entitlements/{quote(user)}/{BUNDLE}"), timeout=SECONDS_MAX)
            assert answer.status_code in {200, 201}, answer.text
        return {"user": _one_of(*USERS), "sku": _one_of(BUNDLE)}

    def _runs(self, project_id: str) -> list[str]:
        items = [{"item_id": f"box-{number}"} for number in range(RUNS)]
        body = {"service": SERVICE, "pass": "full", "items": items, "lease_seconds": 86_400}
        return [run["run_id"] for run in self._post(f"projects/{project_id}/runs", body)["runs"]]

    def _order(self, quantity: int, *also: str) -> Any:
        lines = [{"sku": SERVICE, "quantity": quantity}, *({"sku": sku, "quantity": 100} for sku in also)]
        body = {"lines": lines, "method": "card", "billing_address": ADDRESS, "email": "buyer@fabrikam.example"}
        return self._post("orders", body)

    def _pay(self, checkout_url: str) -> None:
        form = {"card": SUCCEEDS, "name": "Fatou"}
        answer = requests.post(checkout_url, data=form, allow_redirects=False, timeout=SECONDS_MAX)
        assert answer.status_code == 303, answer.text

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        headers = {"Idempotency-Key": f"stock-{self.now()}-{next(self._keys)}"}
        answer = self._owner.post(self._url(path), json=body, headers=headers, timeout=SECONDS_MAX)
        assert answer.status_code == 201, (path, answer.text)
        return answer.json()

    def _get(self, path: str) -> Any:
        answer = self._owner.get(self._url(path), timeout=SECONDS_MAX)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    def _url(self, path: str) -> str:
        return f"{self.api}/v1/workgroups/{self._wg}/{path}".rstrip("/")


def strangers() -> list[Caller]:
    """Who isn't known at all."""
    tokens = {"nothing": None, "nonsense": "nonsense", "an absent key": f"phk_key_{'0' * 32}_{'0' * 64}"}
    return [Caller(name=f"a stranger with {what}", session=_with_token(token)) for what, token in tokens.items()]


def _with_token(token: str | None) -> requests.Session:
    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.pop("Authorization", None)
        if token is not None:
            request.headers["Authorization"] = f"Bearer {token}"
        return request

    return _signing(sign)


def _stripe(now: int, secret: str) -> Caller:
    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        sent = body if isinstance(body, bytes) else str(body).encode()
        digest = hmac.new(secret.encode(), f"{now}.".encode() + sent, hashlib.sha256).hexdigest()
        request.headers["Stripe-Signature"] = f"t={now},v1={digest}"
        return request

    return Caller(name=f"Stripe with {secret}", session=_signing(sign))


def _signing(sign: Any) -> requests.Session:
    session = requests.Session()
    session.auth = sign
    return session


def _one_of(*values: Any) -> dict[str, Any]:
    return {"enum": list(values)}


def _several(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema, "minItems": 1, "maxItems": 5, "uniqueItems": True}


def _event_of(session: str) -> dict[str, Any]:
    """What Stripe sends of this one session, or of a kind that means nothing here, or no event at all.

    One of a session that Stripe doesn't know would come back to the queue's worker for minutes.
    """
    known = _object(
        id={"type": "string"}, type=_one_of(*EVENT_TYPES), data=_object(object=_object(id=_one_of(session)))
    )
    passed_over = _object(id={}, type=_one_of("balance.available", "charge.refunded"), data={})
    nameless = _object(id=_one_of(None, 7, []), type=_one_of(*EVENT_TYPES), data={})
    none = {"type": ["object", "array", "string", "null", "number"], "maxProperties": 0}
    schema = {"anyOf": [known, passed_over, nameless, none]}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def _text(most: int) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^[A-Za-z0-9 äøß東京🚚'&<=+/%-]{{0,{most - 1}}}[a-z]$"}


WORDS: Words = {
    "Idempotency-Key": _one_of(*(f"key-{number}" for number in range(200))),
    "service": _one_of(SERVICE, "public-folder-migration", "device-provisioning"),
    "sku": _one_of(*(kind.sku for kind in catalog())),
    "quantity": _one_of(1, 2, 20),
    "lease_seconds": _one_of(60, 3_600, 86_400),
    "licenses": _one_of(1, 2, 3),
    "licenses_used": _one_of(1, None),
    "user": _one_of(*USERS, "Zürich@tenant.example", None),
    "billing_address": _one_of(ADDRESS),
    "shipping_address": _one_of(ADDRESS, None),
    "email": _one_of("ada@northwind.example", "A.B+c@contoso.example"),
    "expected_total": _one_of(None),
    "item_id": {"type": "string", "format": "uuid"},
    "name": _text(60),
    "customer": {"anyOf": [_text(60), {"type": "null"}]},
    "reference": {"anyOf": [_text(60), {"type": "null"}]},
    "errors": {"type": "array", "items": _text(40), "maxItems": 3},
    "error_count": _one_of(None),
    "time_zone": _one_of("UTC", "America/New_York", "Pacific/Kiritimati"),
    "low_balance": _one_of({}, {SERVICE: 3}, None),
    "notify": _one_of([], ["ada@fabrikam.example"], None),
    "from": _one_of("2026-01-01", "2024-02-29", "2000-01-01"),
    "to": _one_of("2026-12-31", "2999-12-31"),
}
"""What means the same everywhere."""

"""Rules of entitlements: assigned, withdrawn, listed; what covers; runs that need no license, and retries of errors."""

from typing import Any
from urllib.parse import quote

import hypothesis.strategies as st

from tests.proofs.model import model_entitlements
from tests.proofs.model.machine import NOBODY, NOWHERE, PICK, Machine, move, of, query, refusing
from tests.proofs.model.model import Run
from tests.proofs.model.rules_runs import ANN, SettleRules, StartRules, recent, work

BUNDLE, DEVICES = "user-migration-bundle", "device-management"
USERS = [ANN, "bob@example.com", "zoë/100%+#x"]
NAMED = st.sampled_from([None, ANN, ANN, *USERS])
SKUS = st.sampled_from([BUNDLE, BUNDLE, BUNDLE, DEVICES])
SERVICES = st.sampled_from(
    [*["mailbox-migration"] * 5, "document-migration", "device-provisioning", "health-check", "gardening"]
)
ASSIGNERS = st.sampled_from(["amy", "max", "ada"])
LICENSES = st.sampled_from([1, 1, 1, 2, 6, 40])
NEEDS = st.lists(st.tuples(NAMED, LICENSES), min_size=1, max_size=6)
ERRORS = st.sampled_from([["mail-1"], ["mail-2", "mail-1"], ["mail-1", "mail-2", "mail-3"]])
ODD = st.sampled_from(["nobody", "unsold", "spent", "others", "others"])


class EntitlementRules(Machine):
    @move(weight=4, pick=PICK, sku=SKUS, who=ASSIGNERS, louder=st.booleans())
    def assign(self, pick: int, sku: str, who: str, louder: bool) -> None:  # noqa: FBT001  # a strategy's
        """To a user, spelled in one way or another."""
        user = of(USERS, pick)
        self.assigned(user, sku, who=who, spelled=f" {user.upper()}" if louder else user)

    @move(weight=2, when=lambda self: self.house.entitlements, pick=PICK, who=ASSIGNERS)
    def withdraw(self, pick: int, who: str) -> None:
        """The newest first."""
        user, sku = of([*self.house.entitlements][::-1], pick)
        self.withdrawn(user, sku, who=who)

    @move(
        user=st.sampled_from([None, None, ANN]),
        limit=st.sampled_from([1, 1, 100]),
        who=st.sampled_from(["worker", "amy", "otto"]),
    )
    def list_entitlements(self, user: str | None, limit: int, who: str) -> None:
        expected = model_entitlements.listed(self.house, user=user)
        asked = query(user=quote(user, safe="") if user else None)
        self.listed("list entitlements", f"entitlements{asked}", expected, limit=limit, who=who)

    @move(weight=2, service=SERVICES, user=NAMED, licenses=LICENSES)
    def ask_for_coverage(self, service: str, user: str | None, licenses: int) -> None:
        asked = query(service=service, user=quote(user, safe="") if user else None, licenses=licenses)
        answer = self.call("GET", f"coverage{asked}")
        self.agree("coverage", answer, lambda: model_entitlements.coverage(self.house, service, user, licenses))
        if answer.status == 200:
            self.met("decided", answer.body["decision"])

    @move(weight=2, service=SERVICES, needs=NEEDS)
    def count_coverage(self, service: str, needs: list[tuple[str | None, int]]) -> None:
        items = [{**({"user": user} if user else {}), "licenses": licenses} for user, licenses in needs]
        answer = self.call("POST", "coverage", json={"service": service, "items": items})
        self.agree("count coverage", answer, lambda: model_entitlements.count(self.house, service, items))

    @move(odd=ODD)
    def assign_oddly(self, odd: str) -> None:
        match odd:
            case "nobody":
                self.withdrawn("nobody", BUNDLE, who="amy")
            case "unsold":
                self.assigned(ANN, "gardening", who="amy")
                self.withdrawn(ANN, "gardening", who="amy")
            case "spent":
                self.assigned(ANN, "mailbox-migration", who="amy")
            case _:
                for who, slug in (("worker", "not-permitted"), ("otto", "not-permitted"), ("cora", "not-found")):
                    for method in ("PUT", "DELETE"):
                        self.agree("assign oddly", self.call(method, _path(ANN, BUNDLE), who), refusing(slug))
                answer = self.call("GET", "coverage?service=mailbox-migration&licenses=0")
                self.agree("assign oddly", answer, refusing("invalid-request"))

    def assigned(self, user: str, sku: str, *, who: str, spelled: str | None = None) -> None:
        answer = self.call("PUT", _path(spelled or user, sku), who)
        self.agree("assign", answer, lambda: model_entitlements.assign(self.house, user, sku))
        if answer.status < 400:
            self.met("assigned", {201: "now", 200: "before"}[answer.status])

    def withdrawn(self, user: str, sku: str, *, who: str) -> None:
        answer = self.call("DELETE", _path(user, sku), who)
        self.agree("withdraw", answer, lambda: model_entitlements.withdraw(self.house, user, sku))


class UnlicensedRules(StartRules, SettleRules):
    @move(
        weight=4,
        when=lambda self: self.house.projects,
        pick=PICK,
        service=SERVICES,
        users=st.lists(NAMED, min_size=1, max_size=3),
    )
    def start_for_users(self, pick: int, service: str, users: list[str | None]) -> None:
        body = work(*[1] * len(users), service=service)
        for item, user in zip(body["items"], users, strict=True):
            item.update({"user": user} if user else {})
        self.started(of(self.places(), pick), self.key(), body, who="worker")

    @move(weight=3, when=lambda self: self.open_ones(), pick=PICK, errors=ERRORS, count=st.sampled_from([None, 7]))
    def leave_errors(self, pick: int, errors: list[str], count: int | None) -> None:
        """A success that leaves errors; of a retry also such as its parent never had."""
        run = of(self.open_ones(), pick)
        said = {"outcome": "succeeded", "errors": errors, **({"error_count": count} if count else {})}
        self.settled(run.project_id, run.run_id, said, who="worker")

    @move(
        weight=4,
        when=lambda self: self.parents(),
        pick=PICK,
        errors=st.sampled_from([None, None, ["mail-1"], ["mail-1", "mail-9"]]),
        user=st.sampled_from([None, ANN]),
        left=st.sampled_from([None, None, ["mail-1"], ["mail-9"]]),
    )
    def retry(self, pick: int, errors: list[str] | None, user: str | None, left: list[str] | None) -> None:
        """And maybe leave errors once more: some that the parent left, or others."""
        run, runs = of(self.parents(), pick), len(self.house.runs)
        said: dict[str, Any] = {**({"errors": errors} if errors else {}), **({"user": user} if user else {})}
        self.retried(run.project_id, run, **said)
        if left and len(self.house.runs) > runs:
            newest = recent(self)[0]
            self.settled(newest.project_id, newest.run_id, {"outcome": "succeeded", "errors": left}, who="worker")

    @move(when=lambda self: self.parents(), pick=PICK)
    def retry_to_the_last(self, pick: int) -> None:
        """As often as may be, and once more."""
        run = of(self.parents(), pick)
        while run.root.retries < self.house.policies["retries_per_root_max"]:
            runs = len(self.house.runs)
            self.retried(run.project_id, run)
            if len(self.house.runs) == runs:  # nothing can be started there any more
                return
        self.retried(run.project_id, run)

    @move(when=lambda self: self.house.runs, pick=PICK, odd=st.sampled_from(["any", "item", "service", "project"]))
    def retry_oddly(self, pick: int, odd: str) -> None:
        """Whatever came of the parent; as another item, or of another service, or what isn't there."""
        run = of(recent(self), pick)
        match odd:
            case "any":
                self.retried(run.project_id, run)
            case "item":
                self.retried(run.project_id, run, item_id="another")
            case "service":
                self.retried(run.project_id, run, service="health-check")
            case _:
                elsewhere = [*self.house.projects, NOWHERE]
                self.retried(of(elsewhere, pick), run)
                self.retried(run.project_id, run, parent_run_id=NOBODY)

    def retried(self, project_id: str, run: Run, *, service: str | None = None, **said: object) -> None:
        item: dict[str, Any] = {"item_id": run.item_id, "licenses": 1, "parent_run_id": run.run_id, **said}
        body = {"service": service or run.service, "pass": "retry_errors", "items": [item]}
        self.started(project_id, self.key(), body, who="worker", rule="retry")

    def parents(self) -> list[Run]:
        """What may be retried, the newest first."""
        return [
            run for run in recent(self) if run.ending and run.ending.outcome == "succeeded" and run.ending.error_count
        ]

    def open_ones(self) -> list[Run]:
        """What can be settled: retries first, the newest of each first."""
        still_open = [run for run in recent(self) if run.is_open(self.house.now)]
        return sorted(still_open, key=lambda run: run.parent is None)

    def places(self) -> list[str]:
        """Where to start: twice each project that is active, once each other one."""
        active = [one.project_id for one in self.house.projects.values() if one.state == "active"]
        return [*active, *(one for one in self.house.projects if one not in active), *active]


def _path(user: str, sku: str) -> str:
    return f"entitlements/{quote(user, safe='')}/{sku}"

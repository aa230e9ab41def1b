"""Rules of runs: started, kept alive and settled, one by one and in batches, again and otherwise."""

from collections.abc import Mapping
from typing import Any

import hypothesis.strategies as st

from tests.proofs.model import model_runs
from tests.proofs.model.machine import NOBODY, NOWHERE, PICK, Machine, move, of, principal
from tests.proofs.model.model import Named, Project, Run
from tests.proofs.model.model_runs import PACKS_PER_RUN_MAX

ANN = "ann@example.com"
SERVICES = st.sampled_from(
    [
        *["mailbox-migration"] * 14,
        *["document-migration"] * 2,
        "public-folder-migration",
        "device-provisioning",
        "gardening",
    ]
)
ITEMS = st.lists(
    st.tuples(st.sampled_from([*[1] * 7, 2, 2, 3, 6]), st.sampled_from([None, None, ANN])), min_size=1, max_size=3
)
LEASES = st.sampled_from([None, 60, 3600, 86_400])
WHO = st.sampled_from(["worker", "worker", "amy", "max", "platform"])
SECONDS = st.sampled_from([60, 3600, 86_400])
ENDINGS = st.one_of(
    st.just({"outcome": "succeeded"}),
    st.just({"outcome": "failed"}),
    st.fixed_dictionaries({"outcome": st.just("succeeded"), "licenses_used": st.integers(1, 3)}),
    st.fixed_dictionaries(
        {"outcome": st.sampled_from(["succeeded", "failed", "stopped"])},
        optional={
            "errors": st.sampled_from([["mail-1"], ["mail-2", "mail-1"]]),
            "error_count": st.sampled_from([2, 7]),
        },
    ),
)
ODD_ENDINGS: list[dict[str, Any]] = [
    {"outcome": "failed", "licenses_used": 1},
    {"outcome": "succeeded", "errors": ["a", "a"]},
    {"outcome": "succeeded", "errors": ["a", "b"], "error_count": 1},
    {"outcome": "lapsed"},
    {"outcome": "succeeded", "licenses_used": 0},
]
ODD_STARTS: list[dict[str, Any]] = [
    {"lease_seconds": 59},
    {"items": []},
    {"items": [{"item_id": "box", "licenses": 0}]},
    {"items": [{"item_id": "box"}, {"item_id": " box "}]},
    {"pass": "half"},
    {"surprise": 1},
]


class StartRules(Machine):
    @move(
        weight=4, when=lambda self: self.house.projects, pick=PICK, service=SERVICES, items=ITEMS, lease=LEASES, who=WHO
    )
    def start(self, pick: int, service: str, items: list[tuple[int, str | None]], lease: int | None, who: str) -> None:
        body = work(*(licenses for licenses, _ in items), service=service)
        for item, (_, user) in zip(body["items"], items, strict=True):
            item.update({"user": user} if user else {})
        body |= {"lease_seconds": lease} if lease else {}
        self.started(of(list(self.house.projects), pick), self.key(), body, who=who)

    @move(
        when=lambda self: self.house.projects,
        licenses=st.sampled_from([[1] * 5, [1] * 25, [6], [1, 6], [7, 7]]),
        who=WHO,
    )
    def start_much(self, licenses: list[int], who: str) -> None:
        """Many items, or much for one, in the project that allows most."""
        self.started(self.roomiest().project_id, self.key(), work(*licenses), who=who)

    @move(weight=2, when=lambda self: self.crumbled(), beside=st.booleans())
    def start_on_crumbs(self, beside: bool) -> None:  # noqa: FBT001  # a strategy's
        """More for one item than the packs that go first let one run have."""
        licenses = [*([1] if beside else []), PACKS_PER_RUN_MAX + 1]
        self.started(self.roomiest().project_id, self.key(), work(*licenses), who="worker")

    def crumbled(self) -> bool:
        """Whether more packs than one run may be spread over go first, with a license each."""
        first = list(self.house.stock("mailbox-migration").values())[: PACKS_PER_RUN_MAX + 1]
        return first == [1] * (PACKS_PER_RUN_MAX + 1) and self.roomiest().most > PACKS_PER_RUN_MAX

    def roomiest(self) -> Project:
        """The project that allows most for one item, if it can be one that is active."""
        return max(self.house.projects.values(), key=lambda one: (one.state == "active", one.most))

    @move(weight=2, when=lambda self: self.starts(), pick=PICK, otherwise=st.booleans(), who=WHO)
    def start_again(self, pick: int, otherwise: bool, who: str) -> None:  # noqa: FBT001  # a strategy's
        """The same key; with the same body, spelled in another way, or with another body."""
        project_id, key, named = of(self.starts(), pick)
        body = {**named.body, "lease_seconds": 61} if otherwise else _respelled(named.body)
        canonical = body if otherwise else named.body
        self.started(project_id, key, body, who=who, canonical=canonical)

    def started(  # what a start is made of
        self,
        project_id: str,
        key: str,
        body: dict[str, Any],
        *,
        who: str,
        canonical: dict[str, Any] | None = None,
        rule: str = "start",
    ) -> None:
        answer = self.call("POST", f"projects/{project_id}/runs", who, json=body, key=key)
        ids = [run["run_id"] for run in answer.body.get("runs", [])]
        said = canonical or body
        self.agree(
            rule,
            answer,
            lambda: model_runs.start(self.house, project_id, key, said, by=principal(who), ids=ids),
        )
        for run in answer.body.get("runs", []):
            self.met("begun", run["coverage"])

    def starts(self) -> list[tuple[str, str, Named]]:
        """Project, key and body of every start that started something."""
        return [
            (path.split("/")[1], key, named) for (path, key), named in self.house.names.items() if path.endswith("runs")
        ]


class LeaseRules(Machine):
    @move(weight=2, when=lambda self: self.house.runs, pick=PICK, seconds=SECONDS)
    def heartbeat(self, pick: int, seconds: int) -> None:
        run = of(recent(self), pick)
        self.kept_alive(run.project_id, run.run_id, seconds)

    @move(
        when=lambda self: self.house.projects,
        picks=st.lists(PICK, min_size=1, max_size=3),
        seconds=SECONDS,
        project=PICK,
    )
    def heartbeats(self, picks: list[int], seconds: int, project: int) -> None:
        project_id = of([*self.house.projects] * 4 + [NOWHERE], project)
        run_ids = list(dict.fromkeys(of(around(self, project_id), pick) for pick in picks))
        body = {"run_ids": run_ids, "lease_seconds": seconds}
        answer = self.call("POST", f"projects/{project_id}/runs/heartbeat", json=body)
        self.agree("heartbeats", answer, lambda: model_runs.heartbeats(self.house, project_id, run_ids, seconds))
        for result in answer.body.get("results", []):
            self.met("of heartbeats", result["status"])

    def kept_alive(self, project_id: str, run_id: str, seconds: int) -> None:
        path = f"projects/{project_id}/runs/{run_id}/heartbeat"
        answer = self.call("POST", path, json={"lease_seconds": seconds})
        self.agree("heartbeat", answer, lambda: model_runs.heartbeat(self.house, project_id, run_id, seconds))


class SettleRules(Machine):
    @move(weight=4, when=lambda self: self.house.runs, pick=PICK, ending=ENDINGS, who=WHO)
    def settle(self, pick: int, ending: dict[str, Any], who: str) -> None:
        run = of(recent(self), pick)
        self.settled(run.project_id, run.run_id, ending, who=who)

    @move(weight=6, when=lambda self: self.overdue(), pick=PICK, ending=ENDINGS)
    def settle_overdue(self, pick: int, ending: dict[str, Any]) -> None:
        run = of(self.overdue(), pick)
        self.settled(run.project_id, run.run_id, ending, who="worker")

    def overdue(self) -> list[Run]:
        """Holds of licenses whose packs have expired meanwhile."""
        now = self.house.now
        expired = {pack_id for pack_id, pack in self.house.packs.items() if pack.expires_at <= now}
        return [run for run in self.house.runs.values() if run.state(now) == "held" and expired & run.allocation.keys()]

    @move(when=lambda self: any(run.ending for run in self.house.runs.values()), pick=PICK)
    def settle_again(self, pick: int) -> None:
        """As it was settled before, all of it said."""
        run = of([run for run in self.house.runs.values() if run.ending], pick)
        self.settled(run.project_id, run.run_id, as_settled(run), who="amy")

    @move(
        when=lambda self: self.house.projects,
        picks=st.lists(st.tuples(PICK, ENDINGS), min_size=1, max_size=3),
        project=PICK,
        again=st.booleans(),
    )
    def settlements(self, picks: list[tuple[int, dict[str, Any]]], project: int, again: bool) -> None:  # noqa: FBT001  # a strategy's
        project_id = of([*self.house.projects] * 4 + [NOWHERE], project)
        bodies: dict[str, dict[str, Any]] = {}
        for pick, ending in picks:
            run_id = of(around(self, project_id), pick)
            run = self.house.runs.get(run_id)
            said = as_settled(run) if again and run and run.ending else ending
            bodies[run_id] = {"run_id": run_id, **said}
        answer = self.call("POST", f"projects/{project_id}/runs/settle", json={"settlements": list(bodies.values())})
        self.agree(
            "settlements",
            answer,
            lambda: model_runs.settlements(self.house, project_id, list(bodies.values()), by=principal("worker")),
        )
        for result in answer.body.get("results", []):
            self.met("of settlements", result["status"])

    def settled(self, project_id: str, run_id: str, ending: dict[str, Any], *, who: str) -> None:
        answer = self.call("POST", f"projects/{project_id}/runs/{run_id}/settle", who, json=ending)
        before = [(pack.available, pack.expired) for pack in self.house.packs.values()]
        self.agree(
            "settle", answer, lambda: model_runs.settled(self.house, project_id, run_id, ending, by=principal(who))
        )
        after = [(pack.available, pack.expired) for pack in self.house.packs.values()]
        for (available, expired), (more_available, more_expired) in zip(before, after, strict=True):
            if more_available > available:
                self.met("given back", "available")
            if more_expired > expired:
                self.met("given back", "expired")


def work(*licenses: int, service: str = "mailbox-migration") -> dict[str, Any]:
    """The body that starts a service on so many items, each of so many licenses."""
    items = [{"item_id": f"box-{number}", "licenses": quantity} for number, quantity in enumerate(licenses)]
    return {"service": service, "pass": "full", "items": items}


def recent(machine: Machine) -> list[Run]:
    """The runs, the newest first, so that small picks choose what is most likely to be held."""
    return list(machine.house.runs.values())[::-1]


def around(machine: Machine, project_id: str) -> list[str]:
    """The ids of a project's runs, the newest first, of a run of another project, and of none."""
    own = [run.run_id for run in recent(machine) if run.project_id == project_id]
    others = [run.run_id for run in recent(machine) if run.project_id != project_id]
    return [*own, *others[:1], NOBODY]


def as_settled(run: Run) -> dict[str, Any]:
    """The settlement that ended a run, with nothing left to a default."""
    assert run.ending is not None
    used = {"licenses_used": run.ending.used} if run.ending.used else {}
    return {
        "outcome": run.ending.outcome,
        "errors": list(run.ending.errors),
        "error_count": run.ending.error_count,
        **used,
    }


def _respelled(body: Mapping[str, Any]) -> dict[str, Any]:
    """The same request in other words: a default left out, a user in capitals, spaces around an id."""
    items = [
        {
            **{name: value for name, value in item.items() if (name, value) != ("licenses", 1)},
            "item_id": f" {item['item_id']} ",
            **({"user": item["user"].upper()} if "user" in item else {}),
        }
        for item in body["items"]
    ]
    return {**body, "items": items}

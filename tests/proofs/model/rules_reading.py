"""Rules of reading: one by one, in lists walked page by page, and by those who may not."""

from typing import Any

import hypothesis.strategies as st

from tests.harness.world import CONTOSO, NORTHWIND
from tests.proofs.model import model_projects, model_runs, model_stock
from tests.proofs.model.machine import NOBODY, NOWHERE, PICK, Machine, move, of, query, refusing
from tests.proofs.model.model import Run
from tests.proofs.model.rules_runs import ODD_ENDINGS, ODD_STARTS, LeaseRules, SettleRules, StartRules, recent, work

PACK_STATES = st.sampled_from(["", "", "active", "exhausted", "expired", "active,expired"])
RUN_STATES = st.sampled_from(["", "", "", "held", "lapsed", "consumed,released"])
LIMITS = st.sampled_from([1, 3, 100])
READERS = st.sampled_from(["worker", "amy", "otto"])


class ReadingRules(Machine):
    @move(when=lambda self: self.house.packs and self.house.runs, pick=PICK, who=READERS)
    def read(self, pick: int, who: str) -> None:
        pack_id = of([*self.house.packs, "pack_1"], pick)
        answer = self.call("GET", f"packs/{pack_id}", who)
        self.agree("read pack", answer, lambda: model_stock.read_pack(self.house, pack_id))
        self.agree("balance", self.call("GET", "balance", who), lambda: model_stock.balance(self.house))
        run_id = of([*(run.run_id for run in recent(self)), NOBODY], pick)
        run = self.house.runs.get(run_id)
        project_id = run.project_id if run else NOWHERE
        answer = self.call("GET", f"projects/{project_id}/runs/{run_id}", who)
        self.agree("read run", answer, lambda: model_runs.read(self.house, project_id, run_id))
        if run and run.state(self.house.now) == "lapsed":
            self.met("read as lapsed", "once swept" if run.booked_at else "before the sweep")
        answer = self.call("GET", f"projects/{project_id}", who)
        self.agree("read project", answer, lambda: model_projects.read(self.house, project_id))

    @move(
        sku=st.sampled_from(["", "mailbox-migration", "document-migration"]),
        state=PACK_STATES,
        projects=st.booleans(),
        limit=LIMITS,
    )
    def list_packs(self, sku: str, state: str, projects: bool, limit: int) -> None:  # noqa: FBT001  # a strategy's
        if projects:
            self.listed("list projects", "projects", model_projects.listed(self.house), limit=limit)
        expected = model_stock.packs(self.house, sku=sku or None, states=_several(state))
        self.listed("list packs", f"packs{query(sku=sku, state=state)}", expected, limit=limit)

    @move(
        when=lambda self: self.house.projects,
        pick=PICK,
        state=RUN_STATES,
        item_id=st.sampled_from(["", "", "box-0", "box-1"]),
        is_open=st.sampled_from([None, None, True, False]),
        limit=LIMITS,
    )
    def list_runs(self, pick: int, state: str, item_id: str, is_open: bool | None, limit: int) -> None:  # noqa: FBT001  # a strategy's
        project_id = of(list(self.house.projects), pick)
        expected = model_runs.listed(
            self.house, project_id, states=_several(state), item_id=item_id or None, is_open=is_open
        )
        asked = query(state=state, item_id=item_id, open=None if is_open is None else str(is_open).lower())
        self.listed("list runs", f"projects/{project_id}/runs{asked}", expected, limit=limit)


class OddRules(StartRules, LeaseRules, SettleRules):
    """What is refused whatever there is: one rule of many, so that it takes no more turns than any other."""

    @move(
        when=lambda self: self.house.runs,
        pick=PICK,
        odd=st.sampled_from([None, "nobody", "stranger", "role", *ODD_STARTS, *ODD_ENDINGS]),
    )
    def ask_oddly(self, pick: int, odd: dict[str, Any] | str | None) -> None:
        run = of(recent(self), pick)
        path = f"projects/{run.project_id}/runs"
        match odd:
            case None | "nobody":
                self._of_nobody(run, pick)
            case "stranger":
                self._by_a_stranger(run)
            case "role":
                answer = self.call("POST", f"{path}/{run.run_id}/settle", "otto", json={"outcome": "failed"})
                self.agree("ask oddly", answer, refusing("not-permitted"))
                self.agree("ask oddly", self.call("GET", "packs", "platform"), refusing("not-permitted"))
            case {"outcome": _}:
                answer = self.call("POST", f"{path}/{run.run_id}/settle", json=odd)
                self.agree("ask oddly", answer, refusing("invalid-request"))
            case {**said}:
                answer = self.call("POST", path, json={**work(1), **said}, key=self.key())
                self.agree("ask oddly", answer, refusing("invalid-request"))

    def _of_nobody(self, run: Run, pick: int) -> None:
        nobody = of([NOBODY, "run_1"], pick)
        self.kept_alive(NOWHERE, run.run_id, 60)
        self.kept_alive(run.project_id, nobody, 60)
        self.settled(run.project_id, nobody, of([{"outcome": "succeeded"}, {"outcome": "failed"}], pick), who="worker")
        self.started(of([NOWHERE, "prj"], pick), "nowhere", work(1), who="worker")

    def _by_a_stranger(self, run: Run) -> None:
        """Nobody learns of another workgroup, by its own path or under a foreign one."""
        elsewhere = f"/v1/workgroups/{CONTOSO}/projects/{run.project_id}"
        ours = f"/v1/workgroups/{NORTHWIND}/projects/{run.project_id}"
        settle = {"outcome": "failed"}
        for who, method, path, body in (
            ("cora", "POST", f"{ours}/runs/{run.run_id}/settle", settle),
            ("cora", "POST", f"{elsewhere}/runs/{run.run_id}/settle", settle),
            ("cora", "POST", f"{elsewhere}/runs/settle", {"settlements": [{"run_id": run.run_id, **settle}]}),
            ("worker", "POST", f"{elsewhere}/runs/{run.run_id}/heartbeat", {"lease_seconds": 60}),
            ("cora", "GET", f"{elsewhere}/runs", None),
            ("cora", "GET", f"/v1/workgroups/{CONTOSO}/packs/{next(iter(run.allocation))}", None),
        ):
            self.agree("ask oddly", self.call(method, path, who, json=body), refusing("not-found"))


def _several(states: str) -> frozenset[str]:
    return frozenset(states.split(",")) if states else frozenset()

"""Each call of the model as a request to the real handlers, and its answer in the model's words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from tests.harness.gateway import Answer
from tests.harness.shop import ORDER
from tests.proofs.model.rules import calls
from tests.proofs.model.rules.calls import Item, Ref
from tests.proofs.model.rules.coverage import DECISIONS
from tests.proofs.model.rules.state import State, Terms
from tests.proofs.model.stage import Stage, Thing

type Asked = tuple[Answer, Callable[[Answer], object]]
"""An answer, and how to read it if it isn't a refusal."""

NO_PROJECT, NO_RUN = f"prj_{'0' * 32}", f"run_{'0' * 32}"


class Asking:
    """Asks, and remembers the ids and pay pages that were told. A pack is named by its id in the model too."""

    def __init__(self, stage: Stage, terms: Terms) -> None:
        self.stage, self.terms = stage, terms
        self.ids: dict[str | Ref, str] = {}
        self.refs: dict[str, Ref] = {}
        self.homes: dict[Ref, str] = {}
        self.urls: dict[str, list[str]] = {}

    def ask(self, call: Any, who: str, *, respelled: bool = False) -> object:
        """One call by one of the world's people or keys; `respelled`: the same in other words."""
        asks: Mapping[type, Callable[..., Asked]] = {
            calls.Start: self._start,
            calls.Heartbeat: self._heartbeat,
            calls.Settle: self._settle,
            calls.LookAtRun: self._look,
            calls.Assign: self._assign,
            calls.Withdraw: self._withdraw,
            calls.Count: self._count,
            calls.Create: self._create,
            calls.Change: self._change,
            calls.Remove: self._remove,
            calls.Place: self._place,
            calls.Renew: self._renew,
            calls.Cancel: self._cancel,
        }
        respelling = {"respelled": True} if respelled else {}
        answer, read = asks[type(call)](call, who, **respelling)
        return self._refused(answer.body) if answer.status >= 400 else read(answer)  # the first refusal

    def _refused(self, problem: Mapping[str, Any]) -> object:
        return calls.refused(problem["type"].rpartition("/")[2], problem, self.terms.seconds)

    def _call(self, method: str, path: str, who: str, **request: Any) -> Answer:
        return self.stage.call(method, path, who, **request)

    # --- runs ---

    def _start(self, call: calls.Start, who: str, *, respelled: bool = False) -> Asked:
        body: dict[str, Any] = {
            "service": call.service,
            "pass": "retry_errors" if call.items[0].parent else "full",
            "items": [self._item(item, respelled=respelled) for item in call.items],
            **({"lease_seconds": call.lease} if call.lease else {}),
        }
        path = f"projects/{self.ids.get(call.project, NO_PROJECT)}/runs"

        def read(answer: Answer) -> object:
            assert answer.status == 201
            for number, run in enumerate(answer.body["runs"]):
                ref, run_id = (call.name, number), run["run_id"]
                self.ids[ref], self.refs[run_id], self.homes[ref] = run_id, ref, call.project
            return calls.Started(tuple(self._held(run) for run in answer.body["runs"]), replayed=_replayed(answer))

        return self._call("POST", path, who, json=body, key=call.name), read

    def _item(self, item: Item, *, respelled: bool) -> dict[str, Any]:
        """As it is; or a default left out, a user in capitals, spaces around an id."""
        said = {
            "item_id": f" {item.item_id} " if respelled else item.item_id,
            "licenses": None if respelled and item.licenses == 1 else item.licenses,
            "user": item.user.upper() if respelled and item.user else item.user,
            "parent_run_id": self.ids.get(item.parent, NO_RUN) if item.parent else None,
            "errors": list(item.errors) or None,
        }
        return {name: value for name, value in said.items() if value is not None}

    def _held(self, run: Mapping[str, Any]) -> tuple[calls.Allocation, int | None]:
        return tuple((one["pack_id"], one["quantity"]) for one in run["allocations"]), self._until(run)

    def _until(self, run: Mapping[str, Any]) -> int | None:
        return self.stage.seconds(run.get("lease_expires_at"))

    def _path(self, ref: Ref) -> str:
        return f"projects/{self.ids[self.homes[ref]] if ref in self.homes else NO_PROJECT}/runs/{self.id_of(ref)}"

    def id_of(self, ref: Ref) -> str:
        return self.ids.get(ref, NO_RUN)

    def _heartbeat(self, call: calls.Heartbeat, who: str) -> Asked:
        answer = self._call("POST", f"{self._path(call.run)}/heartbeat", who, json={"lease_seconds": call.seconds})
        return answer, lambda answer: calls.Extended(self._until(answer.body))

    def _settle(self, call: calls.Settle, who: str) -> Asked:
        answer = self._call("POST", f"{self._path(call.run)}/settle", who, json=_settlement(call))
        return answer, lambda answer: calls.Ended(answer.body.get("licenses_used"), now=None)

    def _look(self, call: calls.LookAtRun, who: str) -> Asked:
        def read(answer: Answer) -> object:
            run = answer.body
            return calls.Standing(run["state"], run.get("licenses_used"), run.get("outcome"))

        return self._call("GET", self._path(call.run), who), read

    def heartbeats(self, project: str, asked: Sequence[calls.Heartbeat]) -> list[object]:
        """A batch: what was answered to each."""
        body = {"run_ids": [self.id_of(one.run) for one in asked], "lease_seconds": asked[0].seconds}
        answer = self._call("POST", f"projects/{self.ids[project]}/runs/heartbeat", "worker", json=body)
        return [
            self._refused(one["problem"]) if one["status"] == "refused" else calls.Extended(self._until(one["run"]))
            for one in answer.body["results"]
        ]

    def settlements(self, project: str, asked: Sequence[calls.Settle]) -> list[object]:
        body = {"settlements": [{"run_id": self.id_of(one.run), **_settlement(one)} for one in asked]}
        answer = self._call("POST", f"projects/{self.ids[project]}/runs/settle", "worker", json=body)
        return [
            self._refused(one["problem"])
            if one["status"] == "refused"
            else calls.Ended(one["run"].get("licenses_used"), now=one["status"] == "settled")
            for one in answer.body["results"]
        ]

    # --- entitlements ---

    def _assign(self, call: calls.Assign, who: str, *, respelled: bool = False) -> Asked:
        user = f" {call.user.upper()}" if respelled else call.user
        answer = self._call("PUT", f"entitlements/{quote(user, safe='')}/{call.sku}", who)
        return answer, lambda answer: calls.Assigned(answer.body["pack_id"], now=answer.status == 201)

    def _withdraw(self, call: calls.Withdraw, who: str) -> Asked:
        answer = self._call("DELETE", f"entitlements/{quote(call.user, safe='')}/{call.sku}", who)
        return answer, lambda answer: calls.Withdrawn(answer.body["pack_id"])

    def _count(self, call: calls.Count, who: str) -> Asked:
        items = [{**({"user": user} if user else {}), "licenses": licenses} for user, licenses in call.needs]
        answer = self._call("POST", "coverage", who, json={"service": call.service, "items": items})
        return answer, lambda answer: calls.Counted(
            tuple(answer.body["decisions"][on] for on in DECISIONS), answer.body["missing"]
        )

    # --- projects ---

    def _create(self, call: calls.Create, who: str) -> Asked:
        def read(answer: Answer) -> object:
            self.ids[call.project] = answer.body["project_id"]
            return calls.Done(answer.body["state"], again=_replayed(answer))

        return self._call("POST", "projects", who, json=dict(call.settings), key=call.project), read

    def _change(self, call: calls.Change, who: str) -> Asked:
        answer = self._call(
            "PATCH", f"projects/{self.ids.get(call.project, NO_PROJECT)}", who, json=dict(call.settings)
        )
        return answer, lambda answer: calls.Done(answer.body["state"])

    def _remove(self, call: calls.Remove, who: str) -> Asked:
        release = "?release=true" if call.release else ""
        answer = self._call("DELETE", f"projects/{self.ids.get(call.project, NO_PROJECT)}{release}", who)
        return answer, lambda answer: calls.Done(answer.body["state"])

    # --- orders ---

    def _place(self, call: calls.Place, who: str) -> Asked:
        lines = [{"sku": sku, "quantity": quantity} for sku, quantity in call.lines]
        return self._ordered(
            call.order, self._call("POST", "orders", who, json=ORDER | {"lines": lines}, key=call.order)
        )

    def _renew(self, call: calls.Renew, who: str) -> Asked:
        path = f"orders/{self.ids[call.order]}/checkout"
        return self._ordered(call.order, self._call("POST", path, who, key=call.key))

    def _cancel(self, call: calls.Cancel, who: str) -> Asked:
        return self._ordered(call.order, self._call("POST", f"orders/{self.ids[call.order]}/cancel", who, key=call.key))

    def _ordered(self, order: str, answer: Answer) -> Asked:
        def read(answer: Answer) -> object:
            self.ids[order] = answer.body["order_id"]
            urls, url = self.urls.setdefault(order, []), answer.body.get("checkout_url")
            if url and url not in urls:
                urls.append(url)
            return calls.Done(answer.body["status"], again=_replayed(answer))

        return answer, read

    # --- what the table must hold ---

    def expected(self, state: State) -> dict[str, Thing]:
        """Each thing's states and counters in the model, as `Stage.things` reads them."""
        things: dict[str, Thing] = {}
        for pack in state.packs.values():
            counters = pack.available, pack.expired, pack.assigned
            things[pack.name] = (*counters, pack.expires, pack.due, pack.reminded)
        for ref, run in state.runs.items():
            ended = (run.settled.outcome, run.settled.used) if run.settled else (None, None)
            things[self.ids[ref]] = (run.state(-1), *ended, run.until)  # a lapse is there once it was booked
        for (user, sku), one in state.entitlements.items():
            things[f"{user} {sku}"] = (one.pack, one.used, one.withdrawn)
        for project in state.projects.values():
            known = project.settled_at, project.success_at
            things[self.ids[project.name]] = (project.state, project.due, project.warned, *known)
        for order in state.orders.values():
            things[self.ids[order.name]] = (order.status, *order.packs)
        return things


def _replayed(answer: Answer) -> bool:
    return answer.headers.get("idempotent-replayed") == "true"


def _settlement(call: calls.Settle) -> dict[str, Any]:
    said = {"licenses_used": call.used, "errors": list(call.errors) or None, "error_count": call.error_count}
    return {"outcome": call.outcome, **{name: value for name, value in said.items() if value is not None}}

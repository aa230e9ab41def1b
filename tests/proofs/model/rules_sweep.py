"""Rules of what time does: the sweep's ticks, at once or after months, and the lives and ends of projects."""

from datetime import datetime, timedelta
from typing import Any

import hypothesis.strategies as st

from tests.proofs.model import model_projects, model_runs, model_sweep
from tests.proofs.model.machine import NOWHERE, PICK, move, of, refusing
from tests.proofs.model.model import Project, Run
from tests.proofs.model.rules_projects import ClockRules
from tests.proofs.model.rules_runs import LeaseRules, SettleRules

MOST = st.sampled_from([None, None, 1, 3])
"""How much a tick may do; None: all there is."""
WHO = st.sampled_from(["amy", "max", "ada"])
RELEASE = st.sampled_from(["", "?release=true", "?release=true", "?release=false"])
CHANGES = st.sampled_from(
    [
        {"state": "active"},
        {"name": "Another"},
        {"customer": "Adatum", "inactivity_days": 31},
        {"inactivity_days": None, "customer": None},
        {"max_licenses_per_item": 7},
        {"max_licenses_per_item": None, "inactivity_days": 200},
        {},
    ]
)
ODD_CHANGES: list[dict[str, Any]] = [{"name": None}, {"state": "closed"}, {"inactivity_days": 30}, {"surprise": 1}]


class SweepRules(ClockRules, LeaseRules):
    @move(weight=2, when=lambda self: model_sweep.due(self.house))
    def sweep(self) -> None:
        self.swept(None)

    @move(when=lambda self: not model_sweep.due(self.house))
    def sweep_for_nothing(self) -> None:
        self.swept(None)

    @move(weight=2, when=lambda self: len(model_sweep.due(self.house)) > 1, most=st.integers(1, 4))
    def sweep_a_little(self, most: int) -> None:
        """A tick that may do only so much; what it leaves stays due."""
        self.swept(most)

    @move(
        weight=2,
        when=lambda self: self.ends(),
        pick=st.sampled_from([0, 0, 1, 2, 5]),
        seconds=st.sampled_from([-1, 0, 0, 299, 300]),
        most=MOST,
    )
    def wait_for_an_end(self, pick: int, seconds: int, most: int | None) -> None:
        """Until a project or pack ends or is to be warned of its end, or a little off; and a tick then."""
        self._waited_until(of(self.ends(), pick) + timedelta(seconds=seconds), "for an end")
        self.swept(most)

    @move(weight=3, when=lambda self: self.held(), pick=PICK, late=st.sampled_from([False, False, True]))
    def keep_alive(self, pick: int, late: bool) -> None:  # noqa: FBT001  # a strategy's
        """A hold lives on past its first end, where a tick finds it; or it lapses, and reads so before a tick comes."""
        run = of(self.held(), pick)
        if not late:
            self.kept_alive(run.project_id, run.run_id, 86_400)
        self._waited_until(max(run.leased_until, self.house.now), "for a first end")
        self.shown(run)
        if not late:
            self.swept(None)

    @move(when=lambda self: self.fruitful(), pick=PICK, sooner=st.booleans())
    def wait_for_retirement(self, pick: int, sooner: bool) -> None:  # noqa: FBT001  # a strategy's
        """Until a project ends in which something succeeded, or the second before; and a tick then."""
        at = model_projects.ends_at(self.house, of(self.fruitful(), pick))
        self._waited_until(at - timedelta(seconds=sooner), "for retirement")
        self.swept(None)

    @move(step=st.sampled_from([timedelta(days=40), timedelta(days=190), timedelta(days=400)]), most=MOST)
    def be_away(self, step: timedelta, most: int | None) -> None:
        """Months without a tick: what has happened meanwhile reads as it is, and the next ticks catch up."""
        self.waited(step, what="for months")
        if most:
            self.swept(most)

    @move(hour=st.sampled_from([0, 23]))
    def wait_for_the_end_of_a_month(self, hour: int) -> None:
        """The last day of this month, or of the next."""
        now = self.house.now
        at = now.replace(day=28, hour=hour, minute=59, second=59) + timedelta(days=4)
        last = at - timedelta(days=at.day)
        following = last.replace(day=1) + timedelta(days=62)
        self._waited_until(last if last > now else following - timedelta(days=following.day), "for a month's end")

    @move(weight=2, when=lambda self: any(run.ending for run in self.house.runs.values()))
    def watch(self) -> None:
        """The stream's news of settled runs comes to the watch, late or soon."""
        self.agreed = False
        told = list(dict.fromkeys(self.stage.watch()))
        closed = self.closed()
        noted = model_sweep.watch(self.house, told)
        self.agreed = True
        self.met("watch", "activity noted" if noted else "nothing new")
        if any(one.state == "retired" for one in closed):
            self.met("watch", "a closed project retired")

    def swept(self, most: int | None) -> None:
        """A tick does what is due in its order and tells how much that was; each thing stands where it must then."""
        self.agreed = False
        due = model_sweep.due(self.house)
        told, queued = self.stage.sweep(most), self.stage.queued()
        before = model_sweep.queued(self.house)
        done = [thing for thing in due if queued[model_sweep.name(thing)][0] != before[model_sweep.name(thing)][0]]
        left = [thing for thing in due if thing not in done]
        assert len(done) == min(len(due), most or len(due)), (due, done)
        assert not left or max(map(model_sweep.place, done)) <= min(map(model_sweep.place, left)), (done, left)
        expected = model_sweep.came_to(done, left, self.house)
        assert told == expected, f"told {told}, expected {expected}"
        for thing in done:
            self.met("swept", model_sweep.step(self.house, thing))
        expected_queues = model_sweep.queued(self.house)
        assert queued == expected_queues, f"queued {queued}, expected {expected_queues}"
        self.met("sweep", "left something" if left else "did all" if done else "had nothing to do")
        self.agreed = True

    def ends(self) -> list[datetime]:
        """When projects that are active and packs that are used end, and are warned of it: the soonest first."""
        house, now = self.house, self.house.now
        ends = [model_projects.ends_at(house, one) for one in house.projects.values() if one.state == "active"]
        warned = [at - timedelta(days=number) for at in ends for number in model_projects.warnings(house)]
        packs = [pack.expires_at for pack in house.packs.values()]
        return sorted({at for at in (*ends, *ends, *warned, *packs) if at > now})

    def closed(self) -> list[Project]:
        return [one for one in self.house.projects.values() if one.state == "closed"]

    def shown(self, run: Run) -> None:
        """A run, by itself and among those in its state."""
        state = run.state(self.house.now)
        path = f"projects/{run.project_id}/runs"
        answer = self.call("GET", f"{path}/{run.run_id}", "platform")
        self.agree("read run", answer, lambda: model_runs.read(self.house, run.project_id, run.run_id))
        expected = model_runs.listed(self.house, run.project_id, states=frozenset({state}))
        self.listed("list runs", f"{path}?state={state}", expected, limit=self.WHOLE)
        if state == "lapsed":
            self.met("read as lapsed", "once swept" if run.booked_at else "before the sweep")

    def held(self) -> list[Run]:
        """What the sweep would find at the end of its first lease."""
        return [
            run
            for run in self.house.runs.values()
            if run.state(self.house.now) == "held" and run.due == run.leased_until
        ]

    def fruitful(self) -> list[Project]:
        succeeded = {
            one.project_id for one in self.house.runs.values() if one.ending and one.ending.outcome == "succeeded"
        }
        return [one for one in self.house.projects.values() if one.state == "active" and one.project_id in succeeded]

    def _waited_until(self, at: datetime, what: str) -> None:
        self.waited(max(at - self.house.now, timedelta(0)), what=what)


class ProjectLifeRules(SweepRules, SettleRules):
    @move(weight=2, pick=PICK, changes=CHANGES, who=WHO)
    def change_project(self, pick: int, changes: dict[str, Any], who: str) -> None:
        self.changed(of([*self.by_need(), NOWHERE], pick), changes, who=who)

    @move(weight=2, when=lambda self: self.ended(), pick=PICK, release=RELEASE, changes=CHANGES)
    def change_what_has_ended(self, pick: int, release: str, changes: dict[str, Any]) -> None:
        """What was retired is final, what was closed isn't."""
        project_id = of(self.ended(), pick)
        if pick % 2:
            self.changed(project_id, changes, who="amy")
        else:
            self.removed(project_id, release, who="amy")

    @move(weight=2, when=lambda self: self.closed(), pick=PICK)
    def open_again(self, pick: int) -> None:
        self.changed(of(self.closed(), pick).project_id, {"state": "active"}, who="amy")

    @move(
        weight=8,
        when=lambda self: self.without_a_lease(),
        pick=PICK,
        told=st.booleans(),
        failed=st.sampled_from([0, 0, 1]),
    )
    def outlive_the_project(self, pick: int, told: bool, failed: int) -> None:  # noqa: FBT001  # a strategy's
        """A run that has no lease goes on after its project has ended: its success retires one that was closed."""
        run = of(self.without_a_lease(), pick)
        project = self.house.projects[run.project_id]
        if project.state == "active":
            self._waited_until(model_projects.ends_at(self.house, project), "for an end")
            self.swept(None)
        outcome = "failed" if failed else "succeeded"
        self.settled(run.project_id, run.run_id, {"outcome": outcome}, who="worker")
        if told:
            self.watch()
        self.changed(run.project_id, {"state": "active"}, who="amy")

    def without_a_lease(self) -> list[Run]:
        """Open runs that will outlive their projects."""
        house = self.house
        in_use = {one.project_id for one in house.projects.values() if one.state in {"active", "closed"}}
        own = [run for run in house.runs.values() if run.project_id in in_use and run.coverage != "licensed"]
        return [run for run in own if run.is_open(house.now)]

    @move(pick=PICK, release=RELEASE, who=WHO)
    def remove_project(self, pick: int, release: str, who: str) -> None:
        self.removed(of([*self.by_need(), NOWHERE], pick), release, who=who)

    @move(weight=2, when=lambda self: self.with_holds(), pick=PICK, release=RELEASE, at_once=st.booleans())
    def remove_with_holds(self, pick: int, release: str, at_once: bool) -> None:  # noqa: FBT001  # a strategy's
        """The sweep gives back what it holds, at once or after who settles it first."""
        self.removed(of(self.with_holds(), pick), release, who="amy")
        if at_once:
            self.swept(None)

    def removed(self, project_id: str, release: str, *, who: str) -> None:
        answer = self.call("DELETE", f"projects/{project_id}{release}", who)
        at_once = release == "?release=true"
        held = self.held_in(project_id)
        self.agree("remove", answer, lambda: model_projects.remove(self.house, project_id, release=at_once))
        if answer.status == 200 and held:
            self.met("removed", "with what it holds")

    @move(odd=st.sampled_from([*ODD_CHANGES, None, None]), pick=PICK)
    def change_oddly(self, odd: dict[str, Any] | None, pick: int) -> None:
        path = f"projects/{of(list(self.house.projects), pick)}"
        if odd is None:
            for who, slug in (("worker", "not-permitted"), ("otto", "not-permitted"), ("cora", "not-found")):
                self.agree("change oddly", self.call("PATCH", path, who, json={}), refusing(slug))
                self.agree("change oddly", self.call("DELETE", path, who), refusing(slug))
        else:
            self.agree("change oddly", self.call("PATCH", path, "amy", json=odd), refusing("invalid-request"))

    @move(state=st.sampled_from(["active", "retired,closed", "removed", ""]), limit=st.sampled_from([1, 100]))
    def list_projects(self, state: str, limit: int) -> None:
        wanted = frozenset(state.split(",")) if state else frozenset[str]()
        expected = model_projects.listed(self.house, states=wanted)
        self.listed("list projects", f"projects{state and f'?state={state}'}", expected, limit=limit)

    def changed(self, project_id: str, changes: dict[str, Any], *, who: str) -> None:
        before = self.house.projects[project_id].state if project_id in self.house.projects else ""
        answer = self.call("PATCH", f"projects/{project_id}", who, json=changes)
        self.agree("change project", answer, lambda: model_projects.change(self.house, project_id, changes))
        if before == "closed" and changes and answer.status == 200:
            self.met("change project", "opened again")

    def by_need(self) -> list[str]:
        """The projects, the newest first."""
        return [*self.house.projects][::-1]

    def with_holds(self) -> list[str]:
        return [one for one in self.house.projects if self.held_in(one)]

    def ended(self) -> list[str]:
        """What became of projects by itself."""
        return [one.project_id for one in self.house.projects.values() if one.state in {"retired", "closed"}]

    def held_in(self, project_id: str) -> list[Run]:
        return [
            run
            for run in self.house.runs.values()
            if run.project_id == project_id and run.state(self.house.now) == "held"
        ]

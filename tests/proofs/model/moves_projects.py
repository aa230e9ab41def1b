"""Moves of projects and of time: changed, removed, swept at once or after months, told of settlements late or soon."""

from datetime import timedelta

import hypothesis.strategies as st

from tests.proofs.model.machine import NOWHERE, PICK, move, of
from tests.proofs.model.moves_runs import RunMoves
from tests.proofs.model.rules import projects, usage
from tests.proofs.model.rules.calls import (
    Change,
    Heartbeat,
    LookAtRun,
    Ref,
    Remove,
    Settle,
    SweepPack,
    SweepProject,
    SweepRun,
)
from tests.proofs.model.rules.state import DAY
from tests.proofs.model.rules.step import alone

MOST = st.sampled_from([None, None, 1, 3])
"""How much a tick may do; None: all there is."""
WHO = st.sampled_from(["amy", "max", "ada"])
CHANGES = st.sampled_from(
    [
        (("state", "active"),),
        (("name", "Another"),),
        (("customer", "Adatum"), ("inactivity_days", 31)),
        (("inactivity_days", None), ("customer", None)),
        (("max_licenses_per_item", None), ("inactivity_days", 200)),
        (),
    ]
)

type Settings = tuple[tuple[str, object], ...]


class SweepMoves(RunMoves):
    @move(weight=2, most=MOST)
    def sweep(self, most: int | None) -> None:
        """A tick does all that is due, or only so many items. Then the table is as in the model."""
        state, now = self.state, self.now
        steps = [
            *((self.asking.ids[ref], SweepRun(ref, now)) for ref in state.runs),
            *((name, SweepPack(name, now)) for name in state.packs),
            *((self.asking.ids[name], SweepProject(name, now)) for name in state.projects),
        ]
        before = self.stage.due() if most else {}
        self.stage.sweep(most)
        after = self.stage.due() if most else {}
        for thing, call in steps:
            if not most or before.get(thing) != after.get(thing):
                self.agree_silently(call)
        self.compare()

    def agree_silently(self, call: object) -> None:
        """A tick tells no answers; its effects are compared in the table."""
        answer, self.state = alone(self.state, call)
        self.met(type(call).__name__, answer)

    @move(
        weight=3,
        when=lambda self: self.ends(),
        pick=st.sampled_from([0, 0, 1, 2, 5]),
        seconds=st.sampled_from([-1, 0, 0, 299, 300]),
        most=MOST,
    )
    def wait_for_an_end(self, pick: int, seconds: int, most: int | None) -> None:
        """Until a project or pack ends, or a project is to be warned, or some seconds off; then a tick."""
        self.wait_until(of(self.ends(), pick) + seconds)
        self.sweep(most)

    def ends(self) -> list[int]:
        """When active projects and packs end, and projects are warned of it: the soonest first."""
        over = [projects.ends(self.terms, one) for one in self.state.projects.values() if one.state == "active"]
        warned = [at - days * DAY for at in over for days in projects.warnings(self.terms)]
        packs = [pack.expires for pack in self.state.packs.values()]
        return sorted({at for at in (*over, *warned, *packs) if at > self.now})

    @move(weight=3, when=lambda self: self.held(), pick=PICK, late=st.sampled_from([False, False, True]))
    def keep_alive(self, pick: int, late: bool) -> None:
        """A hold lives on past its first end, and a tick leaves it; or it lapses, and reads so before a tick comes."""
        ref, run = of(self.held(), pick)
        if not late:
            self.ask(Heartbeat(ref, DAY, self.now))
        self.wait_until(run.leased or self.now)
        self.ask(LookAtRun(ref, self.now))
        if not late:
            self.sweep(None)

    @move(weight=2, when=lambda self: self.fruitful(), pick=PICK, sooner=st.booleans())
    def wait_for_retirement(self, pick: int, sooner: bool) -> None:
        """Until a project ends in which a run was settled, or the second before; then a tick."""
        project = self.state.projects[of(self.fruitful(), pick)]
        self.wait_until(projects.ends(self.terms, project) - sooner)
        self.sweep(None)

    def fruitful(self) -> list[str]:
        settled = {run.request.project for run in self.state.runs.values() if run.settled}
        return [name for name in self.active() if name in settled]

    @move(days=st.sampled_from([40, 190, 400]), most=MOST)
    def be_away(self, days: int, most: int | None) -> None:
        """Months without a tick, and the next ones catch up."""
        self.wait(days * DAY)
        if most:
            self.sweep(most)

    @move(hour=st.sampled_from([0, 23]))
    def wait_for_the_end_of_a_month(self, hour: int) -> None:
        now = self.terms.at(self.now).replace(day=28, hour=hour, minute=59, second=59) + timedelta(days=4)
        self.wait_until(self.terms.seconds(now - timedelta(days=now.day)))

    @move(weight=2, when=lambda self: any(run.settled for run in self.state.runs.values()))
    def watch(self) -> None:
        """The stream's news of settled runs comes to the watch, late or soon."""
        told = dict.fromkeys(self.stage.watch())
        state, self.state = self.state, projects.watch(self.state, [self.asking.refs[run_id] for run_id in told])
        self.met("Watch", "nothing new" if state == self.state else "noted")

    def use(self) -> None:
        """Once all its days are closed, usage is what the model counts."""
        self.wait(3 * DAY)
        self.stage.roll_up()
        for by in ("month", "sku", "project"):
            told = {row.pop("key"): row for row in self.stage.call("GET", f"usage?by={by}", "ada").body["items"]}
            sums = usage.sums(self.state, by=by)
            assert told == {self.asking.ids.get(key, key): sum_ for key, sum_ in sums.items()}
        self.met("Usage", "counted")


class ProjectMoves(SweepMoves):
    @move(weight=2, pick=PICK, settings=CHANGES, who=WHO)
    def change(self, pick: int, settings: Settings, who: str) -> None:
        self.ask(Change(of([*self.newest(), NOWHERE], pick), settings, self.now), who)

    @move(weight=2, when=lambda self: self.idle(), pick=PICK, settings=CHANGES, release=st.booleans())
    def change_what_has_ended(self, pick: int, settings: Settings, release: bool) -> None:
        """A retired project is final, a closed one isn't."""
        name = of(self.idle(), pick)
        self.ask(Remove(name, release, self.now) if pick % 3 == 0 else Change(name, settings, self.now), "amy")

    def idle(self) -> list[str]:
        return [one.name for one in self.state.projects.values() if one.state in {"retired", "closed"}]

    @move(weight=6, when=lambda self: self.without_a_lease(), pick=PICK, told=st.booleans(), failed=st.booleans())
    def outlive_the_project(self, pick: int, told: bool, failed: bool) -> None:
        """A run that has no lease goes on after its project has ended: its success retires one that was closed."""
        ref = of(self.without_a_lease(), pick)
        project = self.state.projects[self.state.runs[ref].request.project]
        if project.state == "active":
            self.wait_until(projects.ends(self.terms, project))
            self.sweep(None)
        self.ask(Settle(ref, "failed" if failed else "succeeded", None, (), self.now))
        if told:
            self.watch()
            self.compare()
        self.ask(Change(project.name, (("state", "active"),), self.now), "amy")

    def without_a_lease(self) -> list[Ref]:
        usable = {one.name for one in self.state.projects.values() if one.state in {"active", "closed"}}
        own = [(ref, run) for ref, run in self.runs() if run.request.project in usable and run.kind != "licensed"]
        return [ref for ref, run in own if run.is_open(self.now)]

    @move(pick=PICK, release=st.booleans(), who=WHO)
    def remove(self, pick: int, release: bool, who: str) -> None:
        self.ask(Remove(of([*self.newest(), NOWHERE], pick), release, self.now), who)

    @move(weight=2, when=lambda self: self.held(), pick=PICK, release=st.booleans(), at_once=st.booleans())
    def remove_with_holds(self, pick: int, release: bool, at_once: bool) -> None:
        """The sweep gives back what it holds, at once or after somebody has settled it."""
        _, run = of(self.held(), pick)
        self.ask(Remove(run.request.project, release, self.now), "amy")
        if at_once:
            self.sweep(None)

    def newest(self) -> list[str]:
        return [*self.state.projects][::-1]

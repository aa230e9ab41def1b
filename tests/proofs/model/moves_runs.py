"""Moves of packs, projects and runs: granted, created, started, kept alive and settled, single and in batches."""

from dataclasses import replace
from typing import Any

import hypothesis.strategies as st

from tests.proofs.model.machine import NOBODY, NOWHERE, PICK, Machine, move, of
from tests.proofs.model.rules.calls import MAILBOXES, Create, Heartbeat, Item, LookAtRun, Ref, Settle, Start
from tests.proofs.model.rules.state import DAY, HOUR, Project, Run

ANN = "ann@example.com"
LIVES = [90 * 60, 20 * HOUR, 20 * DAY, 45 * DAY, 365 * DAY]
"""How long a pack that is granted still lives."""
WAITS = st.sampled_from([1, 59, 60, 600, HOUR, HOUR, 6 * HOUR, DAY, 10 * DAY, 200 * DAY])
PACKS_MAX, PROJECTS_MAX, CRUMBS = 20, 4, 6
SKUS = st.sampled_from([MAILBOXES, MAILBOXES, "document-migration", "user-migration-bundle", "device-management"])
SERVICES = st.sampled_from([*[MAILBOXES] * 8, "document-migration", "device-provisioning", "gardening"])
ITEMS = st.lists(
    st.tuples(st.sampled_from([*[1] * 7, 2, 2, 3, 6]), st.sampled_from([None, None, ANN])), min_size=1, max_size=3
)
LEASES = st.sampled_from([None, 60, HOUR, DAY])
SECONDS = st.sampled_from([60, HOUR, DAY])
WHO = st.sampled_from(["worker", "worker", "amy", "max", "platform"])
ENDINGS = st.one_of(
    st.just({"outcome": "succeeded"}),
    st.just({"outcome": "failed"}),
    st.fixed_dictionaries({"outcome": st.just("succeeded"), "used": st.integers(1, 3)}),
    st.fixed_dictionaries(
        {"outcome": st.sampled_from(["succeeded", "failed", "stopped"])},
        optional={
            "errors": st.sampled_from([("mail-1",), ("mail-2", "mail-1")]),
            "error_count": st.sampled_from([2, 7]),
        },
    ),
)

type Ending = dict[str, Any]


def settlement(ref: Ref, ending: Ending, now: int) -> Settle:
    return Settle(ref, now=now, **{"used": None, "errors": (), **ending})


class StockMoves(Machine):
    @move(
        weight=2,
        when=lambda self: len(self.state.packs) < PACKS_MAX,
        sku=SKUS,
        quantity=st.integers(2, 9),
        lives=st.sampled_from(LIVES),
        crumbs=st.sampled_from([False, False, True]),
    )
    def grant(self, sku: str, quantity: int, lives: int, crumbs: bool) -> None:
        """A pack; or packs of one license each, more than one run may hold."""
        for minutes in range(CRUMBS if crumbs else 1):
            self.granted(sku, 1 if crumbs else quantity, lives + 60 * minutes)

    @move(
        when=lambda self: len(self.active()) < PROJECTS_MAX,
        most=st.sampled_from([None, 2, 7]),
        idle=st.sampled_from([None, 31, 730]),
    )
    def create_project(self, most: int | None, idle: int | None) -> None:
        self.created(max_licenses_per_item=most, inactivity_days=idle)

    def created(self, **settings: object) -> str:
        given = (("name", "Move"), *((name, value) for name, value in settings.items() if value is not None))
        self.ask(Create(name := self.key(), given, self.now))
        return name

    @move(when=lambda self: self.state.projects, pick=PICK, otherwise=st.booleans())
    def create_again(self, pick: int, otherwise: bool) -> None:
        project = of(list(self.state.projects.values()), pick)
        settings = (*project.request, ("customer", "Contoso")) if otherwise else project.request
        self.ask(Create(project.name, settings, self.now))

    @move(seconds=WAITS)
    def wait_a_while(self, seconds: int) -> None:
        self.wait(seconds)

    @move(weight=2, when=lambda self: self.held(), pick=PICK, sooner=st.booleans())
    def wait_for_a_lease(self, pick: int, sooner: bool) -> None:
        """Until it ends, or the second before."""
        _, run = of(self.held(), pick)
        self.wait_until((run.until or self.now) - sooner)


class RunMoves(StockMoves):
    @move(
        weight=4, when=lambda self: self.state.projects, pick=PICK, service=SERVICES, items=ITEMS, lease=LEASES, who=WHO
    )
    def start(self, pick: int, service: str, items: list[tuple[int, str | None]], lease: int | None, who: str) -> None:
        project = of([*self.active(), *self.state.projects, NOWHERE], pick)
        self.started(project, *items, service=service, lease=lease, who=who)

    @move(
        when=lambda self: self.state.projects,
        licenses=st.sampled_from([[1] * 5, [1] * 25, [6], [1, 6], [7, 7]]),
        lease=LEASES,
    )
    def start_much(self, licenses: list[int], lease: int | None) -> None:
        """Many items, or much for one, in the project that allows most."""
        self.started(self.roomiest().name, *((quantity, None) for quantity in licenses), lease=lease)

    @move(weight=2, when=lambda self: self.crumbled(), beside=st.booleans())
    def start_on_crumbs(self, beside: bool) -> None:
        """One item asks for a license of each of so many packs: more packs than one run may hold."""
        self.started(self.roomiest().name, *([(1, None)] if beside else []), (CRUMBS, None))

    def crumbled(self) -> bool:
        """Whether the first packs in burn-down order have one license each, and are too many for one run."""
        first = [pack.available for pack in self.state.usable(MAILBOXES, self.now)][:CRUMBS]
        return first == [1] * CRUMBS and bool(self.active()) and self.roomiest().most >= CRUMBS

    def roomiest(self) -> Project:
        """The project that allows most for one item, an active one if there is any."""
        return max(self.state.projects.values(), key=lambda one: (one.state == "active", one.most))

    @move(weight=2, when=lambda self: self.state.runs, pick=PICK, otherwise=st.booleans(), who=WHO)
    def start_again(self, pick: int, otherwise: bool, who: str) -> None:
        """The same key; with the same body, spelled in another way, or with another body."""
        _, run = of(self.runs(), pick)
        asked = replace(run.request, lease=61, now=self.now) if otherwise else replace(run.request, now=self.now)
        self.ask(asked, who, respelled=not otherwise)

    def started(
        self,
        project: str,
        *needs: tuple[int, str | None],
        service: str = MAILBOXES,
        lease: int | None = None,
        who: str = "worker",
    ) -> None:
        items = [
            Item(item_id=f"box-{number}", licenses=licenses, user=user) for number, (licenses, user) in enumerate(needs)
        ]
        self.ask(
            Start(name=self.key(), project=project, items=tuple(items), lease=lease, service=service, now=self.now), who
        )

    @move(weight=2, when=lambda self: self.state.runs, pick=PICK, seconds=SECONDS)
    def heartbeat(self, pick: int, seconds: int) -> None:
        self.ask(Heartbeat(of(self.somebody(), pick), seconds, self.now))

    @move(weight=4, when=lambda self: self.state.runs, pick=PICK, ending=ENDINGS, who=WHO)
    def settle(self, pick: int, ending: Ending, who: str) -> None:
        self.ask(settlement(of(self.somebody(), pick), ending, self.now), who)

    @move(
        weight=8,
        when=lambda self: self.outliving(),
        pick=PICK,
        seconds=st.sampled_from([-1, 0, 0, 0, 60]),
        then=st.sampled_from([{"outcome": "failed"}, {"outcome": "succeeded", "used": 1}, None]),
    )
    def outlive_a_pack(self, pick: int, seconds: int, then: Ending | None) -> None:
        """At the end of its soonest pack, or a little off, a hold is settled, or kept alive as long as may be."""
        ref, ends = of(self.outliving(), pick)
        self.wait_until(ends + seconds)
        self.ask(settlement(ref, then, self.now) if then else Heartbeat(ref, DAY, self.now))

    def outliving(self) -> list[tuple[Ref, int]]:
        """Holds whose lease goes on after their soonest pack has ended, and when that is."""
        ends = [(ref, run, self.state.packs[run.allocation[0][0]].expires) for ref, run in self.held()]
        return [(ref, at) for ref, run, at in ends if run.until and at + 60 < run.until and self.now < at + 60]

    @move(when=lambda self: any(run.settled for run in self.state.runs.values()), pick=PICK)
    def settle_again(self, pick: int) -> None:
        """The settlement that ended it, with nothing left to a default."""
        run = of([run for _, run in self.runs() if run.settled], pick)
        self.ask(_again(run, self.now), "amy")

    @move(
        when=lambda self: self.state.runs,
        picks=st.lists(st.tuples(PICK, ENDINGS), min_size=1, max_size=3),
        project=PICK,
        again=st.booleans(),
    )
    def settlements(self, picks: list[tuple[int, Ending]], project: int, again: bool) -> None:
        name = of(list(self.state.projects), project)
        asked: dict[Ref, Settle] = {}
        for pick, ending in picks:
            ref = of(self.around(name), pick)
            run = self.state.runs.get(ref)
            asked[ref] = _again(run, self.now) if again and run and run.settled else settlement(ref, ending, self.now)
        for call, told in zip(asked.values(), self.asking.settlements(name, list(asked.values())), strict=True):
            self.agree(call, told)

    @move(
        when=lambda self: self.state.runs,
        picks=st.lists(PICK, min_size=1, max_size=3, unique=True),
        seconds=SECONDS,
        project=PICK,
    )
    def heartbeats(self, picks: list[int], seconds: int, project: int) -> None:
        name = of(list(self.state.projects), project)
        refs = dict.fromkeys(of(self.around(name), pick) for pick in picks)
        asked = [Heartbeat(ref, seconds, self.now) for ref in refs]
        for call, told in zip(asked, self.asking.heartbeats(name, asked), strict=True):
            self.agree(call, told)

    @move(when=lambda self: self.state.runs, pick=PICK)
    def look_at_run(self, pick: int) -> None:
        self.ask(LookAtRun(of(self.somebody(), pick), self.now), "platform")

    def somebody(self) -> list[Ref]:
        return [*reversed(self.state.runs), NOBODY]

    def around(self, project: str) -> list[Ref]:
        """The runs of a project, the newest first, and nobody."""
        return [*reversed(self.state.runs_of(project)), NOBODY]


def _again(run: Run, now: int) -> Settle:
    assert run.settled
    return replace(run.settled, now=now)

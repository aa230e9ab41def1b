"""Moves of entitlements: assigned, withdrawn, counted on; runs that need no license, and retries of errors."""

import hypothesis.strategies as st

from tests.proofs.model.machine import NOBODY, NOWHERE, PICK, move, of
from tests.proofs.model.moves_runs import ANN, RunMoves
from tests.proofs.model.rules.calls import BUNDLE, MAILBOXES, Assign, Count, Item, Ref, Settle, Start, Withdraw
from tests.proofs.model.rules.state import Run

USERS = [ANN, "bob@example.com", "zoë/100%+#x"]
NAMED = st.sampled_from([None, ANN, ANN, *USERS])
SKUS = st.sampled_from([*[BUNDLE] * 6, *["device-management"] * 2, MAILBOXES, "gardening"])
SERVICES = st.sampled_from([*[MAILBOXES] * 5, "document-migration", "device-provisioning", "health-check", "gardening"])
WHO = st.sampled_from(["amy", "max", "ada"])
NEEDS = st.lists(st.tuples(NAMED, st.sampled_from([1, 1, 1, 2, 6, 40])), min_size=1, max_size=6)
ERRORS = st.sampled_from([("mail-1",), ("mail-2", "mail-1"), ("mail-1", "mail-2", "mail-3")])


class EntitlementMoves(RunMoves):
    @move(weight=4, pick=PICK, sku=SKUS, who=WHO, respelled=st.booleans())
    def assign(self, pick: int, sku: str, who: str, respelled: bool) -> None:
        self.ask(Assign(of(USERS, pick), self.now, sku), who, respelled=respelled)

    @move(weight=2, when=lambda self: self.state.entitlements, pick=PICK, who=WHO)
    def withdraw(self, pick: int, who: str) -> None:
        """The newest first; and from nobody."""
        user, sku = of([*[*self.state.entitlements][::-1], ("nobody", BUNDLE)], pick)
        self.ask(Withdraw(user, self.now, sku), who)

    @move(weight=4, service=SERVICES, needs=NEEDS)
    def count(self, service: str, needs: list[tuple[str | None, int]]) -> None:
        self.ask(Count(service, tuple(needs), self.now))

    @move(
        weight=4,
        when=lambda self: self.state.projects,
        pick=PICK,
        service=SERVICES,
        users=st.lists(NAMED, min_size=1, max_size=3),
    )
    def start_for_users(self, pick: int, service: str, users: list[str | None]) -> None:
        """Mostly in a project that is active."""
        places = [*self.active() * 2, *self.state.projects]
        self.started(of(places, pick), *((1, user) for user in users), service=service)

    @move(
        weight=3, when=lambda self: self.open_ones(), pick=PICK, errors=ERRORS, error_count=st.sampled_from([None, 7])
    )
    def leave_errors(self, pick: int, errors: tuple[str, ...], error_count: int | None) -> None:
        """A success that leaves errors; of a retry also errors that its parent never had."""
        self.ask(Settle(of(self.open_ones(), pick), "succeeded", None, errors, self.now, error_count))

    @move(weight=2, when=lambda self: self.open_ones(), pick=PICK)
    def only_count_errors(self, pick: int) -> None:
        self.ask(Settle(of(self.open_ones(), pick), "succeeded", None, (), self.now, error_count=3))

    @move(
        weight=4,
        when=lambda self: self.parents(),
        pick=PICK,
        errors=st.sampled_from([(), (), ("mail-1",), ("mail-1", "mail-9")]),
        user=st.sampled_from([None, ANN]),
        left=st.sampled_from([(), (), ("mail-1",), ("mail-9",)]),
    )
    def retry(self, pick: int, errors: tuple[str, ...], user: str | None, left: tuple[str, ...]) -> None:
        """And maybe leave errors once more: some that the parent left, or others."""
        ref, run = of(self.parents(), pick)
        name = self.retried(ref, run, errors=errors, user=user)
        if left and (name, 0) in self.state.runs:
            self.ask(Settle((name, 0), "succeeded", None, left, self.now))

    @move(weight=2, when=lambda self: self.parents(), pick=PICK)
    def retry_to_the_last(self, pick: int) -> None:
        """As often as may be, and once more."""
        ref, run = of(self.parents(), pick)
        for _ in range(self.terms.policies["retries_per_root_max"] + 1):
            if (self.retried(ref, run), 0) not in self.state.runs:
                return

    @move(when=lambda self: self.state.runs, pick=PICK, odd=st.sampled_from(["any", "item", "service", "nobody"]))
    def retry_oddly(self, pick: int, odd: str) -> None:
        """A parent in any state; another item, another service, another project, or a parent that isn't there."""
        ref, run = of(self.runs(), pick)
        match odd:
            case "any":
                self.retried(ref, run)
            case "item":
                self.retried(ref, run, item_id="another")
            case "service":
                self.retried(ref, run, service="health-check")
            case _:
                self.retried(ref, run, project=of([*self.state.projects, NOWHERE], pick))
                self.retried(NOBODY, run)

    def retried(
        self,
        parent: Ref,
        run: Run,
        *,
        item_id: str | None = None,
        service: str | None = None,
        project: str | None = None,
        errors: tuple[str, ...] = (),
        user: str | None = None,
    ) -> str:
        """The name of a start that retries a run: its own item, service and project, unless the call names others."""
        item = Item(item_id=item_id or run.item.item_id, user=user, parent=parent, errors=errors)
        where, what = project or run.request.project, service or run.request.service
        self.ask(Start(name=(name := self.key()), project=where, items=(item,), service=what, now=self.now))
        return name

    def parents(self) -> list[tuple[Ref, Run]]:
        """Runs that may be retried: those of active projects first, the newest of each first."""
        left = [(ref, run) for ref, run in self.runs() if run.succeeded and run.settled and run.settled.error_count]
        return sorted(left, key=lambda one: one[1].request.project not in self.active())

    def open_ones(self) -> list[Ref]:
        """Runs that can be settled: retries first, the newest of each first."""
        still_open = [(ref, run) for ref, run in self.runs() if run.is_open(self.now)]
        return [ref for ref, _ in sorted(still_open, key=lambda one: one[1].item.parent is None)]

"""Delivers, lets one thing go wrong at one call, and delivers again until it succeeds and once more.

After each delivery everything is looked at: every invariant, and the money at Stripe. In the end all must be as if
nothing had gone wrong; where others were let in between, as if they had come before or after.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from packhouse.domain.journal import OUTSIDE
from packhouse.errors import Refusal
from packhouse.journal.entries import journaled_attributes, owner
from packhouse.notifications.mailer import MailRefused
from packhouse.operations.invariants import checks
from packhouse.store import keys
from packhouse.store.wire import plain
from tests.harness.gateway import context, handler_of
from tests.harness.memory import another_process, forget, forget_secrets
from tests.harness.shop import Shop
from tests.harness.world import CONTOSO
from tests.proofs.crash.calls import STRIPE, Calls
from tests.proofs.crash.faults import MAY_FAIL, Died, Fault, Plan, telling_plans
from tests.proofs.crash.masks import masked
from tests.proofs.crash.outcomes import Course, Outcome
from tests.proofs.crash.registry import Build
from tests.proofs.crash.state import State

DELIVERIES_MAX = 4
"""How often it is delivered again, at the most, when nothing goes wrong any more."""
A_DAY_LATER = timedelta(hours=25)
"""When Stripe has forgotten the keys of the delivery before."""


@dataclass(slots=True)
class Attempt:
    """Deliveries for which faults were planned, how it may end, and all that came of it."""

    plans: tuple[Plan, ...]
    courses: tuple[Course, ...]
    outcomes: list[Outcome] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return ", then ".join(map(str, self.plans))

    def answers(self, facts: frozenset[str]) -> set[str]:
        """What may be answered, when nothing is out of order: what is told of an effect only if it is there."""
        first = {course.first.told for course in self.courses}
        return first | {course.again.told for course in self.courses if course.facts == facts}

    @property
    def names(self) -> set[str]:
        return {outcome.named for course in self.courses for outcome in (course.first, course.again)}


class Machine:
    def __init__(self, shop: Shop, calls: Calls, state: State, build: Build) -> None:
        """Prepare a delivery, and keep all as it is then."""
        self._shop, self._calls, self._state = shop, calls, state
        self._told: list[dict[str, Any]] = []
        shop.world.grant("mailbox-migration", 9, wg=CONTOSO, name="theirs")
        self.delivery = build(shop)
        self._catch_up()
        state.keep()
        self.undisturbed = self._course(_nothing, _nothing)
        self._among_others: tuple[Course, ...] = ()
        self.tally = Counter[str]()

    @property
    def calls(self) -> tuple[str, ...]:
        """The calls of the delivery when nothing goes wrong."""
        return self.undisturbed.first.calls

    def problems(self, plans: Iterable[Plan], *, wait: timedelta | None = None) -> list[str]:
        """What comes of stories in each of which one of these faults happens."""
        return [f"{plan}: {problem}" for plan in plans for problem in self.attempt(plan, wait=wait).problems]

    def pairs(self) -> Iterator[tuple[Plan, Plan]]:
        """A fault in the first delivery, and one in that which follows it."""
        for plan in telling_plans(self.calls):
            following = self.attempt(plan).outcomes[1]
            yield from ((plan, then) for then in telling_plans(following.calls))

    def attempt(self, *plans: Plan, wait: timedelta | None = None) -> Attempt:
        """One fault in each of the first deliveries; then clean ones until it succeeds, and one more."""
        this = Attempt(plans, self._courses(plans))
        pause = wait or self.delivery.source.again_after
        self._start()
        for plan in plans:
            self._deliver(this, plan)
            self._state.pass_time(pause)
        for _ in range(DELIVERIES_MAX):
            outcome = self._deliver(this, None)
            self._state.pass_time(pause)
            if outcome.succeeded or outcome.told in this.answers(self._facts()):
                break
        told = len(self._told)
        self._deliver(this, None)
        if self.delivery.settles and len(self._told) > told:
            changed = {keys.subject(plain(record["dynamodb"]["NewImage"])) for record in self._told[told:]}
            this.problems.append(f"it had succeeded, and came once more, and changed {changed}")
        self._finish(this)
        self.tally += Counter(
            stories=1,
            deliveries=len(this.outcomes),
            faults=sum(outcome.fired for outcome in this.outcomes),
            violations=len(this.problems),
        )
        return this

    # --- deliveries, and those of others ---

    def _start(self) -> None:
        self._state.put_back()
        self._told.clear()
        forget_secrets()

    def _deliver(self, this: Attempt, plan: Plan | None) -> Outcome:
        """Deliver it, and look at what came of it."""
        outcome = self._delivered(plan)
        this.outcomes.append(outcome)
        wrong = list(self._wrong())
        seen = [*_out_of_order(this, plan, outcome, self._facts()), *wrong]
        this.problems += [f"delivery {len(this.outcomes)}: {problem}" for problem in seen]
        return outcome

    def _delivered(self, plan: Plan | None) -> Outcome:
        """Deliver it; who died has forgotten everything."""
        answer, error, died = None, None, False
        doubled = plan is not None and plan.fault is Fault.DOUBLED
        meanwhile = self._twin if doubled else self._others
        with self._calls.delivery(plan, lambda: _elsewhere(meanwhile)) as traffic:
            try:
                answer = self.delivery.source.send()
            except Died:
                died = True
            except Exception as raised:  # noqa: BLE001  # whatever Lambda would be left with
                error = raised
        if died:
            forget()
        return Outcome(tuple(traffic.names), traffic.fired, answer, error, died, doubled)

    def _twin(self) -> None:
        """The very same, delivered twice at once."""
        with suppress(Refusal):
            self.delivery.source.send()

    def _others(self) -> None:
        """Who is after the same; and another tenant, who calls things by the same names."""
        self.delivery.rival()
        call, projects = self._shop.world.call, f"/v1/workgroups/{CONTOSO}/projects"
        project = call("POST", projects, "cora", json={"name": "Theirs"}, key="one").body["project_id"]
        run = {"service": "mailbox-migration", "pass": "full", "items": [{"item_id": "box-0"}]}
        call("POST", f"{projects}/{project}/runs", "cora", json=run, key="one")

    # --- what must be so ---

    def _courses(self, plans: tuple[Plan, ...]) -> tuple[Course, ...]:
        """How it may go: undisturbed; or, where others are let in, with them before it or after it."""
        if all(plan.fault is not Fault.INTERRUPTED for plan in plans):
            return (self.undisturbed,)
        if not self._among_others:
            self._among_others = self._course(self._others, _nothing), self._course(_nothing, self._others)
        return self._among_others

    def _course(self, before: Callable[[], None], after: Callable[[], None]) -> Course:
        self._start()
        before()
        self._catch_up()
        first = self._delivered(None)
        self._catch_up()
        after()
        self._catch_up()
        self._state.pass_time(self.delivery.source.again_after)
        return Course(first, self._delivered(None), self._facts())

    def _wrong(self) -> Iterator[str]:
        """What is not as it must always be."""
        if self._catch_up() and not self.delivery.follows:
            yield from self._violations()
        yield from self._wrong_at_stripe()

    def _violations(self) -> Iterator[str]:
        if self.delivery.sound:
            entries = self._state.entries()
            yield from map(str, checks.violations(self._state.items(), entries))
            yield from (f"nobody says who did it: {entry}" for entry in entries if entry.actor == OUTSIDE)

    def _wrong_at_stripe(self) -> Iterator[str]:
        """Money sent back beyond what came in, and orders that could be paid on two pages at once."""
        back = Counter[str]()
        for refund in self._state.booked("refund"):
            back[refund["charge"]] += refund["amount"]
        for charge in self._state.booked("charge"):
            if back[charge["id"]] > charge["amount"]:
                yield f"{back[charge['id']]} sent back of {charge['amount']}"
        now = self._shop.world.clock.now.timestamp()
        pages = Counter(
            session["metadata"]["order_id"]
            for session in self._state.booked("checkout.session")
            if session["status"] == "open" and session["expires_at"] > now
        )
        yield from (f"{order_id} can be paid on {pages[order_id]} pages" for order_id in pages if pages[order_id] > 1)

    def _finish(self, this: Attempt) -> None:
        """The stream once more, all of it; then all must be as it would have been."""
        self._pump()
        self._journal(self._told)
        this.problems += self._violations()
        told, facts = this.outcomes[-1].told, self._facts()
        if (told, facts) not in {(course.again.told, course.facts) for course in this.courses}:
            this.problems += (f"in the end {_difference(told, facts, course)}" for course in this.courses)
        try:
            self.delivery.promise(this.outcomes)
        except AssertionError as broken:
            name = getattr(self.delivery.promise, "__qualname__", repr(self.delivery.promise))
            this.problems.append(f"the promise {name} isn't kept: {broken}")

    def _facts(self) -> frozenset[str]:
        """What the table says, as far as the journal tells it: stamps, leases and the like may differ."""
        return frozenset(
            f"{owner(item)} {keys.entity(item)} {masked(keys.subject(item))}: {masked(journaled_attributes(item))}"
            for item in self._state.items()
        )

    def _catch_up(self) -> bool:
        """Bring the journal up to date, unless that is what is being tried; whether there was anything to tell it."""
        return not self.delivery.journals and self._pump()

    def _pump(self) -> bool:
        records = self._state.records()
        self._told += records
        self._journal(records)
        return bool(records)

    def _journal(self, records: list[dict[str, Any]]) -> None:
        if records:
            handler_of("JournalFunction")({"Records": records}, context())


def _difference(told: str, facts: frozenset[str], course: Course) -> str:
    if told != course.again.told:
        return f"it is told {told}\n  and not {course.again.told}"
    lines = [*(f"\n  + {line}" for line in facts - course.facts), *(f"\n  - {line}" for line in course.facts - facts)]
    return f"there is too much (+) and too little (-):{''.join(lines)}"


def _out_of_order(this: Attempt, plan: Plan | None, outcome: Outcome, facts: frozenset[str]) -> Iterator[str]:
    """What is wrong with an answer, seeing what went wrong on the way to it."""
    if plan is not None and not outcome.fired:
        yield f"{plan}: there was no such call in {outcome.calls}"
        return
    called = outcome.calls[plan.number - 1] if plan else ""
    # Who sends a mail doesn't let the SDK send it again.
    may_fail = plan is not None and (plan.fault in MAY_FAIL or (plan.fault is Fault.RESENT and "sesv2" in called))
    if outcome.error is not None:
        if not may_fail or not isinstance(outcome.error, Refusal | MailRefused | ClientError | BotoCoreError):
            yield f"{plan}: {outcome.error!r}"
    elif outcome.succeeded:
        if outcome.named not in this.names:
            yield f"{plan}: {outcome.told}"
    elif outcome.answer is not None:
        excused = may_fail and outcome.status == (502 if called.startswith(STRIPE) else 503)
        if not excused and outcome.told not in this.answers(facts):
            yield f"{plan}: {outcome.told}"


def _elsewhere(act: Callable[[], None]) -> None:
    with another_process():
        act()


def _nothing() -> None:
    """Nobody else is there."""

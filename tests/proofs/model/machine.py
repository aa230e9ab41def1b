"""What every machine has: a world, its model, and the comparing of what one answered with what the other says.

The rules stand in modules of their own, each a class to mix in: `rules_projects`, `rules_runs`, `rules_reading`,
`rules_orders`, `rules_workgroups`. A further capability is one more `model_*` and one more
`rules_*`, named in `test_model.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.harness.gateway import Answer
from tests.harness.world import PLATFORM_KEY, WORKER_KEY, World
from tests.proofs.model import model_stock
from tests.proofs.model.model import Expected, Packhouse, Refused, differences
from tests.proofs.model.stage import Stage

PICK = st.integers(0, 11)
"""Chooses among what there is, whatever that is: `of` takes the number modulo its length."""
MOVES_MIN = 5
"""What has fewer moves isn't counted as a run."""
SUMS_EVERY = 5
NOWHERE = f"prj_{'0' * 32}"
NOBODY = f"run_{'0' * 32}"


type Act = Callable[..., None]


class Move:
    """Something that can be done next: so likely among what else can be, if there is what it needs."""

    def __init__(
        self, act: Act, weight: int, when: Callable[[Any], object], drawn: Mapping[str, st.SearchStrategy[Any]]
    ) -> None:
        self.act, self.weight, self.when, self.drawn = act, weight, when, drawn

    def __repr__(self) -> str:
        return self.act.__name__


def move(
    *, weight: int = 1, when: Callable[[Any], object] = lambda _: True, **drawn: st.SearchStrategy[Any]
) -> Callable[[Act], Act]:
    """Make a method a move; what it takes is drawn.

    Hypothesis has rules of its own for that, but leaves half of them out of each run, so that what needs five in a row
    (an order, its payment, the news of it, a start, a settlement) would hardly ever happen.
    """

    def mark(act: Act) -> Act:
        act.move = Move(act, weight, when, drawn)  # type: ignore[attr-defined]  # found again by moves_of
        return act

    return mark


class Machine(RuleBasedStateMachine):
    WHOLE: ClassVar[int] = 100
    """A page that holds all there is."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage
        self.house: Packhouse = stage.set_up()
        self.steps_since_sums = 0
        self.agreed = True
        self.last_move: tuple[Move, dict[str, object]] | None = None
        self.moves_made = 0
        self._keys = 0

    @property
    def world(self) -> World:
        return self.stage.world

    def call(self, method: str, path: str, who: str = "worker", **request: Any) -> Answer:  # noqa: ANN401  # as the gateway's
        return self.stage.call(method, path, who, **request)

    def key(self) -> str:
        """A key that nothing was named by yet."""
        self._keys += 1
        return f"key-{self._keys}"

    def met(self, rule: str, outcome: str) -> None:
        """Note what came of a rule."""
        self.stage.tally.add(rule, outcome)

    def agree(self, rule: str, answer: Answer, expect: Callable[[], Expected]) -> None:
        """The answer is the one of the model; what of that is told only now, it takes from the answer."""
        self.agreed = False
        try:
            expected: Expected | Refused = expect()
        except Refused as refused:
            expected = refused
        if isinstance(expected, Refused):
            told = (answer.status, answer.slug if answer.status >= 400 else answer.body)  # the first refusal
            assert told == (expected.status, expected.slug), (rule, expected.slug, answer)
            different = list(differences(expected.facts, answer.body, whole=False))
        else:
            assert answer.status == expected.status, (rule, expected.status, answer)
            different = list(differences(expected.body, answer.body))
            assert (answer.headers.get("idempotent-replayed") == "true") == expected.replayed, answer
        assert not different, (rule, different, answer)
        outcome = expected.slug if isinstance(expected, Refused) else "again" if expected.replayed else "done"
        self.met(rule, outcome)
        self.agreed = True

    def listed(self, rule: str, path: str, expected: Sequence[object], *, limit: int, who: str = "worker") -> None:
        """A list walked page by page is what the model lists, in its order, and no page is longer than was asked."""
        self.agreed = False
        items: list[Any] = []
        cursor: str | None = ""
        joint = "&" if "?" in path else "?"
        while cursor is not None:
            answer = self.call("GET", f"{path}{joint}limit={limit}{cursor and f'&cursor={cursor}'}", who)
            assert answer.status == 200, answer  # the one success
            assert len(answer.body["items"]) <= limit
            items += answer.body["items"]
            cursor = answer.body["next_cursor"]
        different = list(differences(list(expected), items))
        assert not different, (rule, different, items)
        self.met(rule, "empty" if not items else "one page" if len(items) <= limit else "many pages")
        self.agreed = True

    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        able = [one for one in moves_of(type(self)) if one.when(self)]
        chosen = data.draw(st.sampled_from([one for one in able for _ in range(one.weight)]), label="move")
        drawn = {name: data.draw(strategy, label=name) for name, strategy in chosen.drawn.items()}
        if (chosen, drawn) == self.last_move:
            return  # the very same once more: so Hypothesis begins, and it shows nothing new
        self.last_move = chosen, drawn
        self.moves_made += 1
        self.stage.tally.steps += 1
        if self.moves_made == MOVES_MIN:
            self.stage.tally.runs += 1
        chosen.act(self, **drawn)

    @invariant()
    def the_sums_are_the_models(self) -> None:
        """After every few steps, for it costs as much as one."""
        self.steps_since_sums += 1
        if self.steps_since_sums >= SUMS_EVERY:
            self.sums()

    def sums(self) -> None:
        self.agreed = False
        counters = {pack.pack_id: (pack.available, pack.expired, pack.assigned) for pack in self.house.packs.values()}
        counted = self.stage.counters()
        assert counted == counters, f"counted {counted}, expected {counters}"
        self.steps_since_sums, self.agreed = 0, True

    def teardown(self) -> None:
        """What is left is what the model has left, and every invariant holds. After a disagreement neither is asked."""
        if self.agreed:
            self.agree("balance", self.call("GET", "balance"), lambda: model_stock.balance(self.house))
            self.listed("packs", "packs", model_stock.packs(self.house), limit=self.WHOLE)
            self.stage.check()


@cache
def moves_of(machine: type[Machine]) -> list[Move]:
    """The moves of a machine, in the order of their names."""
    return [act.move for name in dir(machine) if hasattr(act := getattr(machine, name), "move")]


def of[Thing](things: Sequence[Thing], pick: int) -> Thing:
    return things[pick % len(things)]


def refusing(slug: str) -> Callable[[], Expected]:
    """What is refused whatever there is."""

    def refuse() -> Expected:
        raise Refused(slug)

    return refuse


def principal(who: str) -> str:
    """Who a change is told to be by."""
    return {"worker": WORKER_KEY, "platform": PLATFORM_KEY}.get(who, who)


def query(**filters: object) -> str:
    """A query string of the filters that are given."""
    given = [f"{name}={value}" for name, value in filters.items() if value not in (None, "")]
    return f"?{'&'.join(given)}" if given else ""


def without(body: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}

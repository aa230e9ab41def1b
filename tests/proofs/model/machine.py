"""The base of the machines: the real Packhouse, the model, and how their answers, states and counters are compared."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.harness.world import NORTHWIND
from tests.proofs.model.asking import Asking
from tests.proofs.model.rules import packs
from tests.proofs.model.rules.calls import Done, Ended, Ref, Refused
from tests.proofs.model.rules.state import Run, State, Terms
from tests.proofs.model.rules.step import alone
from tests.proofs.model.stage import Stage

PICK = st.integers(0, 11)
"""Chooses a thing from a list: `of` takes the number modulo the length."""
MOVES_MIN = 5
"""A run of fewer moves isn't counted."""
COMPARED_EVERY = 5
NOBODY: Ref = ("nobody", 0)
NOWHERE = "nowhere"

type Act = Callable[..., None]


class Move:
    """An act that may come next: `weight` says how often, `when` whether it is possible now."""

    def __init__(
        self, act: Act, weight: int, when: Callable[[Any], object], drawn: Mapping[str, st.SearchStrategy[Any]]
    ) -> None:
        self.act, self.weight, self.when, self.drawn = act, weight, when, drawn

    def __repr__(self) -> str:
        return self.act.__name__


def move(
    *, weight: int = 1, when: Callable[[Any], object] = lambda _: True, **drawn: st.SearchStrategy[Any]
) -> Callable[[Act], Act]:
    """Make a method a move; its arguments are drawn.

    Hypothesis has rules of its own, but leaves half of them out of each run. Five that build on each other (an order,
    its payment, the news of it, a start, a settlement) would hardly ever come together.
    """

    def mark(act: Act) -> Act:
        act.move = Move(act, weight, when, drawn)  # type: ignore[attr-defined]  # found again by moves_of
        return act

    return mark


class Machine(RuleBasedStateMachine):
    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage
        self.terms: Terms = stage.set_up()
        self.state = State(self.terms)
        self.asking = Asking(stage, self.terms)
        self.agreed = False
        self.last_move: tuple[Move, dict[str, object]] | None = None
        self.moves_made = self.since_compared = self._keys = 0

    @property
    def now(self) -> int:
        return self.terms.seconds(self.stage.world.clock.now)

    def key(self) -> str:
        """A name that nothing has yet."""
        self._keys += 1
        return f"key-{self._keys}"

    def met(self, call: str, answer: object) -> None:
        word = answer.slug if isinstance(answer, Refused) else answer.what if isinstance(answer, Done) else answer
        self.stage.tally.met[f"{call}: {word if isinstance(word, str) else type(word).__name__}"] += 1

    def ask(self, call: object, who: str = "worker", **how: bool) -> object:
        """The real Packhouse answers as the model does."""
        return self.agree(call, self.asking.ask(call, who, **how))

    def agree(self, call: object, told: object) -> object:
        """The answer must be the model's. The model goes on to the state after it."""
        expected, self.state = alone(self.state, call)
        if isinstance(expected, Ended) and isinstance(told, Ended) and told.now is None:
            told = replace(told, now=expected.now)
        assert told == expected, f"{call}: {told} told, {expected} expected"
        self.met(type(call).__name__, expected)
        return expected

    def compare(self) -> None:
        """Every state and counter in the table is the model's."""
        self.since_compared = 0
        told, expected = self.stage.things(), self.asking.expected(self.state)
        differ = {name for name in told.keys() | expected.keys() if told.get(name) != expected.get(name)}
        assert not differ, [f"{name}: {told.get(name)} told, {expected.get(name)} expected" for name in sorted(differ)]

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
        self.agreed = False
        chosen.act(self, **drawn)
        self.since_compared += 1
        if self.since_compared >= COMPARED_EVERY:  # it costs as much as a move
            self.compare()
        self.agreed = True

    def teardown(self) -> None:
        """In the end the table is as in the model, and every invariant holds. After a disagreement, neither."""
        if self.agreed:
            self.compare()
            self.stage.check()

    def wait(self, seconds: int) -> None:
        self.stage.world.clock.now += timedelta(seconds=max(seconds, 0))

    def wait_until(self, at: int) -> None:
        self.wait(at - self.now)

    def granted(self, sku: str, quantity: int, lives: int) -> None:
        """A pack that anybody granted, with so many seconds to live."""
        acquired = self.terms.months_later(self.now + lives, -self.terms.types[sku].months)
        pack = self.stage.world.grant(sku, quantity, wg=NORTHWIND, acquired=self.terms.at(acquired))
        self.state = packs.granted(self.state, pack.pack_id, sku, quantity, acquired=acquired, now=self.now)

    def runs(self) -> list[tuple[Ref, Run]]:
        """The newest first, so that small picks choose what is most likely to be held."""
        return list(self.state.runs.items())[::-1]

    def held(self) -> list[tuple[Ref, Run]]:
        return [(ref, run) for ref, run in self.runs() if run.state(self.now) == "held"]

    def active(self) -> list[str]:
        return [project.name for project in self.state.projects.values() if project.state == "active"]


@cache
def moves_of(machine: type[Machine]) -> list[Move]:
    """The moves of a machine, in the order of their names."""
    return [act.move for name in dir(machine) if hasattr(act := getattr(machine, name), "move")]


def of[Thing](things: Sequence[Thing], pick: int) -> Thing:
    return things[pick % len(things)]

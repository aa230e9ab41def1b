"""The steps of the one model of Packhouse (`tests/proofs/model/rules/`), as the checker asks for them."""

from collections.abc import Hashable, Iterable

from tests.proofs.histories.checker import UNKNOWN
from tests.proofs.model.rules.calls import Refused, Start
from tests.proofs.model.rules.state import State
from tests.proofs.model.rules.step import possible

NOT_COVERED = Refused("not covered")
"""To a start for a user. What it says of the stock is a call of its own, for the product reads that apart."""


def step(state: State, call: Hashable, answer: Hashable) -> Iterable[State]:
    """What a call makes of the state, if it could be answered so; each thing it could do, if nobody knows."""
    if answer is UNKNOWN:
        return [state, *(after for _, after in possible(state, call))]
    return [after for given, after in possible(state, call) if _told(call, given) == answer]


def _told(call: Hashable, given: object) -> object:
    match call, given:
        case Start(items=(item, *_)), Refused("licenses-exhausted" | "assignment-required") if item.user:
            return NOT_COVERED
    return given

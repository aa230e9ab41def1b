"""Which deliveries are tried: of every operation of the API, and of everything else that is invoked."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from tests.harness.gateway import Answer
from tests.harness.shop import Shop
from tests.proofs.crash.outcomes import Outcome


class Source(Protocol):
    """Where a delivery comes from: it sends the same once more as the real one does."""

    @property
    def again_after(self) -> timedelta:
        """How long it waits before that."""

    def send(self) -> Answer | None:
        """The answer, where there is one that anybody hears."""


def _nobody() -> None:
    """Nobody is after the same."""


def _no_more(_: Sequence[Outcome]) -> None:
    """It ends as if nothing had gone wrong, and that is all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A request or an event, ready to be delivered to a shop that was prepared for it."""

    source: Source
    rival: Callable[[], object] = _nobody
    """Another request that is after the same: it may come at any moment, and may well win."""
    promise: Callable[[Sequence[Outcome]], None] = _no_more
    """What holds in the end, beside what always holds; it is told what the deliveries came to."""
    settles: bool = True
    """Whether a delivery that comes once more changes nothing."""
    journals: bool = False
    """Whether it is the journal that is delivered to, and so isn't brought up to date by the way."""
    follows: bool = False
    """Whether an invariant holds only once it has come through."""
    sound: bool = True
    """Whether every invariant holds; a delivery that is about damage says no."""


type Build = Callable[[Shop], Delivery]


@dataclass(frozen=True, slots=True)
class Entry:
    """A delivery to a handler, by an operation (`GET /v1/me`) or another trigger (`ReconcileFunction Tick`)."""

    handler: str
    name: str
    build: Build
    a_day_later: bool
    """Whether it means the same a day later, when Stripe has forgotten its keys."""

    def __str__(self) -> str:
        return f"{self.handler} ({self.name})"


REGISTRY: list[Entry] = []


def registered(handler: str, *, a_day_later: bool = False) -> Callable[[Build], Build]:
    """Have every call of that delivery fail in every way. A handler may have several."""

    def register(build: Build) -> Build:
        REGISTRY.append(Entry(handler, build.__name__, build, a_day_later))
        return build

    return register


def entries() -> list[Entry]:
    """All that is registered, in the modules of `deliveries/`."""
    for module in sorted((Path(__file__).parent / "deliveries").glob("*.py")):
        importlib.import_module(f"tests.proofs.crash.deliveries.{module.stem}")
    return REGISTRY

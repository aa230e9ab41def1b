from collections.abc import Iterator

import hypothesis.core
import pytest
from hypothesis.internal import entropy
from hypothesis.internal.conjecture import engine
from hypothesis.strategies._internal import collections, core

from tests.fuzz.stock import Stock
from tests.stack.running import LocalStack

REPLACED = (
    (hypothesis.core, "RepresentationPrinter"),
    (hypothesis.core, "BUFFER_SIZE"),
    (entropy, "register_random"),
    (engine, "BUFFER_SIZE"),
    (collections, "BUFFER_SIZE"),
    (core, "is_first_param_referenced_in_function"),
)
"""Parts of hypothesis that schemathesis replaces for good; with them, a property that fails doesn't print for what."""


@pytest.fixture(scope="module", autouse=True)
def hypothesis_afterwards_as_before() -> Iterator[None]:
    kept = [(module, name, getattr(module, name)) for module, name in REPLACED]
    yield
    for module, name, value in kept:
        setattr(module, name, value)


@pytest.fixture(scope="module")
def stock(local_stack: LocalStack) -> Stock:
    return Stock(local_stack)

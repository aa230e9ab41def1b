"""Every operation of openapi.json, asked anything; no answer but what it documents, and what it is for at least once.

`FUZZ_EXAMPLES` is how often each is asked, `FUZZ_SEED` which requests are made: `python -m tests.fuzz` sets both.
"""

import os
from collections.abc import Callable

import pytest

from tests.fuzz import document
from tests.fuzz.fuzzing import Inquiry
from tests.fuzz.soundness import Held
from tests.fuzz.stock import Stock

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "30"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
MANY = 20
SHARES = 6
"""Of the oddities, each operation is asked one part of so many; where there is time, all of them."""

type Record = Callable[[str, object], None]


@pytest.mark.parametrize("label", document.labels())
def test_it_answers_as_documented(label: str, stock: Stock, record_property: Record) -> None:
    operation = document.operation(label)
    inquiry = Inquiry(operation, stock)
    kept = [(tenant, stock.settings(tenant)) for tenant in stock.tenants]

    stock.refill(operation.method, operation.path)
    inquiry.sweep(shares=SHARES if EXAMPLES < MANY else 1)
    inquiry.fuzz(examples=EXAMPLES, number=SEED)

    for tenant, settings in kept:
        if operation.method == "PATCH":
            stock.put_back(tenant, settings)
    if EXAMPLES >= MANY:
        record_property("summary", inquiry.told())
    if inquiry.complaints:
        pytest.fail("\n".join([inquiry.told(), *inquiry.complaints.values()]), pytrace=False)
    if inquiry.blind:
        pytest.fail(f"The fuzz was blind: {inquiry.told()}", pytrace=False)


def test_every_invariant_holds_afterwards(stock: Stock) -> None:
    found = Held(stock.stack).violations()

    assert found == [], "\n".join(map(str, found))

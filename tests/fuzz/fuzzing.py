"""Asks an operation many times, and keeps count of what it answered."""

from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from itertools import count, islice
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case

from tests.fuzz import asking, webhook
from tests.fuzz.asking import Ask
from tests.fuzz.document import Operation
from tests.fuzz.judging import Judge
from tests.fuzz.stock import Stock
from tests.fuzz.sweeping import sweep

SHOWN = 500
COMPLAINTS_MAX = 5
"""So many kinds of complaint are told of one operation, each with the first request that met it."""


class Inquiry:
    """What one operation was asked, and answered."""

    def __init__(self, operation: Operation, stock: Stock) -> None:
        self.operation = operation
        self.statuses = Counter[int]()
        self.complaints: dict[tuple[int, str], str] = {}
        self._stock = stock
        self._judge = Judge(stock.tenants)
        self._created: list[tuple[str, Any]] = []

    @property
    def blind(self) -> bool:
        """Whether it never did what it is for: then little of it was tried."""
        return not any(status < HTTPStatus.MULTIPLE_CHOICES for status in self.statuses)

    def told(self) -> str:
        counted = ", ".join(f"{status}: {number}" for status, number in sorted(self.statuses.items()))
        return f"{self.operation.label} - {counted}"

    def sweep(self, *, shares: int) -> None:
        """Ask every oddity of this operation's share, one of so many."""
        for ask in sweep(self.operation, self._stock, shares=shares):
            self._ask(ask)

    def fuzz(self, *, examples: int, number: int) -> None:
        """Ask so many times; the same number makes the same requests, but for the ids and tokens of the stack."""
        chances = (_chance(f"{number} {self.operation.label} {asked}") for asked in count())
        if self.operation.label == webhook.LABEL:
            for chance in islice(chances, examples):
                self._ask(webhook.made(self._stock, chance))
        elif not (self.operation.query or self.operation.takes_body):
            for chance in islice(chances, examples):
                self._ask(asking.made(self.operation, self._stock, None, chance))
        else:
            self._fuzz_generated(chances, examples=examples, number=number)
        for path, answer in self._created:
            self._stock.take_in(path, answer)

    def _fuzz_generated(self, chances: Iterator[Random], *, examples: int, number: int) -> None:
        """With a query and a body that schemathesis makes of the description.

        The rest isn't hypothesis' to choose: it likes to repeat what it chose before.
        """

        @seed(number)
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(self.operation.generated())
        def ask_once(case: Case[Any]) -> None:
            self._ask(asking.made(self.operation, self._stock, case, next(chances)))

        ask_once()

    def _ask(self, ask: Ask) -> None:
        if len(self.complaints) >= COMPLAINTS_MAX:
            return
        answer = self._stock.stack.request(ask.method, ask.path, body=ask.body, headers=ask.headers)
        self.statuses[answer.status] += 1
        if answer.status == HTTPStatus.CREATED:
            self._created.append((ask.path, answer.json))
        for complaint in self._judge.complaints(self.operation, ask, answer):
            told = f"{complaint}\n    {ask.told()}\n    {answer.status} {answer.body[:SHOWN]!r}"
            self.complaints.setdefault((answer.status, complaint.partition(",")[0]), told)


def _chance(named: str) -> Random:
    return Random(named)  # noqa: S311  # of tests

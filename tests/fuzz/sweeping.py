"""Every oddity at least once, whatever chance does: each operation gets its share of them, and all get all."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote

from tests.fuzz import document, oddities
from tests.fuzz.asking import Ask
from tests.fuzz.document import KEY_HEADER, PARAMETER, Operation
from tests.fuzz.stock import Caller, Place, Stock

BODIES = (
    *oddities.BODIES,
    *(spoil('{"name": "x"}') for spoil in oddities.SPOILED.values()),
    *(oddities.with_literal({"name": "x"}, [0], literal) for literal in oddities.LITERALS),
)


def sweep(operation: Operation, stock: Stock, *, shares: int) -> Iterator[Ask]:
    """Asked by the first tenant's owner, who may do everything there; so only the oddity is refused."""
    tenant = stock.tenants[0]
    swept = _Swept(
        operation=operation,
        shares=shares,
        place=(tenant.at(*operation.parameters) or [{"wg": tenant.wg}])[-1],
        owner=next(caller for caller in stock.callers if caller.authorization == f"Bearer {tenant.owner}"),
    )
    yield from swept.bodies()
    yield from swept.paths()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Swept:
    operation: Operation
    shares: int
    place: Place
    owner: Caller

    def bodies(self) -> Iterator[Ask]:
        for key in self._share(oddities.KEYS, _takes_key):
            yield self._ask(body=b"{}", headers={KEY_HEADER: key})
        for body in self._share(BODIES, _takes_body):
            yield self._ask(body=body)
        for media_type in self._share(oddities.MEDIA_TYPES, _takes_body):
            yield self._ask(body=b"{}", headers={"Content-Type": media_type})

    def paths(self) -> Iterator[Ask]:
        for segment in self._share(oddities.SEGMENTS, _parameters):
            for name in self.operation.parameters:
                yield self._ask(odd={name: segment})
        for query in self._share(oddities.QUERIES, _anything):
            yield self._ask(query=f"?{query}")
        for value in self._share(oddities.VALUES, _query):
            for name in sorted(self.operation.query):
                yield self._ask(query=f"?{name}={value}")

    def _share[One](self, of: Sequence[One], having: Callable[[Operation], object]) -> Sequence[One]:
        """What of these this operation is asked, if it has what they are for."""
        all_with_it = _having(having)
        if self.operation.label not in all_with_it:
            return []
        return of[all_with_it.index(self.operation.label) % self.shares :: self.shares]

    def _ask(
        self,
        *,
        odd: Place | None = None,
        query: str = "",
        body: bytes | None = None,
        headers: Place | None = None,
    ) -> Ask:
        sent = {"Authorization": str(self.owner.authorization), "Content-Type": "application/json", KEY_HEADER: "sweep"}
        words = {name: quote(word, safe="") for name, word in self.place.items()} | dict(odd or {})
        path = PARAMETER.sub(lambda found: words.get(found[1], "0"), self.operation.path)
        method, headers = self.operation.method, sent | dict(headers or {})
        return Ask(method=method, path=f"{path}{query}", headers=headers, body=body, caller=self.owner)


def _takes_body(operation: Operation) -> bool:
    return operation.takes_body


def _takes_key(operation: Operation) -> bool:
    return operation.takes_key


def _parameters(operation: Operation) -> list[str]:
    return operation.parameters


def _query(operation: Operation) -> frozenset[str]:
    return operation.query


def _anything(_: Operation) -> bool:
    return True


@cache
def _having(what: Callable[[Operation], object]) -> list[str]:
    return [label for label in document.labels() if what(document.operation(label))]

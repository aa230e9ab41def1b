"""AWS's prices, in dollars.

Published prices of us-east-1, first tier, without the free tier. They were noted in November 2026 from pages that
repeat https://aws.amazon.com/dynamodb/pricing/on-demand/, .../lambda/pricing/, .../api-gateway/pricing/ and
.../eventbridge/pricing/, since AWS fills its own tables by script. Look at AWS's pages before you rely on them.
"""

from dataclasses import dataclass

MILLION = 1_000_000

WRITE_UNIT = 0.625 / MILLION
READ_UNIT = 0.125 / MILLION
INVOCATION = 0.20 / MILLION
GB_SECOND = 0.0000133334
"""On arm64."""
HTTP_REQUEST = 1.00 / MILLION
"""Up to 512 KB; the first 300 million of a month."""
EVENT = 1.00 / MILLION
"""Up to 64 KB, on a custom bus."""

MEMORY_MB = 512
"""The memory of the hot path's functions in template.yaml."""
MB_OF_A_WHOLE_CPU = 1769
"""https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html; CPU is in proportion to memory."""
ROUND_TRIP_MS = 5.0
"""Assumed: how long a call of DynamoDB or EventBridge takes on AWS, in addition to its CPU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What AWS bills for something. Usages can be added and multiplied."""

    requests: float = 0
    invocations: float = 0
    milliseconds: float = 0
    """Lambda's time."""
    write_units: float = 0
    read_units: float = 0
    events: float = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})

    def __mul__(self, times: float) -> "Usage":
        return Usage(**{name: getattr(self, name) * times for name in self.__slots__})

    @property
    def function_dollars(self) -> float:
        gb_seconds = self.milliseconds / 1000 * MEMORY_MB / 1024
        return self.invocations * INVOCATION + gb_seconds * GB_SECOND

    @property
    def table_dollars(self) -> float:
        return self.write_units * WRITE_UNIT + self.read_units * READ_UNIT

    @property
    def dollars(self) -> float:
        return self.requests * HTTP_REQUEST + self.function_dollars + self.table_dollars + self.events * EVENT


def billed_milliseconds(cpu_ms: float, round_trips: int) -> float:
    """How long an invocation takes on AWS, if a whole CPU there is as fast as this machine's."""
    return cpu_ms * MB_OF_A_WHOLE_CPU / MEMORY_MB + round_trips * ROUND_TRIP_MS

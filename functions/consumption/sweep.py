"""The sweep's tick."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from packhouse import runtime
from packhouse.settings import settings
from packhouse.sweep import engine

SECONDS_PER_TICK = 45  # a tick starts every minute; the function may run for two
ITEMS_PER_TICK = 5_000


def handler(_event: Mapping[str, Any], _context: object) -> dict[str, dict[str, int]]:
    swept = engine.tick(
        runtime.table(), settings().policies, clock=runtime.now, seconds=SECONDS_PER_TICK, items_max=ITEMS_PER_TICK
    )
    return {queue: asdict(counts) for queue, counts in swept.items()}

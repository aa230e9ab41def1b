"""The tick of the roll-up of usage."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from packhouse import runtime
from packhouse.errors import TryAgain
from packhouse.journal import rollup

SECONDS_PER_TICK = 600  # of the function's 900


def handler(_event: Mapping[str, Any], _context: object) -> dict[str, int]:
    """Count the usage. A failure doesn't stop the other workgroups. Afterwards the tick fails, and an alarm calls."""
    done = rollup.tick(runtime.table(), runtime.journal(), now=runtime.now(), seconds=SECONDS_PER_TICK)
    if done.failed:
        raise TryAgain
    return asdict(done)

"""The sweep's tick."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from packhouse import runtime
from packhouse.policies import Policies
from packhouse.settings import settings
from packhouse.sweep import engine, packs, projects, runs
from packhouse.sweep.engine import Step

PRINCIPAL = "packhouse:sweep"
SECONDS_PER_TICK = 45  # of the minute between two ticks; the function has two
ITEMS_PER_TICK = 5_000


def handler(_event: Mapping[str, Any], _context: object) -> dict[str, dict[str, int]]:
    swept = engine.tick(
        runtime.table(),
        steps(settings().policies),
        principal=PRINCIPAL,
        clock=runtime.now,
        seconds=SECONDS_PER_TICK,
        items_max=ITEMS_PER_TICK,
    )
    return {queue: asdict(counts) for queue, counts in swept.items()}


def steps(policies: Policies) -> Mapping[str, Step]:
    """The queues in the order in which they are worked, each with its step."""
    return {
        "RUN": runs.step,
        "PACK": lambda table, item: packs.step(table, policies, item),
        "PROJECT": lambda table, item: projects.step(table, policies, item),
    }

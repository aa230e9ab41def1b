"""A tick of the sweep with bounds and policies of its own, on the queues that the sweep's function works."""

from collections.abc import Callable
from datetime import datetime

from packhouse import runtime
from packhouse.policies import Policies
from packhouse.store.table import Table
from packhouse.sweep import engine
from packhouse.sweep.engine import Swept
from tests.harness.gateway import module_of

QUEUES = ("RUN", "PACK", "PROJECT")
NOTHING = {"done": 0, "postponed": 0, "parked": 0, "late_seconds": 0}


def tick(
    table: Table,
    policies: Policies,
    *,
    clock: Callable[[], datetime] = runtime.now,
    seconds: float = 60,
    items_max: int = 1000,
) -> dict[str, Swept]:
    function = module_of("SweepFunction")
    steps = function.steps(policies)
    return engine.tick(table, steps, principal=function.PRINCIPAL, clock=clock, seconds=seconds, items_max=items_max)

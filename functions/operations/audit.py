"""The auditor's tick."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from packhouse import runtime
from packhouse.operations import auditing

PRINCIPAL = "packhouse:audit"
SECONDS_PER_TICK = 600  # of the function's 900


def handler(_event: Mapping[str, Any], _context: object) -> dict[str, int]:
    now = runtime.now()
    table = runtime.stamped(PRINCIPAL, f"audit-{now:%Y%m%dT%H%M%S}")
    return asdict(auditing.tick(table, runtime.journal(), now=now, seconds=SECONDS_PER_TICK))

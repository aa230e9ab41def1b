"""Runs of a machine, each of so many steps; `python -m tests.proofs.model` sets how many, and the first seed."""

import itertools
import os
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.proofs.model.machine import Machine
from tests.proofs.model.stage import Stage

LONG = "MODEL_RUNS" in os.environ
RUNS = int(os.environ.get("MODEL_RUNS", "50"))
"""Of all machines together."""
STEPS = int(os.environ.get("MODEL_STEPS", "40"))
SEED = int(os.environ.get("MODEL_SEED", "1"))
HASTY = bool(os.environ.get("MODEL_HASTY"))
"""Whether a disagreement is printed as it was met: to make it smaller takes minutes."""
AFRESH = 10
"""Runs that one seed makes."""


def play(machine: type[Machine], stage: Stage, *, runs: int) -> None:
    """As many runs, or a few more.

    Hypothesis makes the first ten of a seed afresh, but for one or two that are all alike; later ones mostly by
    doubling parts of those, which for a machine is the same move again and again. So each ten have their own seed.
    """
    for seed in itertools.count(SEED):
        if stage.tally.runs >= runs:
            return
        begun: Any = hypothesis.seed(seed)(lambda: machine(stage))
        try:
            run_state_machine_as_test(begun, settings=_settings())
        except Exception as error:
            stage.tally.disagreements += 1
            error.add_note(f"python -m tests.proofs.model --runs 1 --steps {STEPS} --seed {seed}: plays it again")
            raise


def _settings() -> settings:
    return settings(
        max_examples=AFRESH,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=True,  # but for the seed
        phases=[Phase.generate] if HASTY else [Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )

"""Runs the fuzz in a process of its own: schemathesis changes hypothesis for good, which other tests use as it is."""

import os
import subprocess
import sys
from dataclasses import dataclass

from tests.harness.local_stack import ROOT

SECONDS_MAX = 300


@dataclass(frozen=True, slots=True)
class Ended:
    status: int
    said: str

    def of(self, label: str) -> str:
        """What was said of an operation, `METHOD /path`."""
        return self.said.partition(f"{label} - ")[2].partition("\nGET /")[0]


def ended(module: str, *arguments: str) -> Ended:
    """What `python -m` came to."""
    done = subprocess.run(  # noqa: S603  # our own interpreter and module
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    return Ended(done.returncode, done.stdout)

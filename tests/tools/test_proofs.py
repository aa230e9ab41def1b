"""The long proofs start: nobody runs them each day, so nobody would see that they don't."""

import subprocess
import sys

import pytest

from tests.harness.template import ROOT


@pytest.mark.parametrize(
    "arguments",
    [
        ("tests.proofs.crash", "--collect-only", "-q"),
        ("tests.proofs.histories", "--help"),
        ("tests.proofs.model", "--runs", "0"),
        ("tests.proofs.fuzz", "--help"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_long_proof_starts(arguments: tuple[str, ...]) -> None:
    ended = subprocess.run(  # noqa: S603  # this very interpreter
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr

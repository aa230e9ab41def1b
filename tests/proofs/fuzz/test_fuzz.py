import json

from tests.harness.local_stack import ROOT, LocalStack
from tests.proofs.fuzz.running import ended

EXAMPLES = 20
"""A glance, the same each time; `python -m tests.proofs.fuzz` looks for minutes."""
DESCRIPTION = json.loads((ROOT / "functions" / "checkout" / "openapi.json").read_text())
OPERATIONS = sum(len(path) for path in DESCRIPTION["paths"].values())


def test_every_operation_answers_as_documented_and_does_what_it_is_for(local_stack: LocalStack) -> None:
    fuzz = ended("tests.proofs.fuzz", "--examples", str(EXAMPLES), "--stack", str(local_stack.state / "stack.json"))

    assert fuzz.status == 0, fuzz.said
    assert f"fuzz: {OPERATIONS} operations" in fuzz.said

"""`python -m tests.proofs.fuzz`: asks each operation of openapi.json anything. An undocumented answer fails it.

On a stack of its own, or on the one whose stack.json is named. It prints how often each operation was asked and what
it answered, and ends with 1 if something was wrong, an operation never succeeded, or the auditor finds something after.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dev.operate import audit
from tests.harness.local_stack import ROOT, LocalStack
from tests.proofs.fuzz.asking import Told, ask, labels
from tests.proofs.fuzz.stock import Stock

OPENAPI = ROOT / "functions" / "checkout" / "openapi.json"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.proofs.fuzz")
    parser.add_argument("--examples", type=int, default=300, help="how often each operation is asked")
    parser.add_argument("--seed", type=int, default=1, help="another asks otherwise; the same asks the same again")
    parser.add_argument("--stack", type=Path, help="the stack.json of a running stack; without it, one is started")
    parser.add_argument("--only", default="", help="a part of the operations' labels, such as `POST` or `/runs`")
    wanted = parser.parse_args()
    started = time.monotonic()
    with running(wanted.stack) as ready:
        stock = Stock(ready)
        description = stock.described(json.loads(OPENAPI.read_text()))
        with stock.put_back():
            found = [
                ask(
                    description,
                    label,
                    stock.words(label),
                    stock.callers(label),
                    api=stock.api,
                    examples=wanted.examples,
                    number=wanted.seed,
                )
                for label in labels(description)
                if wanted.only in label
            ]
        findings = [audit.tick(stock.api)["findings"] for _ in range(2)][-1]
    return summed_up(found, findings, seconds=time.monotonic() - started)


@contextmanager
def running(stack_json: Path | None) -> Iterator[Any]:
    """What the stack.json says of the stack to ask."""
    if stack_json is not None:
        yield json.loads(stack_json.read_text())
        return
    with tempfile.TemporaryDirectory() as folder:
        stack = LocalStack(Path(folder) / "state")
        try:
            yield stack.ready
        finally:
            stack.stop()


def summed_up(found: Sequence[Told], findings: int, *, seconds: float) -> int:
    """Say what became of it in a line; the exit status."""
    cases, wrong = sum(told.statuses.total() for told in found), sum(len(told.wrong) for told in found)
    sys.stdout.write(
        f"fuzz: {len(found)} operations, {cases} cases in {seconds:.0f} s; "
        f"{wrong} complaints; {findings} findings of the auditor\n"
    )
    return int(bool(wrong or findings or not found))


if __name__ == "__main__":
    sys.exit(main())

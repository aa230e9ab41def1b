"""`python -m tests.fuzz`: asks each operation of openapi.json anything, and fails if an answer is none of those documented.

On a stack of its own, or on the one whose stack.json is named. The same seed asks the same again, but for the stack's own
ids and tokens. It prints for each operation what it answered, and ends with 1 if anything was wrong or the fuzz blind.
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

from dev import audit
from tests.fuzz.asking import Told, ask, labels
from tests.fuzz.stock import Stock
from tests.stack.running import ROOT, LocalStack

OPENAPI = ROOT / "functions" / "checkout" / "openapi.json"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--examples", type=int, default=150, help="how often each operation is asked")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stack", type=Path, help="the stack.json of a running stack; without it, one is started")
    parser.add_argument("--only", default="", help="a part of the operations' labels, such as `POST` or `/runs`")
    wanted = parser.parse_args()
    started = time.monotonic()
    with running(wanted.stack) as ready:
        found = list(fuzz(Stock(ready), only=wanted.only, examples=wanted.examples, number=wanted.seed))
        findings = [audit.tick(ready["api"])["findings"] for _ in range(2)][-1]
    return summed_up(found, findings, seconds=time.monotonic() - started)


@contextmanager
def running(stack_json: Path | None) -> Iterator[Any]:
    if stack_json is not None:
        yield json.loads(stack_json.read_text())
        return
    with tempfile.TemporaryDirectory() as folder:
        stack = LocalStack(Path(folder) / "state")
        try:
            yield stack.ready
        finally:
            stack.stop()


def fuzz(stock: Stock, *, only: str, examples: int, number: int) -> Iterator[Told]:
    description = stock.described(json.loads(OPENAPI.read_text()))
    with stock.put_back():
        for label in labels(description):
            if only in label:
                words, callers = stock.words(label), stock.callers(label)
                told = ask(label, description, words, callers, api=stock.api, examples=examples, number=number)
                sys.stdout.write(f"{told}\n")
                sys.stdout.flush()
                yield told


def summed_up(found: Sequence[Told], findings: int, *, seconds: float) -> int:
    cases = sum(told.statuses.total() for told in found)
    wrong = sum(len(told.complaints) for told in found)
    sys.stdout.write(
        f"fuzz: {len(found)} operations, {cases} cases in {seconds:.0f} s; "
        f"{wrong} complaints; {findings} findings of the auditor\n"
    )
    return int(bool(wrong or findings or not found))


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tests.fuzz --examples 500 --seed 1`: each operation asked so often, on a stack of its own.

What each answered is counted by status. The same seed asks the same again, but for the stack's own ids and tokens.
"""

import argparse
import os
import sys

import pytest


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--examples", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    os.environ |= {"FUZZ_EXAMPLES": str(wanted.examples), "FUZZ_SEED": str(wanted.seed)}
    return pytest.main(["tests/fuzz", "-p", "no:cacheprovider"])


if __name__ == "__main__":
    sys.exit(main())

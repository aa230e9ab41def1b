"""`python -m tests.proofs.histories --count 200 --seed 1`: long histories, and careless tables that they must find.

A history that isn't linearizable is printed with its seed. The same seed makes the same plan again; which calls of it
meet, the threads decide.
"""

import argparse
import os
import sys

import pytest


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.proofs.histories")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    os.environ |= {"HISTORIES": str(wanted.count), "HISTORIES_SEED": str(wanted.seed)}
    return pytest.main(["tests/proofs/histories", "-p", "no:cacheprovider"])


if __name__ == "__main__":
    sys.exit(main())

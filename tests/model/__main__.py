"""`python -m tests.model --runs 400 --steps 40 --seed 1000`: the machines, with more runs or other seeds.

`--seed` is the first of as many as it takes, one for each eight runs or so. The same seeds make the same moves again.
"""

import argparse
import os
import sys

import pytest


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.model")
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1000)
    wanted = parser.parse_args()
    os.environ |= {
        "MODEL_RUNS": str(wanted.runs),
        "MODEL_STEPS": str(wanted.steps),
        "MODEL_SEED": str(wanted.seed),
    }
    return pytest.main(["tests/model", "-p", "no:cacheprovider"])


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tests.proofs.model --runs 200 --steps 50 --seed 1000`: the machines, with more runs or other seeds.

`--seed` is the first of as many as it takes, one for each eight runs or so. The same seeds make the same moves again.
`--hasty` prints a disagreement as it was met: to make it smaller first may take minutes.
"""

import argparse
import os
import sys

import pytest


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.proofs.model")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--hasty", action="store_true")
    wanted = parser.parse_args()
    os.environ |= {
        "MODEL_RUNS": str(wanted.runs),
        "MODEL_STEPS": str(wanted.steps),
        "MODEL_SEED": str(wanted.seed),
        "MODEL_HASTY": "1" if wanted.hasty else "",
    }
    return pytest.main(["tests/proofs/model", "-p", "no:cacheprovider"])


if __name__ == "__main__":
    sys.exit(main())

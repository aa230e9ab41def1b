"""`python -m tests.proofs.crash`: every fault at every call of every delivery, and stories of two faults.

What else is said there goes to pytest: `python -m tests.proofs.crash -k place_order`.
"""

import sys
from collections import Counter
from pathlib import Path

import pytest

PROCESSES = 2


class Tally:
    """Adds up what the tests of all processes came to."""

    def __init__(self) -> None:
        self._sums: dict[str, Counter[str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            for name, counts in report.user_properties:
                assert isinstance(counts, dict)
                self._sums.setdefault(name, Counter()).update(counts)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for name, counts in sorted(self._sums.items()):
            told = ", ".join(f"{counts[what]} {what}" for what in ("stories", "deliveries", "faults", "violations"))
            terminalreporter.line(f"{name}: {told}")


def main() -> int:
    stories = Path(__file__).parent / "depth_two.py"
    options = [f"--numprocesses={PROCESSES}", "--dist=worksteal", "-p", "no:cacheprovider", "--durations=10"]
    return pytest.main([str(stories), *options, *sys.argv[1:]], plugins=[Tally()])


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tests.crash`: every fault at every call of every delivery, and two faults in each story."""

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
                self._sums.setdefault(name, Counter()).update(counts)  # type: ignore[arg-type]  # what depth_two records

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for name, counts in sorted(self._sums.items()):
            told = ", ".join(f"{counts[what]} {what}" for what in ("stories", "deliveries", "faults", "violations"))
            terminalreporter.line(f"{name}: {told}")


def main() -> int:
    stories = Path(__file__).parent / "depth_two.py"
    options = [f"--numprocesses={PROCESSES}", "--dist=worksteal", "-p", "no:cacheprovider", "--durations=10"]
    return pytest.main([str(stories), *options], plugins=[Tally()])


if __name__ == "__main__":
    sys.exit(main())

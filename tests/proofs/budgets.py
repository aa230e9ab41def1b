"""Each folder of tests has a share of CPU seconds: `--shares` prints what each took, and fails the run above a share.

CPU seconds are those of the workers and of all processes below them, the fake Stripe and the stacks included. Machines
differ, and a busy one is slow: the same loop is timed now and then during the run, and the shares are stretched by how
much longer it took than `REFERENCE_SECONDS`. docs/proof.md says why each share is as it is.
"""

import json
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SHARES = {
    "tests/unit": 45,
    "tests/api": 190,
    "tests/events": 130,
    "tests/house": 50,
    "tests/console": 135,
    "tests/tools": 20,
    "tests/tools/fake_stripe": 35,
    "tests/tools/stack": 260,
    "tests/proofs/crash": 150,
    "tests/proofs/fuzz": 60,
    "tests/proofs/histories": 50,
    "tests/proofs/model": 110,
    "tests/proofs/races": 110,
}
"""CPU seconds on the reference machine. Of the names that a test's id begins with, the longest counts."""
REFERENCE_SECONDS = 0.045
"""The loop's time on the reference machine."""
LOOPS = 1000
TIMED_EVERY_SECONDS = 10
"""So much CPU time of a worker passes between two timings of the loop."""
SPENT, TIMED = "cpu seconds", "loop seconds"


@dataclass(slots=True)
class Spending:
    """The seconds that the folders took, and how long the loop took each time."""

    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    loops: list[float] = field(default_factory=list)

    def add(self, nodeid: str, properties: Mapping[str, object]) -> None:
        for name, value in properties.items():
            if name == SPENT and isinstance(value, float):
                self.seconds[folder_of(nodeid)] += value
            elif name == TIMED and isinstance(value, float):
                self.loops.append(value)

    @property
    def stretch(self) -> float:
        """How many times as long as on the reference machine everything takes here."""
        return statistics.median(self.loops) / REFERENCE_SECONDS if self.loops else 1.0

    def over(self) -> list[str]:
        """The folders that took more than their share."""
        return [name for name, took in self.seconds.items() if took > SHARES[name] * self.stretch]

    def lines(self) -> Iterator[str]:
        over = self.over()
        for name, share in SHARES.items():
            if name in self.seconds:
                took, allowed = self.seconds[name], share * self.stretch
                yield f"{name:<26}{took:8.1f} s of {allowed:6.1f} s{'   MORE THAN ITS SHARE' if name in over else ''}"
        together = sum(self.seconds.values())
        yield f"{'together':<26}{together:8.1f} s; the loop took {self.stretch:.2f} times the reference's time"


class Meter:
    """Measures in the process that runs the tests; what each test took goes with its report."""

    def __init__(self) -> None:
        self._own = own_seconds()
        self._below = below_seconds()
        self._timed = -float(TIMED_EVERY_SECONDS)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
        try:
            yield
        finally:
            leaves = nextitem is None or folder_of(nextitem.nodeid) != folder_of(item.nodeid)
            item.user_properties.append((SPENT, self._spent(with_processes=leaves)))
            if self._own - self._timed > TIMED_EVERY_SECONDS:
                item.user_properties.append((TIMED, loop_seconds()))
                self._timed = self._own = own_seconds()

    def _spent(self, *, with_processes: bool) -> float:
        """Since the last time; other processes are looked at when a folder is left, for the look takes milliseconds."""
        own, below = own_seconds(), below_seconds() if with_processes else self._below
        spent = own - self._own + below - self._below
        self._own, self._below = own, below
        return max(spent, 0.0)


class Judge:
    """Adds up the reports of all workers, prints the sums, and fails the run."""

    def __init__(self) -> None:
        self.spending = Spending()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            self.spending.add(report.nodeid, dict(report.user_properties))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.spending.over() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("CPU by folder")
        for line in self.spending.lines():
            terminalreporter.line(line)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shares", action="store_true", help="fail if a folder takes more than its share of CPU seconds")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--shares"):
        if not hasattr(config, "workerinput"):
            config.pluginmanager.register(Judge())
        if not config.getoption("numprocesses", default=None):
            config.pluginmanager.register(Meter())


def folder_of(nodeid: str) -> str:
    """The folder whose share a test takes from."""
    return max((name for name in SHARES if nodeid.startswith(f"{name}/")), key=len)


def loop_seconds() -> float:
    """The CPU time of a loop of dictionaries and JSON, which is most of a test's work, too."""
    started = time.process_time()
    value: object = {f"attribute-{number}": {"S": f"value-{number}", "L": [number] * 5} for number in range(40)}
    for _ in range(LOOPS):
        value = json.loads(json.dumps(value))
    return time.process_time() - started


def own_seconds() -> float:
    """CPU time of this process and of those below it that have ended."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def below_seconds() -> float:
    """CPU time of the processes below this one that still run; 0 where there is no /proc."""
    tick = os.sysconf("SC_CLK_TCK")
    found: dict[int, tuple[int, float]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, _, rest = path.read_text(errors="replace").rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue
        _, parent, *fields = rest.split()
        found[int(path.parent.name)] = int(parent), sum(map(int, fields[9:13])) / tick
    below, generation = 0.0, {os.getpid()}
    while generation:
        generation = {pid for pid, (parent, _) in found.items() if parent in generation}
        below += sum(found[pid][1] for pid in generation)
    return below

"""The shares of CPU seconds: a folder that takes more than its share fails the run."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.harness.template import ROOT
from tests.proofs.budgets import REFERENCE_SECONDS, SHARES, SPENT, TIMED, Judge, below_seconds, folder_of

SHARE = SHARES["tests/unit"]


def judged(seconds: float, *, loop: float = REFERENCE_SECONDS) -> tuple[Judge, Any]:
    """A run in which two tests of tests/unit took so long together, and the loop so long each time."""
    judge = Judge()
    session: Any = SimpleNamespace(exitstatus=pytest.ExitCode.OK)
    for name in ("one", "other"):
        properties = [(SPENT, seconds / 2), (TIMED, loop)]
        report: Any = SimpleNamespace(
            when="teardown", nodeid=f"tests/unit/test_it.py::{name}", user_properties=properties
        )
        judge.pytest_runtest_logreport(report)
    judge.pytest_sessionfinish(session)
    return judge, session


def test_a_folder_within_its_share_passes() -> None:
    judge, session = judged(SHARE - 1)

    assert session.exitstatus == pytest.ExitCode.OK
    assert "MORE" not in "".join(judge.spending.lines())


def test_a_folder_above_its_share_fails_the_run_and_is_named() -> None:
    judge, session = judged(SHARE + 1)

    assert session.exitstatus == pytest.ExitCode.TESTS_FAILED
    assert judge.spending.over() == ["tests/unit"]
    assert "MORE THAN ITS SHARE" in next(iter(judge.spending.lines()))


@pytest.mark.parametrize(("slower", "status"), [(2.0, pytest.ExitCode.OK), (0.5, pytest.ExitCode.TESTS_FAILED)])
def test_a_share_is_stretched_by_how_slow_the_machine_is(slower: float, status: pytest.ExitCode) -> None:
    _, session = judged(SHARE * 1.5, loop=REFERENCE_SECONDS * slower)

    assert session.exitstatus == status


def test_every_test_takes_from_a_share() -> None:
    for path in (ROOT / "tests").rglob("test_*.py"):
        assert folder_of(str(path.relative_to(ROOT))) in SHARES


def test_every_share_is_of_a_folder_with_tests() -> None:
    for folder in SHARES:
        assert list((ROOT / folder).rglob("test_*.py")), folder


def test_what_runs_below_a_worker_is_counted(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("stripe_process")

    assert below_seconds() > 0

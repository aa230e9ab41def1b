"""A run of the suite: what makes it quicker, and what its summary says."""

import gc

import pytest

from tests.harness import quick_aws, rights

NO_CHROMIUM = "neither `chromium-headless-shell` nor `chromium` is on the PATH"


def pytest_configure() -> None:
    """Collect garbage seldom, for the heap is large and has little of it; and make botocore and moto quicker."""
    gc.set_threshold(50_000, 20, 50)
    quick_aws.quicken()
    rights.watch_every_session()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in [*terminalreporter.stats.get("passed", []), *terminalreporter.stats.get("failed", [])]:
        for line in [value for name, value in report.user_properties if name == "summary"]:
            terminalreporter.line(line)
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if NO_CHROMIUM in str(report.longrepr)]
    if skipped:
        terminalreporter.section("THE CONSOLE WAS NOT TESTED", red=True, bold=True)
        terminalreporter.line(
            f"{len(skipped)} browser tests were not run: {NO_CHROMIUM}. "
            "On Debian: `sudo apt-get install chromium-headless-shell`; then `make test TESTS=tests/console` runs them."
        )

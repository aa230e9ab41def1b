"""A run of the whole suite fails if the template gives a function a right that no test used."""

from collections.abc import Iterator

import pytest

from tests.harness import rights, template

USED = "rights used"
BY_AWS = frozenset({("WatchFunction", "SendMessage", "FailedWatches")})
"""Rights that AWS itself uses in a function's name: Lambda puts away the records that the watch can't take."""


class Unused:
    """Collects what all workers used."""

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole
        self._used = set(BY_AWS)

    @property
    def left(self) -> list[str]:
        """The rights that nobody used; none where only a part of the suite ran."""
        given = {
            (function, action, resource)
            for function in template.functions()
            for resource, actions in template.rights(function).items()
            for action in actions
        }
        return [f"{function}: {action} on {resource}" for function, action, resource in sorted(given - self._used)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if name == USED and isinstance(value, list):
                self._used.update((function, action, resource) for function, action, resource in value)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._whole and session.exitstatus == pytest.ExitCode.OK and self.left:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._whole and self.left:
            terminalreporter.section("RIGHTS THAT NO TEST USED", red=True, bold=True)
            for line in self.left:
                terminalreporter.line(line)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        named = config.args_source is not pytest.Config.ArgsSource.TESTPATHS
        narrowed = named or config.getoption("keyword") or config.getoption("markexpr")
        config.pluginmanager.register(Unused(whole=not narrowed))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """What a test used goes with its report."""
    yield
    if found := rights.news():
        item.user_properties.append((USED, [list(right) for right in found]))

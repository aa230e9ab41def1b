"""A process costs seconds: which tests start one is a list, and a new one is a decision."""

import re

import pytest

from tests.harness.processes import SHARING
from tests.harness.template import ROOT

STARTS = re.compile(r"\b(LocalStack|FakeStripe|Popen|Aws|subprocess\.run|started_process)\(")
STARTING = {
    "tests/harness/fake_stripe.py": "how a fake Stripe is started",
    "tests/harness/local_stack.py": "how a local stack is started",
    "tests/harness/processes.py": "the shared processes",
    "tests/house/test_architecture.py": "three interpreters that import a function cold",
    "tests/proofs/fuzz/__main__.py": "the long fuzz, with a stack of its own",
    "tests/proofs/fuzz/running.py": "the fuzz changes hypothesis for good, so it is a process",
    "tests/tools/fake_stripe/conftest.py": "a fake Stripe that is told where its webhooks go",
    "tests/tools/fake_stripe/test_process.py": "how the fake starts, refuses to, and ends",
    "tests/tools/fake_stripe/test_webhooks.py": "a fake Stripe with endpoints and secrets of the test's own",
    "tests/tools/stack/life.py": "stacks that are ended in every way",
    "tests/tools/stack/test_refused_start.py": "stacks that don't start",
    "tests/tools/stack/test_reload.py": "a stack whose code is edited",
    "tests/tools/stack/test_time.py": "a stack whose clock is moved",
    "tests/tools/test_proofs.py": "the long proofs are commands",
    "tests/tools/stack/test_tour.py": "a fresh stack for the tour, and the tour's shell",
}
"""The files that start processes, and why none of the shared ones will do."""


def test_only_the_listed_files_start_processes() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        if "tools/bad" not in str(path) and path.name != "test_processes.py" and STARTS.search(path.read_text())
    }

    assert found == set(STARTING)


@pytest.mark.parametrize("name", [name for name in STARTING if "/stack/test_" in name])
def test_tests_that_share_a_stack_are_in_one_group(name: str) -> None:
    alone = {"tests/tools/stack/test_refused_start.py"}

    assert name in SHARING or name in alone

"""The suite's plugins. Their assertions, and those of the proofs, say which values made them fail."""

import pytest

pytest.register_assert_rewrite("tests.harness", "tests.proofs")
pytest_plugins = (
    "tests.harness.session",
    "tests.harness.processes",
    "tests.harness.worlds",
    "tests.harness.unused_rights",
    "tests.proofs.budgets",
)

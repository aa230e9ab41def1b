"""Imports point inward, keys are spelled in one place, and a hot function loads nothing heavy."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import template

LAYER = template.ROOT / "layers" / "packhouse" / "packhouse"
OUTSIDE_DOMAIN = {"boto3", "botocore", "stripe", "aws_lambda_powertools", "pydantic", "jwt"}
INWARD = {
    # What each part of the layer may import of the layer.
    "domain": {"domain", "errors"},
    "store": {"domain", "errors", "store"},
    "web": {"domain", "errors", "store", "web", "catalog", "runtime", "consuming", "policies", "payments"},
    "consuming.py": {"domain", "errors", "store", "policies", "covering"},
    "covering.py": {"domain", "store"},
    "entitling.py": {"domain", "errors", "store"},
    "buying.py": {"domain", "errors", "store", "policies", "payments", "catalog", "granting"},
    "mailing.py": {"domain", "errors", "store", "bus", "mailer", "catalog"},
    "sweeping.py": {"domain", "errors", "store", "policies", "expiring", "lapsing", "retiring"},
    "lapsing.py": {"domain", "store", "policies"},
    "expiring.py": {"domain", "store", "policies"},
    "changing.py": {"domain", "errors", "store", "policies"},
    "retiring.py": {"domain", "errors", "store", "policies", "consuming"},
    "watching.py": {"domain", "errors", "store"},
    "auditing.py": {"domain", "errors", "store", "content", "invariants"},
    "bus.py": {"domain", "errors"},
    "mailer.py": {"domain"},
    "payments": {"domain", "errors", "payments"},
    "signatures.py": {"errors"},
    "metering.py": {"domain", "errors", "store"},
    "reporting.py": {"domain", "errors", "store"},
    "documents": {"domain", "documents", "reporting"},
    "granting.py": {"domain", "store", "policies"},
    "content.py": {"domain", "store"},
    "invariants.py": {"domain", "store", "content"},
    "catalog.py": {"domain"},
}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (
                [f"packhouse.{alias.name}" for alias in node.names] if node.module == "packhouse" else [node.module]
            )


@pytest.mark.parametrize("part", sorted(INWARD))
def test_imports_point_inward(part: str) -> None:
    for path in [LAYER / part] if part.endswith(".py") else (LAYER / part).rglob("*.py"):
        for name in imports(path):
            if name.startswith("packhouse."):
                assert name.split(".")[1] in INWARD[part], f"{path.name} imports {name}"


def test_the_domain_knows_only_the_standard_library() -> None:
    for path in (LAYER / "domain").rglob("*.py"):
        assert not {name.partition(".")[0] for name in imports(path)} & OUTSIDE_DOMAIN, path
    assert not {name.partition(".")[0] for name in imports(LAYER / "errors.py")} & OUTSIDE_DOMAIN


def test_the_layer_knows_no_local_stack_and_no_test() -> None:
    for path in [*LAYER.rglob("*.py"), *(template.ROOT / "functions").rglob("*.py")]:
        assert not {name.partition(".")[0] for name in imports(path)} & {"dev", "tests", "moto", "ministack"}, path


def test_only_settings_reads_the_environment_and_only_runtime_builds_a_client() -> None:
    for path in LAYER.rglob("*.py"):
        text = path.read_text()
        if path.name != "settings.py":
            assert "os.environ" not in text, path
            assert "getenv" not in text, path
        if path.name not in {"runtime.py", "selling.py"}:
            assert "boto3.client" not in text, path
            assert "datetime.now" not in text, path


@pytest.mark.parametrize(
    "spelled",
    [
        "WG#",
        "RUN#",
        "PACK#",
        "PROJECT#",
        "MEMBER#",
        "KEY#",
        "USER#",
        "ERRORS#",
        "READ#",
        "PROJECTS#",
        "KEYS#",
        "ORDER#",
        "ORDERS#",
        "PARKED#",
        "MAIL#",
        "FINDING#",
        "USAGE#",
        "COUNTED#",
    ],
)
def test_keys_are_spelled_in_one_place(spelled: str) -> None:
    assert {path.name for path in LAYER.rglob("*.py") if f'"{spelled}' in path.read_text()} == {"keys.py"}


def test_no_scan_and_no_delete() -> None:
    for path in [*LAYER.rglob("*.py"), *(template.ROOT / "functions").rglob("*.py")]:
        text = path.read_text()
        assert ".scan(" not in text, path
        assert "delete_item" not in text, path


def test_a_function_fits_on_a_screen_and_a_module_on_five() -> None:
    sources = [
        *LAYER.rglob("*.py"),
        *(template.ROOT / "functions").rglob("*.py"),
        *(template.ROOT / "dev").rglob("*.py"),
    ]
    for path in sources:
        text = path.read_text()
        assert text.count("\n") <= 400, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 50, f"{path.name}: {node.name}"


@pytest.mark.parametrize("function", ["ConsumptionFunction", "WorkgroupsFunction", "JournalFunction"])
def test_a_hot_function_loads_nothing_it_does_not_call(environment: None, function: str) -> None:
    del environment
    properties = template.functions()[function]
    module = properties["Handler"].partition(".")[0]
    program = f"import sys, {module}; print(*sys.modules)"

    loaded = subprocess.run(  # noqa: S603  # this very interpreter
        [sys.executable, "-c", program],
        cwd=template.ROOT / properties["CodeUri"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    heavy = {"stripe", "jwt", "cryptography", "xlsxwriter", "reportlab", "aws_xray_sdk", "moto"}
    assert not heavy & set(loaded)
    if function != "WorkgroupsFunction":
        assert "email_validator" not in loaded

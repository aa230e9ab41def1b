"""Imports point inward, keys are spelled in one place, and a hot function loads nothing heavy."""

import ast
import graphlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import template

LAYER = template.ROOT / "layers" / "packhouse" / "packhouse"
STACK = template.ROOT / "dev"
OUTSIDE_DOMAIN = {"boto3", "botocore", "stripe", "aws_lambda_powertools", "pydantic", "jwt"}
ROOMS = {
    # Each room of verbs, and the other rooms that it calls. What is above calls what is below.
    "documents": {"journal"},
    "notifications": {"journal"},
    "operations": {"journal"},
    "sweep": {"checkout", "consumption"},
    "checkout": {"payments"},
    "consumption": set(),
    "journal": set(),
    "payments": set(),
}
INWARD = {
    # What each part of the layer may import of the layer, itself aside.
    "domain": {"errors"},
    "store": {"domain", "errors"},
    "web": {"domain", "errors", "store", "policies", "catalog", "runtime", *ROOMS},
    **{room: {"domain", "errors", "store", "policies", "catalog", *others} for room, others in ROOMS.items()},
    "catalog.py": {"domain"},
    "errors.py": {"domain"},
    "policies.py": set(),
    "settings.py": {"policies"},
    "runtime.py": {"settings", "store", "domain"},
}
BUILDING_CLIENTS = {
    LAYER / "runtime.py": {"dynamodb"},
    LAYER / "journal" / "bus.py": {"events"},
    LAYER / "notifications" / "mailer.py": {"sesv2"},
    LAYER / "payments" / "client.py": {"sqs", "secretsmanager"},
}
"""Where a client is built; these alone know `runtime` and `settings`."""


DEV = {
    # What each part of the local stack may import of the project, itself aside.
    "__init__.py": set[str](),
    "__main__.py": {"dev.config", "dev.template", "dev.stack"},
    "config.py": set(),
    "refusals.py": set(),
    "secret_files.py": set(),
    "ports.py": {"dev.config"},
    "clock.py": {"dev.refusals"},
    "template.py": {"dev.config"},
    "ministack": {"dev.config", "dev.ports", "dev.clock", "dev.refusals", "dev.template"},
    "hosting": {"dev.config", "dev.ports", "dev.clock", "dev.ministack", "packhouse"},
    "demo": {"dev.secret_files", "dev.ministack", "packhouse"},
    "fake_stripe": {"dev.clock"},
    "stack": {
        *("dev.config", "dev.ports", "dev.clock", "dev.refusals", "dev.secret_files"),
        *("dev.ministack", "dev.hosting", "dev.demo"),
    },
    "checks": {"dev.template", "packhouse"},
    "operate": {"dev.config", "dev.template"},
}


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports; of a package named in whole, `from packhouse import x`, its member."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = node.module in {"packhouse", "dev"}
            yield from [f"{node.module}.{alias.name}" for alias in node.names] if whole else [node.module]


def part_of(path: Path) -> str:
    return path.relative_to(LAYER).parts[0]


def test_every_file_of_the_layer_stands_in_a_part_that_has_rules() -> None:
    parts = {part_of(path) for path in LAYER.rglob("*.py")}

    assert parts == {*INWARD, "__init__.py"}


@pytest.mark.parametrize("path", sorted(LAYER.rglob("*.py")), ids=lambda path: str(path.relative_to(LAYER)))
def test_imports_point_inward(path: Path) -> None:
    part = part_of(path)
    allowed = {part, *INWARD.get(part, set()), *({"runtime", "settings"} if path in BUILDING_CLIENTS else set())}

    imported = {name.split(".")[1] for name in imports(path) if name.startswith("packhouse.")}

    assert imported <= allowed


def test_rooms_of_verbs_bear_the_names_of_functions() -> None:
    folders = {path.name for path in (template.ROOT / "functions").iterdir() if path.is_dir()}

    assert set(ROOMS) - {"sweep"} <= folders
    assert list(graphlib.TopologicalSorter(ROOMS).static_order())  # no circle


@pytest.mark.parametrize("package", sorted({path.parent for path in LAYER.rglob("*.py")}), ids=lambda path: path.name)
def test_a_package_defines_nothing_in_its_init(package: Path) -> None:
    body = ast.parse((package / "__init__.py").read_text()).body

    assert all(isinstance(node, ast.Expr) for node in body)


def test_the_domain_knows_only_the_standard_library() -> None:
    for path in (LAYER / "domain").rglob("*.py"):
        assert not {name.partition(".")[0] for name in imports(path)} & OUTSIDE_DOMAIN, path
    assert not {name.partition(".")[0] for name in imports(LAYER / "errors.py")} & OUTSIDE_DOMAIN


def test_the_layer_knows_no_local_stack_and_no_test() -> None:
    for path in [*LAYER.rglob("*.py"), *(template.ROOT / "functions").rglob("*.py")]:
        assert not {name.partition(".")[0] for name in imports(path)} & {"dev", "tests", "moto", "ministack"}, path


@pytest.mark.parametrize("path", sorted(STACK.rglob("*.py")), ids=lambda path: str(path.relative_to(STACK)))
def test_the_parts_of_the_local_stack_import_what_is_below_them(path: Path) -> None:
    part = path.relative_to(STACK).parts[0]
    ours = [name.split(".") for name in imports(path) if name.split(".")[0] in {"dev", "packhouse", "bench", "tests"}]

    imported = {".".join(name[:2]) if name[0] == "dev" else name[0] for name in ours}

    assert imported <= {*DEV[part], f"dev.{part.removesuffix('.py')}"}


def test_only_tests_of_the_tools_import_the_bench() -> None:
    importing = {
        str(path.relative_to(template.ROOT).parent)
        for path in (template.ROOT / "tests").rglob("*.py")
        if "bench" in {name.partition(".")[0] for name in imports(path)}
    }

    assert importing <= {"tests/tools"}


def test_no_loop_is_endless() -> None:
    for folder in ("layers", "functions", "dev", "bench"):
        for path in (template.ROOT / folder).rglob("*.py"):
            assert "while True" not in path.read_text(), path


def test_errors_name_the_types_of_the_domain_for_the_type_checker_alone() -> None:
    imported = [node for node in ast.parse((LAYER / "errors.py").read_text()).body if isinstance(node, ast.ImportFrom)]

    assert not [node.module for node in imported if (node.module or "").startswith("packhouse")]


def test_json_pointers_stand_in_the_web_alone() -> None:
    for path in [*LAYER.rglob("*.py"), *(template.ROOT / "functions").rglob("*.py")]:
        if path.parent != LAYER / "web":
            assert "pointer" not in path.read_text(), path


def test_settings_alone_reads_the_environment_and_few_modules_build_clients() -> None:
    for path in LAYER.rglob("*.py"):
        text = path.read_text()
        if path.name != "settings.py":
            assert "os.environ" not in text, path
            assert "getenv" not in text, path
        assert set(re.findall(r'boto3\.client\("(\w+)"', text)) == BUILDING_CLIENTS.get(path, set()), path
        assert ("datetime.now" in text) == (path.name == "runtime.py"), path


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
        *STACK.rglob("*.py"),
        *(template.ROOT / "bench").rglob("*.py"),
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

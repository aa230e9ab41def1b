"""Python's part of a cold start: how long a new interpreter takes to import a function."""

import os
import shutil
import subprocess  # nosec B404  # of our own interpreter only
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from filecmp import cmpfiles
from pathlib import Path
from sysconfig import get_path

from bench import rounds
from bench.report import Row, Section
from bench.stage import environment
from dev.checks.built import BUILD
from dev.template import ROOT
from tests.harness import template

COLD_ROUNDS = 5
BUILT_ROUNDS = 7
COLD_BUDGET = 1.70
BUILT_BUDGET = 1.10
BARE = "a boto3 client alone"
BUILT = ("ConsumptionFunction", "ExpireOrdersFunction")
"""A function that needs our own layer alone, and one that needs both layers."""
LAYERS = ("PackhouseLayer", "OfficeLayer")
CLIENT = "import boto3; boto3.client('dynamodb')"
PROGRAM = """
import sys, time
begun = time.process_time()
{imports}
print(time.process_time() - begun, len(sys.modules))
"""


@dataclass(slots=True)
class Start:
    """Called: starts a new interpreter that imports a function and makes a DynamoDB client. Returns the CPU seconds."""

    imports: str
    folder: Path = ROOT
    variables: Mapping[str, str] = field(default_factory=dict)
    modules: int = 0

    def __call__(self) -> float:
        printed = subprocess.run(  # noqa: S603  # nosec B603  # our own interpreter and program
            [sys.executable, "-c", PROGRAM.format(imports=self.imports)],
            cwd=self.folder,
            env=environment() | {"PATH": os.environ["PATH"], **self.variables},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        seconds, modules = printed.split()
        self.modules = int(modules)
        return float(seconds)


def cold() -> Section:
    starts = {BARE: Start(CLIENT)} | {name: _of(name) for name in template.functions()}
    seconds = rounds.interleaved(starts, rounds=COLD_ROUNDS)
    return Section(
        title="Cold import of each function",
        note=(
            "A new interpreter each time, on the source tree with warm bytecode: the CPU of importing the function\n"
            f"and making its client, compared with a client alone. Medians of {COLD_ROUNDS} rounds, without the\n"
            "interpreter's start. The budget of the hot functions (authorizer, consumption, journal) is\n"
            f"{COLD_BUDGET:.2f}."
        ),
        rows=[
            Row(
                name,
                {
                    "ms": rounds.milliseconds(seconds[name]),
                    "ratio": rounds.ratio(seconds[name], seconds[BARE]).median,
                    "modules": str(start.modules),
                },
            )
            for name, start in starts.items()
        ],
    )


def built() -> Section:
    missing = _not_built()
    if missing:
        return Section(title="Built layers against warm bytecode", note=f"NOT MEASURED: {missing}", rows=[])
    with tempfile.TemporaryDirectory() as folder:
        layers = _for_this_machine(Path(folder, "built"))
        plain = Path(shutil.copytree(layers, Path(folder, "plain"), ignore=shutil.ignore_patterns("__pycache__")))
        rows = [row for name in BUILT for row in _built_rows(name, layers, plain)]
    return Section(
        title="Built layers against warm bytecode",
        note=(
            "As above, with the output of `make build`: its layers with their unchecked-hash bytecode, the function\n"
            "without bytecode, and none is written. Lambda's native modules are for arm64, so those of .venv are\n"
            f"used, of the same versions. Medians of {BUILT_ROUNDS} rounds. The budget is {BUILT_BUDGET:.2f}.\n"
            "SAM alone makes no bytecode."
        ),
        rows=rows,
    )


def _built_rows(name: str, layers: Path, plain: Path) -> list[Row]:
    starts = {
        "source, warm bytecode": _of(name),
        "built": _of(name, layers),
        "built, its bytecode left out": _of(name, plain),
    }
    seconds = rounds.interleaved(starts, rounds=BUILT_ROUNDS)
    warm = seconds["source, warm bytecode"]
    return [
        Row(f"{name}: {how}", {"ms": rounds.milliseconds(each), "ratio": rounds.ratio(each, warm).median})
        for how, each in seconds.items()
    ]


def _of(function: str, layers: Path | None = None) -> Start:
    """The import of a function from the source tree or, with `layers`, from the build."""
    properties = template.functions()[function]
    imports = f"import {properties['Handler'].partition('.')[0]}; {CLIENT}"
    if layers is None:
        return Start(imports, ROOT / properties["CodeUri"])
    path = os.pathsep.join(str(layers / layer / "python") for layer in LAYERS)
    return Start(imports, BUILD / function, {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"})


def _not_built() -> str:
    """Why the build can't be measured; empty if it can."""
    package = BUILD / LAYERS[0] / "python" / "packhouse"
    if not package.exists():
        return "run `make build` first."
    source = ROOT / "layers" / "packhouse" / "packhouse"
    files = [str(file.relative_to(source)) for file in source.rglob("*.py")]
    same, _, _ = cmpfiles(source, package, files, shallow=False)
    return "" if len(same) == len(files) else "the source has changed since: run `make build` again."


def _for_this_machine(folder: Path) -> Path:
    """A copy of the built layers, with this machine's native modules in place of theirs."""
    for layer in LAYERS:
        shutil.copytree(BUILD / layer, folder / layer)
        root = folder / layer / "python"
        for foreign in list(root.rglob("*.so")):
            module = foreign.name.partition(".")[0]
            place = foreign.parent.relative_to(root)
            foreign.unlink()
            for own in Path(get_path("platlib"), place).glob(f"{module}.*so"):
                shutil.copy2(own, root / place)
    return folder

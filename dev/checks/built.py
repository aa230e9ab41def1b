"""Fails if `make build` made a layer that is too large or starts slowly: `python -m dev.checks.built`."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

from dev.template import ROOT, TEMPLATE, parsed

BUILD = ROOT / ".aws-sam" / "build"
LAYERS_MB_MAX = {"PackhouseLayer": 45, "OfficeLayer": 95}
MB = 1024 * 1024
# PEP 552: after the magic number come the flags. 1 is hash-based bytecode that isn't checked against its source.
FLAGS = slice(4, 8)
UNCHECKED_HASH = (1).to_bytes(4, "little")


def main() -> int:
    faults = [*_layers(), *_functions()]
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    return 1 if faults else 0


def _layers() -> Iterator[str]:
    for layer, mb_max in LAYERS_MB_MAX.items():
        files = [path for path in (BUILD / layer).rglob("*") if path.is_file()]
        mb = sum(path.stat().st_size for path in files) / MB
        sys.stdout.write(f"{layer}: {mb:.1f} MB of {mb_max}\n")
        if not files:
            yield f"{layer} wasn't built"
        if mb > mb_max:
            yield f"{layer} has {mb:.1f} MB; the limit is {mb_max}"
        for source in (path for path in files if path.suffix == ".py"):
            bytecode = Path(importlib.util.cache_from_source(str(source)))
            if not bytecode.exists() or bytecode.read_bytes()[FLAGS] != UNCHECKED_HASH:
                yield f"{source.relative_to(BUILD)} has no unchecked-hash bytecode"


def _functions() -> Iterator[str]:
    for name, resource in parsed(TEMPLATE)["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            module, _, _ = resource["Properties"]["Handler"].partition(".")
            if not (BUILD / name / f"{module}.py").exists():
                yield f"{name} has no {module}.py"


if __name__ == "__main__":
    sys.exit(main())

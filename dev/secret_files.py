"""Writes files that hold secrets: nobody else can read them, and a reader never sees half a file."""

import json
import os
from pathlib import Path


def write(path: Path, content: object) -> None:
    """Write JSON to a file beside it, and rename that."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=1)
        file.write("\n")
    beside.replace(path)

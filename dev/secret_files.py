"""Files that hold secrets: whole or not there, and readable by nobody else."""

import json
import os
from pathlib import Path


def write(path: Path, content: object) -> None:
    """Write JSON beside the file and rename it into place: a reader never sees half of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=1)
        file.write("\n")
    beside.replace(path)

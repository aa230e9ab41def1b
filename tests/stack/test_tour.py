"""The README's tour, run as it is written, against a fresh stack."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.stack.conftest import Start
from tests.stack.running import ROOT


def test_the_readmes_tour_does_what_it_says(start: Start, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.fail("the README's tour needs curl")
    stack = start()
    readme = (ROOT / "README.md").read_text()
    _, preparation, calls = re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)
    script = "set -euo pipefail\n" + preparation + calls
    script = script.replace("http://127.0.0.1:8700", stack.api).replace(
        ".local/stack.json", str(stack.state / "stack.json")
    )

    tour = subprocess.run(  # noqa: S603  # our own README
        ["bash", "-c", script],  # noqa: S607  # as a reader runs it
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    head, _, body = tour.replace("\r", "").rpartition("\n\n")
    answered = json.loads(body)
    assert "HTTP/1.1 402 Payment Required" in head
    told = re.search(r"```\nHTTP/1.1 402.*?\n\n(.*?)```", readme, re.DOTALL)
    assert told is not None
    assert {**answered, "instance": "…"} == json.loads(told[1])
    settled = re.findall(r'"status":"settled"', head)
    assert len(settled) == 2

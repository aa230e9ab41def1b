"""The tours of the documentation, run as they are written, against fresh stacks."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.stack.conftest import Start
from tests.stack.running import ROOT, LocalStack, wait_for


def run_as_written(text: str, stack: LocalStack, folder: Path) -> str:
    """What a page's shell blocks print; the stack's own address and folder in place of those written there."""
    if shutil.which("curl") is None:
        pytest.fail("the tours need curl")
    script = "set -euo pipefail\n" + "".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    for written, here in (("http://127.0.0.1:8700", stack.api), (".local/stack.json", f"{stack.state}/stack.json")):
        script = script.replace(written, here)
    return subprocess.run(  # noqa: S603  # our own pages
        ["bash", "-c", script],  # noqa: S607  # as a reader runs it
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_the_readmes_tour_does_what_it_says(start: Start, tmp_path: Path) -> None:
    stack = start()
    readme = (ROOT / "README.md").read_text()

    tour = run_as_written(readme.partition("## A tour")[2], stack, tmp_path)

    head, _, body = tour.replace("\r", "").rpartition("\n\n")
    answered = json.loads(body)
    assert "HTTP/1.1 402 Payment Required" in head
    told = re.search(r"```\nHTTP/1.1 402.*?\n\n(.*?)```", readme, re.DOTALL)
    assert told is not None
    assert {**answered, "instance": "…"} == json.loads(told[1])
    assert head.count('"status":"settled"') == 2


def test_the_tour_of_an_order_ends_with_its_pack(start: Start, tmp_path: Path) -> None:
    stack = start()

    tour = run_as_written((ROOT / "docs" / "checkout.md").read_text(), stack, tmp_path)

    placed, paid, _ = tour.splitlines()
    assert paid == "303"
    administrator = stack.persona("administrator")
    path = f"/v1/workgroups/{administrator['workgroup_id']}/orders/{json.loads(placed)['order_id']}"

    def granted() -> list[str]:
        order = stack.request("GET", path, token=administrator["token"]).json
        packs: list[str] = order["packs"]
        return packs

    (pack,) = wait_for(granted)
    shown = stack.request("GET", path.partition("/orders")[0] + f"/packs/{pack}", token=administrator["token"]).json
    assert (shown["quantity"], shown["source"]["kind"]) == (3, "card")

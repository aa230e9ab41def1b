"""The tour of the README, run once as it is written, on a fresh stack."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.local_stack import ROOT, LocalStack, wait_for

TOUR_SECONDS_MAX = 120
"""A tour waits for what it says; one that waits for ever fails."""


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
        timeout=TOUR_SECONDS_MAX,
    ).stdout


type Toured = tuple[LocalStack, str]
"""The stack, and the words that the tour printed."""


@pytest.fixture(scope="module")
def toured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toured]:
    folder = tmp_path_factory.mktemp("tour")
    stack = LocalStack(folder / "state")
    yield stack, run_as_written((ROOT / "README.md").read_text().partition("## A tour")[2], stack, folder)
    assert stack.stop() == 0


def test_the_readmes_tour_does_what_it_says(toured: Toured) -> None:
    readme = (ROOT / "README.md").read_text()
    _, tour = toured

    head, _, body = tour.replace("\r", "").rpartition("\n\n")
    _, paid, pack, *_ = head.splitlines()
    assert paid == "303"
    assert (json.loads(pack)["quantity"], json.loads(pack)["source"]["kind"]) == (3, "card")
    assert head.count('"status":"settled"') == 2
    answered = json.loads(body)
    assert "HTTP/1.1 402 Payment Required" in head
    told = re.search(r"```\nHTTP/1.1 402.*?\n\n(.*?)```", readme, re.DOTALL)
    assert told is not None
    assert {**answered, "instance": "…"} == json.loads(told[1])


def test_who_paid_in_the_tour_is_written_to_once(toured: Toured) -> None:
    stack, _ = toured

    def outbox() -> list[dict[str, Any]]:
        mails: list[dict[str, Any]] = stack.request("GET", "/dev/outbox").json["items"]
        return mails

    (mail,) = wait_for(outbox)
    assert mail.keys() == {"to", "subject", "text", "html", "attachments", "at"}
    assert (mail["to"], mail["subject"]) == ("ada@northwind.example", "Payment received, 3 licenses ready")
    stack.request("POST", "/dev/reset")
    assert outbox() == []

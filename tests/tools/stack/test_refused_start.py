"""Why a stack doesn't start: one line, status 1, nothing left running."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.local_stack import (
    ROOT,
    LocalStack,
    copied_tree,
    descendants,
    free_port,
    running,
    started_process,
    wait_for,
)


@pytest.mark.parametrize("offset", [0, 1, 10, 13])
def test_a_port_in_use_is_named(tmp_path: Path, offset: int) -> None:
    port = free_port()

    with socket.create_server(("127.0.0.1", port + offset)):
        lines = refused(tmp_path, port)

    assert len(lines) == 1
    assert lines[0].startswith(f"Port {port + offset} is in use.")
    assert f"PACKHOUSE_PORT={port + 100} make run" in lines[0]


def test_a_state_in_use_is_named(tmp_path: Path, local_stack: LocalStack) -> None:
    lines = refused(tmp_path, free_port(), state=local_stack.state)

    assert len(lines) == 1
    assert str(local_stack.state) in lines[0]
    assert "PACKHOUSE_STATE" in lines[0]
    assert local_stack.request("GET", "/dev/clock").status == 200


@pytest.mark.parametrize("port", ["80", "70000", "http", ""])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    environment = os.environ | {"PACKHOUSE_PORT": port, "PACKHOUSE_STATE": str(tmp_path / "state")}

    ended = subprocess.run(
        [sys.executable, "-m", "dev"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 1
    assert ended.stderr.startswith(f"PACKHOUSE_PORT is {port!r}")
    assert ended.stderr.count("\n") == 1


def test_a_template_that_cannot_be_deployed_says_why_and_keeps_no_state(tmp_path: Path) -> None:
    tree = copied_tree(tmp_path / "tree")
    template = tree / "template.yaml"
    written = template.read_text()
    template.write_text(
        written.replace("  Operators:\n", "  Unknown:\n    Type: AWS::Nothing::Such\n  Operators:\n", 1)
    )
    port = free_port()

    lines = refused(tmp_path, port, root=tree)

    assert len(lines) == 1
    assert "AWS::Nothing::Such" in lines[0]
    template.write_text(written)
    mended = LocalStack(tmp_path / "state", port=port, root=tree)
    assert mended.stop() == 0


def test_a_schedule_that_is_no_rate_is_refused(tmp_path: Path) -> None:
    tree = copied_tree(tmp_path / "tree")
    template = tree / "template.yaml"
    event = '        At: {Type: ScheduleV2, Properties: {ScheduleExpression: "cron(0 3 * * ? *)"}}\n'
    template.write_text(template.read_text().replace("        Me: {", f"{event}        Me: {{", 1))

    lines = refused(tmp_path, free_port(), root=tree)

    assert len(lines) == 1
    assert "cron(0 3 * * ? *)" in lines[0]


def test_state_that_ministack_cannot_read_is_to_be_deleted(tmp_path: Path) -> None:
    aws = tmp_path / "state" / "aws"
    aws.mkdir(parents=True)
    (aws / "dynamodb.json").write_text('{"__ministack_format__": 999, "payload": {}}')

    lines = refused(tmp_path, free_port())

    assert len(lines) == 1
    assert "delete the folder" in lines[0]
    assert str(tmp_path / "state") in lines[0]
    assert "999" in (aws / "dynamodb.json").read_text()


def refused(tmp_path: Path, port: int, *, root: Path = ROOT, state: Path | None = None) -> list[str]:
    """The lines of a stack that ends instead of getting ready."""
    terminal = tmp_path / "terminal.txt"
    process = started_process(root, state or tmp_path / "state", port, terminal)
    seen: set[int] = set()

    def over() -> bool:
        seen.update(descendants(process.pid))
        return process.poll() is not None

    try:
        wait_for(over)
    finally:
        process.kill()
    assert process.wait() == 1
    wait_for(lambda: not any(map(running, seen)))
    return terminal.read_text().splitlines()

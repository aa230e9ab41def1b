"""The life of one state folder: stacks start on it one after another, and each ends in another way.

A start costs seconds, so all that a restart must keep is looked at in one life. What was seen stands in `Life`;
`test_restart.py` has a test for each fact.
"""

import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.harness.local_stack import (
    ROOT,
    LocalStack,
    copied_tree,
    descendants,
    ended,
    free_port,
    running,
    started_process,
    wait_for,
)

SLOW = """
_handler = handler

def handler(event, context):
    import time
    time.sleep(1)
    return _handler(event, context)
"""
GROWN = """
  AFunctionThatMovesTheOthersPorts:
    Type: AWS::Serverless::Function
    Properties:
      AutoPublishAliasAllProperties: true
      CodeUri: functions/added/
      Handler: app.handler
      Events:
        Added: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: /v1/added, Auth: {Authorizer: NONE}}}
"""
ADDED = """
def handler(event, context):
    return {"statusCode": 200, "body": '{"added": true}'}
"""
SIGNS = ("lock", "logs/aws.log", "logs/hosts.log", "passwords.json")
"""The files by which an interrupted start is known to have got so far, in their order."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a stack ended; `left` are its processes that still ran, of `below`."""

    status: int
    below: int
    left: tuple[int, ...]
    ready_file: bool
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class First:
    """A stack with a slow journal, which Ctrl-C ends right after three changes."""

    port: int
    workgroup: str
    status: int


@dataclass(frozen=True, slots=True)
class Second:
    """The same port again; SIGTERM ends it."""

    workgroup: str
    before: str
    late: tuple[int, ...]
    """How often each change right before the Ctrl-C is journaled."""
    after: tuple[int, ...]
    """How often each change after the restart is journaled."""
    ending: Ending


@dataclass(frozen=True, slots=True)
class Third:
    """Another port and a template that has grown; a second stack starts beside it; Ctrl-C comes until it ends."""

    port: int
    added: Any
    before: str
    another_journaled: bool
    interrupted: dict[str, Ending]
    beside: tuple[int, int, int]
    """The other stack's port; the statuses of an answer of each."""
    moved: datetime


@dataclass(frozen=True, slots=True)
class Fourth:
    """SIGKILL ends the runner."""

    kept: str
    now: datetime
    ending: Ending


@dataclass(frozen=True, slots=True)
class Fifth:
    """SIGKILL ends its ministack."""

    kept: str
    ending: Ending


@dataclass(frozen=True, slots=True)
class Life:
    first: First
    second: Second
    third: Third
    fourth: Fourth
    fifth: Fifth


class Living:
    """Plays a life in a folder of its own, and stops what still runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tree = copied_tree(folder / "tree")
        self._started: list[LocalStack] = []
        self._before = self._kept = ""
        self._late: list[str] = []

    def play(self) -> Life:
        first = self._first()
        second = self._second(first)
        third = self._third()
        return Life(first, second, third, self._fourth(third), self._fifth(third))

    def stop(self) -> None:
        for stack in self._started:
            stack.stop()

    def _start(self, *, port: int | None = None, root: Path = ROOT, state: str = "state") -> LocalStack:
        stack = LocalStack(self._folder / state, port=port, root=root)
        self._started.append(stack)
        return stack

    def _first(self) -> First:
        journal = self._tree / "functions" / "journal" / "app.py"
        written = journal.read_text()
        journal.write_text(written + SLOW)
        stack = self._start(root=self._tree)
        self._before = create_project(stack, "before")
        self._late = [create_project(stack, f"late {number}") for number in range(3)]
        status = stack.stop()
        journal.write_text(written)
        return First(stack.port, stack.personas[0]["workgroup_id"], status)

    def _second(self, first: First) -> Second:
        stack = self._start(port=first.port)
        before = read_project(stack, self._before)["name"]
        late = tuple(len(journaled(stack, project)) for project in self._late)
        projects = [create_project(stack, f"after {number}") for number in range(3)]
        for project in projects:
            wait_for(lambda project=project: journaled(stack, project))  # type: ignore[misc]  # bound in the loop
        after = tuple(len(journaled(stack, project)) for project in projects)
        below = descendants(stack.process.pid)
        ending = ending_of(stack, below, stack.stop(signal.SIGTERM))
        return Second(stack.personas[0]["workgroup_id"], before, late, after, ending)

    def _third(self) -> Third:
        template = self._tree / "template.yaml"
        template.write_text(template.read_text().replace("\nResources:\n", f"\nResources:\n{GROWN}", 1))
        (self._tree / "functions" / "added").mkdir()
        (self._tree / "functions" / "added" / "app.py").write_text(ADDED)
        stack = self._start(port=free_port(), root=self._tree)
        added = stack.request("GET", "/v1/added").json
        before = read_project(stack, self._before)["name"]
        self._kept = create_project(stack, "kept")
        another_journaled = bool(wait_for(lambda: journaled(stack, self._kept)))
        interrupted = {sign: self._interrupted(sign) for sign in SIGNS}
        other = self._start(state="interrupted")
        theirs, ours = (each.request("GET", "/v1/catalog").status for each in (other, stack))
        other.stop()
        moved = datetime.fromisoformat(stack.request("POST", "/dev/clock", json={"advance": "60d"}).json["now"])
        while stack.process.poll() is None:
            stack.process.send_signal(signal.SIGINT)
        return Third(stack.port, added, before, another_journaled, interrupted, (other.port, theirs, ours), moved)

    def _interrupted(self, sign: str) -> Ending:
        """A start that is interrupted as soon as it has made that file; the one before was interrupted, too."""
        state, terminal = self._folder / "interrupted", self._folder / "interrupted.txt"
        (state / sign).unlink(missing_ok=True)
        process = started_process(ROOT, state, free_port(), terminal)
        wait_for((state / sign).exists)
        below = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        status = ended(process)
        wait_for(lambda: not any(map(running, below)))
        return Ending(status, len(below), (), (state / "stack.json").exists(), tuple(terminal.read_text().splitlines()))

    def _fourth(self, third: Third) -> Fourth:
        stack = self._start(port=third.port)
        kept = read_project(stack, self._kept)["name"]
        now = datetime.fromisoformat(stack.request("GET", "/dev/clock").json["now"])
        below = descendants(stack.process.pid)
        stack.process.kill()
        wait_for(lambda: not any(map(running, below)))
        return Fourth(kept, now, ending_of(stack, below, ended(stack.process)))

    def _fifth(self, third: Third) -> Fifth:
        stack = self._start(port=third.port)
        kept = read_project(stack, self._kept)["name"]
        below = descendants(stack.process.pid)
        (ministack,) = {pid for pid in below if b"dev.ministack.process" in Path(f"/proc/{pid}/cmdline").read_bytes()}
        os.kill(ministack, signal.SIGKILL)
        return Fifth(kept, ending_of(stack, below, ended(stack.process)))


def ending_of(stack: LocalStack, below: Iterable[int], status: int) -> Ending:
    pids = tuple(below)
    left = tuple(pid for pid in pids if running(pid))
    return Ending(status, len(pids), left, (stack.state / "stack.json").exists(), tuple(stack.lines()))


def create_project(stack: LocalStack, name: str) -> str:
    administrator = stack.persona("administrator")
    answer = stack.request(
        "POST",
        f"/v1/workgroups/{administrator['workgroup_id']}/projects",
        token=administrator["token"],
        json={"name": name},
        headers={"Idempotency-Key": name.replace(" ", "-")},
    )
    assert answer.status == 201, answer.body
    return str(answer.json["project_id"])


def read_project(stack: LocalStack, project: str) -> dict[str, Any]:
    administrator = stack.persona("administrator")
    path = f"/v1/workgroups/{administrator['workgroup_id']}/projects/{project}"
    answer = stack.request("GET", path, token=administrator["token"])
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json
    return found


def journaled(stack: LocalStack, project: str) -> list[dict[str, Any]]:
    """The journal's entries about a project."""
    administrator = stack.persona("administrator")
    path = f"/v1/workgroups/{administrator['workgroup_id']}/journal?limit=100"
    answer = stack.request("GET", path, token=administrator["token"])
    assert answer.status == 200, answer.body
    return [entry for entry in answer.json["items"] if project in entry["item"]]

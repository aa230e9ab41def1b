"""A local stack for tests: started as `make run` starts it, on free ports and a state folder that is thrown away."""

import atexit
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.harness.answers import Answer

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE_SECONDS = 60.0
_PORTS = range(10000, 30000, 100)
"""Below the ports from which a system takes those of outgoing connections; away from `make run`'s own."""
_PORTS_OF_A_STACK = 80
_PARTS = ("template.yaml", "dev", "functions", "console", "layers/packhouse")


class LocalStack:
    def __init__(self, state: Path, *, port: int | None = None, root: Path = ROOT) -> None:
        """Start the tree in `root` and wait until it is ready."""
        self.state = state
        self.port = free_port() if port is None else port
        self._cleared = 0
        self.terminal = state.with_name(f"{state.name}.terminal.txt")
        started = time.monotonic()
        self.process = started_process(root, state, self.port, self.terminal)
        try:
            self.ready = wait_for(self._ready)
        except BaseException:
            self.stop()
            raise
        self.ready_seconds = time.monotonic() - started

    @property
    def api(self) -> str:
        return str(self.ready["api"])

    @property
    def personas(self) -> list[dict[str, Any]]:
        personas: list[dict[str, Any]] = self.ready["personas"]
        return personas

    def persona(self, role: str) -> dict[str, Any]:
        """The first of that role; the first administrator, manager and worker are of one workgroup."""
        return next(each for each in self.personas if each["role"] == role)

    def request(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        json: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask the front port, as a client of the API does."""
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if json is not None:
            sent["Content-Type"] = "application/json"
            body = _dumped(json)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())
        finally:
            connection.close()

    def lines(self) -> list[str]:
        """What stands on the terminal, from where it was cleared."""
        return self.terminal.read_text().splitlines()[self._cleared :]

    def clear(self) -> None:
        """Forget what stands on the terminal."""
        self._cleared += len(self.lines())

    def log(self, name: str) -> str:
        return (self.state / "logs" / f"{name}.log").read_text()

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Stop it as Ctrl-C does; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return ended(self.process)

    def _ready(self) -> Any:
        if self.process.poll() is not None:
            raise AssertionError(f"The stack ended instead of getting ready:\n{self.terminal.read_text()}")
        with suppress(FileNotFoundError):
            ready = json.loads((self.state / "stack.json").read_text())
            # One that was killed has left its own.
            return ready if ready["pid"] == self.process.pid else None
        return None


def started_process(root: Path, state: Path, port: int, terminal: Path) -> subprocess.Popen[bytes]:
    """`python -m dev` in `root`, without waiting for anything."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    with terminal.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "dev"],
            cwd=root,
            env=environment | {"PACKHOUSE_PORT": str(port), "PACKHOUSE_STATE": str(state)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # A Ctrl-C that ends the tests is none for the stack.
        )


def ended(process: subprocess.Popen[bytes]) -> int:
    """The exit status of a process that is to end by itself; one that doesn't is killed."""
    try:
        return process.wait(PATIENCE_SECONDS)
    finally:
        process.kill()
        process.wait()


def copied_tree(to: Path) -> Path:
    """The tree, to be edited while it runs."""
    to.mkdir()
    for part in _PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, to / part)
        else:
            shutil.copy2(source, to / part)
    return to


def wait_for[T](condition: Callable[[], T], *, seconds: float = PATIENCE_SECONDS) -> T:
    """What the condition returns as soon as that is true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"Not true after {seconds:.0f} seconds.")
        time.sleep(0.02)
    return found


def free_port() -> int:
    """A port from which on a stack finds all of its own free, and which no other test process takes meanwhile."""
    for port in random.sample(_PORTS, len(_PORTS)):
        if all(map(_free, range(port, port + _PORTS_OF_A_STACK))):
            with suppress(OSError):
                claim = socket.create_server(("127.0.0.1", port + _PORTS_OF_A_STACK))
                atexit.register(claim.close)
                return port
    raise AssertionError("No ports are free.")


def descendants(pid: int) -> set[int]:
    """The ids of all processes below one."""
    children: dict[int, list[int]] = {}
    for child, parent in _processes().items():
        children.setdefault(parent, []).append(child)
    found: set[int] = set()
    generation = children.get(pid, [])
    while generation:
        found.update(generation)
        generation = [child for parent in generation for child in children.get(parent, [])]
    return found


def running(pid: int) -> bool:
    return pid in _processes()


def _processes() -> dict[int, int]:
    """The ids of all processes and of their parents, without those that have ended but weren't yet asked about."""
    if Path("/proc/self/stat").exists():
        stats = [_stat(path) for path in Path("/proc").glob("[0-9]*/stat")]
        listed = [(stat.split()[0], *stat.rpartition(")")[2].split()[:2]) for stat in stats if stat]
        return {int(pid): int(parent) for pid, state, parent in listed if state != "Z"}
    table = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True)  # noqa: S607
    rows = [line.split() for line in table.stdout.splitlines()]
    return {int(pid): int(parent) for pid, parent, state in rows if not state.startswith("Z")}


def _stat(path: Path) -> str:
    with suppress(FileNotFoundError, ProcessLookupError):
        return path.read_text(errors="replace")
    return ""


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _dumped(content: Any) -> bytes:
    return json.dumps(content).encode()

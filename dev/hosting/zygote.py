"""Runs the real handlers. The zygote imports large packages and forks a host per function; a host forks its workers.

    runner ── zygote ──┬── host of ConsumptionFunction ──┬── worker
                       │                                 └── worker
                       └── host of JournalFunction ── …

The runner owns the listening sockets, so no waiting connection is lost when a host dies or gets new code.
Each process holds the reading end of a pipe whose writing end only its parent has, and ends when that end closes:
however a process ends, all processes below it end too.

The zygote must have one thread only, since it forks. It learns of edits from the runner, which watches the files.
"""

import contextlib
import gc
import importlib
import importlib.util
import json
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self

from dev.clock import Clock
from dev.hosting.processes import Children
from dev.hosting.worker import Context, Handler, Served, serve
from dev.ministack.patterns import Pattern
from dev.ministack.streams import Bookmark, Reading

# The packages that most handlers import and that take long. A handler imports others itself.
_HEAVY = (
    "boto3",
    "botocore.httpsession",
    "botocore.retries.standard",
    "aws_lambda_powertools.event_handler",
    "aws_lambda_powertools.event_handler.openapi.params",
    "aws_lambda_powertools.logging",
    "pydantic",
    "jwt",
    "cryptography.hazmat.primitives.asymmetric.rsa",
)
_SENTENCE_MAX = 300
_WORKER_GRACE_SECONDS = 5.0
"""How long an invocation may go on when its worker must end."""
_HOST_GRACE_SECONDS = 2 * _WORKER_GRACE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """A function, as its host needs to know it."""

    name: str
    code: str
    handler: str
    listening: int
    environment: Mapping[str, str]
    patterns: list[Pattern]
    """Which records of a stream it gets. Without patterns it gets all."""
    gives_back: bool
    """Whether its answer may ask for records of a stream again."""
    bookmark: str
    log: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructions:
    """The first line that the runner writes to the zygote's standard input, as JSON."""

    hosted: list[Hosted]
    layer: str
    clock: str
    workers: int

    def written(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Self:
        wire = json.loads(line)
        return cls(**wire | {"hosted": [Hosted(**each) for each in wire["hosted"]]})


def edited(files: Iterable[Path]) -> bytes:
    """Each further line that the runner writes: the files of an edit."""
    return json.dumps([str(file) for file in files]).encode() + b"\n"


class Zygote:
    """The parent of all hosts. It never imports the product, so a host that it forks after an edit has the new code."""

    def __init__(self, instructions: Instructions) -> None:
        self._instructions = instructions
        self._hosted = {each.name: each for each in instructions.hosted}
        self._hosts = Children(self._host, self._host_died, grace_seconds=_HOST_GRACE_SECONDS)
        self._package = Path(instructions.layer, "packhouse")

    def run(self, runner: BinaryIO) -> None:
        """Keep the hosts alive, and replace those whose code is edited, until the runner closes the pipe."""
        for name in self._hosted:
            self._hosts.start(name)
        while (files := self._next_edit(runner)) is not None:
            self._reload(files)
        self._hosts.end_all()

    def _next_edit(self, runner: BinaryIO) -> list[Path] | None:
        """The files of the next edit; None when the runner has closed the pipe, or died in the middle of a line."""
        self._hosts.look_after(until=runner.fileno())
        line = runner.readline()
        return [Path(file) for file in json.loads(line)] if line.endswith(b"\n") else None

    def _reload(self, changed: list[Path]) -> None:
        for file in changed:
            # Bytecode has its source's time to the second only, so it would hide a second edit in the same second.
            if file.suffix == ".py":
                Path(importlib.util.cache_from_source(str(file))).unlink(missing_ok=True)
        for name, hosted in self._hosted.items():
            cause = next((file for file in changed if _belongs(file, self._package, Path(hosted.code))), None)
            if cause is not None:
                say(f"{name}: reloaded, because {_short(cause)} has changed.")
                self._hosts.replace(name)

    def _host(self, name: str, end: int) -> None:
        for other in self._instructions.hosted:
            if other.name != name:
                os.close(other.listening)
        Host(self._hosted[name], self._instructions).run(end)

    def _host_died(self, name: str, pid: int, cause: int) -> None:
        say(f"{name}: its host (pid {pid}) {_how(cause)}; a new one takes its place.")


class Host:
    """Imports the handler of one function, and keeps its workers alive."""

    def __init__(self, hosted: Hosted, instructions: Instructions) -> None:
        self._hosted = hosted
        self._instructions = instructions
        self._terminal = os.dup(1)

    def run(self, end: int) -> None:
        self._settle_in()
        served = Served(
            handler=self._handler(),
            reading=Reading(tuple(self._hosted.patterns), gives_back=self._hosted.gives_back),
            bookmark=Bookmark(Path(self._hosted.bookmark)),
        )
        listening = socket.socket(fileno=self._hosted.listening)
        workers = Children(
            lambda _, over: serve(listening, over, served), self._worker_died, grace_seconds=_WORKER_GRACE_SECONDS
        )
        for number in range(self._instructions.workers):
            workers.start(str(number))
        workers.look_after(until=end)
        workers.end_all()

    def _settle_in(self) -> None:
        """Take the function's environment, search path and log."""
        with Path(self._hosted.log).open("ab") as output, Path(os.devnull).open() as none:
            os.dup2(none.fileno(), 0)
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # the interpreter's own are TextIOWrappers
        os.environ.clear()
        os.environ.update(self._hosted.environment)
        time.tzset()
        here = str(Path.cwd())
        sys.path[:] = [self._hosted.code, self._instructions.layer, *(path for path in sys.path if path != here)]

    def _handler(self) -> Handler:
        module, _, function = self._hosted.handler.rpartition(".")
        try:
            self._set_clock()
            handler: Handler = getattr(importlib.import_module(module), function)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # the function answers with this error until the code is mended
            traceback.print_exc()
            file = Path(self._hosted.code, f"{module}.py")
            say(f"{self._hosted.name}: {_short(file)} can't be imported: {_sentence(error)}", to=self._terminal)
            return _failing(error)
        return handler

    def _set_clock(self) -> None:
        """Set the clock before the handler is imported, so that the product never reads another one."""
        from packhouse import runtime  # noqa: PLC0415  # in the host only, from the tree that is run

        runtime.clock = Clock(Path(self._instructions.clock)).now

    def _worker_died(self, _: str, pid: int, cause: int) -> None:
        how = "was ended at the function's time-out" if cause == signal.SIGALRM else _how(cause)
        say(f"{self._hosted.name}: a worker (pid {pid}) {how}; a new one takes its place.", to=self._terminal)


def _belongs(file: Path, *folders: Path) -> bool:
    return any(file.is_relative_to(folder) for folder in folders)


def _failing(error: BaseException) -> Handler:
    def handler(_event: Any, _context: Context) -> Any:
        if isinstance(error, Exception):
            raise error.with_traceback(None)
        raise ImportError(_sentence(error))

    return handler


def _sentence(error: BaseException) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
    file, line = (frames[-1].filename, frames[-1].lineno) if frames else ("", None)
    if isinstance(error, SyntaxError) and error.filename:
        file, line = error.filename, error.lineno
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return f"{text[:_SENTENCE_MAX]} ({_short(Path(file))}, line {line})"


def _how(cause: int) -> str:
    return f"was killed by {signal.Signals(cause).name}" if cause else "ended by itself"


def _short(file: Path) -> str:
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)


def say(sentence: str, *, to: int = 1) -> None:
    """Write a line to the runner's terminal in one piece, so that lines of different processes don't mix."""
    with contextlib.suppress(OSError):  # The terminal may be gone.
        os.write(to, f"{sentence}\n".encode())


def main() -> None:
    for module in _HEAVY:
        importlib.import_module(module)
    # boto3's default session keeps the service's description that it reads for this. Nothing is called.
    importlib.import_module("boto3").client("dynamodb")
    gc.collect()
    gc.freeze()  # All processes share the pages of these modules; a garbage collection would copy them.
    # Without a buffer: `select` doesn't see a line that is already in a buffer.
    with os.fdopen(0, "rb", buffering=0, closefd=False) as runner:
        instructions = runner.readline()
        if instructions:
            Zygote(Instructions.read(instructions)).run(runner)


if __name__ == "__main__":
    main()

"""The runner's side of the hosts: their ports, the zygote that forks them, and its instructions."""

import subprocess  # nosec B404  # of our own interpreter only
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from dev import config as configuration
from dev.config import Config, StartError
from dev.hosting.edits import Edits
from dev.hosting.zygote import Hosted, Instructions, edited
from dev.ministack.deploy import Clients, Deployed, environment_of
from dev.ministack.template import Function, LocalTemplate
from dev.ports import answers, claimed

_WORKERS = 2
_READY_SECONDS = 30.0
_STOP_SECONDS = 15.0
_POLL_SECONDS = 0.02
_PAUSE_SECONDS = 1.0
"""A zygote that dies sooner than this after its start is replaced only after this time."""


class Hosts:
    """The zygote and everything below it."""

    def __init__(self, config: Config, functions: tuple[Function, ...]) -> None:
        """Listen on the functions' ports, and start the zygote. It imports while the template is deployed."""
        self._config = config
        self._functions = functions
        self._sockets = {each.logical_id: claimed(each.port, config) for each in functions}
        self._log = config.logs / "hosts.log"
        self._instructions: Instructions | None = None
        self._telling = threading.Lock()
        """Guards the pipe to the zygote, whose first line must be the instructions."""
        self._process = self._start()
        self._edits = Edits([config.layer, *(each.code.parent for each in functions)], self._tell_edited)

    @property
    def pid(self) -> int:
        return self._process.pid

    def instruct(self, clients: Clients, deployed: Deployed, template: LocalTemplate) -> None:
        """Tell the zygote what to host, once the deployment has named everything."""
        readers = {reader.function: reader for reader in template.readers}
        hosted = []
        for function in self._functions:
            name = deployed.resources[function.logical_id]
            reader = readers.get(function.logical_id)
            hosted.append(
                Hosted(
                    name=function.logical_id,
                    code=str(function.code),
                    handler=function.handler,
                    listening=self._sockets[function.logical_id].fileno(),
                    environment=_environment(self._config, function, name, environment_of(clients, name)),
                    patterns=list(reader.patterns) if reader else [],
                    gives_back=reader is not None and reader.gives_back,
                    bookmark=str(self._config.bookmarks / function.logical_id),
                    log=str(self._config.logs / f"{function.logical_id}.log"),
                )
            )
        instructions = Instructions(
            hosted=hosted, layer=str(self._config.layer), clock=str(self._config.clock), workers=_WORKERS
        )
        with self._telling:
            self._instructions = instructions
            self._tell(instructions.written())

    def wait_until_ready(self) -> None:
        """Wait until each host answers. It does so even if its handler can't be imported."""
        deadline = time.monotonic() + _READY_SECONDS
        for function in self._functions:
            while not answers(function.port):
                if not self.alive():
                    raise StartError(f"The functions' hosts ended at once; {self._log} says why.")
                if time.monotonic() > deadline:
                    raise StartError(f"{function.logical_id} didn't come up in {_READY_SECONDS:.0f} seconds.")
                time.sleep(_POLL_SECONDS)

    def alive(self) -> bool:
        return self._process.poll() is None

    def restart(self) -> None:
        """Another zygote with the same instructions. Requests wait on the ports, which this process keeps."""
        self._process.wait()
        if time.monotonic() - self._started < _PAUSE_SECONDS:
            time.sleep(_PAUSE_SECONDS)
        with self._telling:
            self._process = self._start()
            if self._instructions is not None:
                self._tell(self._instructions.written())

    def stop(self) -> None:
        """Wait until every function has finished its invocation and all hosts have ended."""
        self._edits.stop()
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):  # A zygote that died hasn't read its last line.
                self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for each in self._sockets.values():
            each.close()

    def _start(self) -> subprocess.Popen[bytes]:
        self._started = time.monotonic()
        with self._log.open("ab") as log:
            return subprocess.Popen(  # nosec B603  # our own interpreter and module
                [sys.executable, "-m", "dev.hosting.zygote"],
                cwd=self._config.root,
                env=configuration.plain_environment(),
                stdin=subprocess.PIPE,
                stderr=log,
                pass_fds=[each.fileno() for each in self._sockets.values()],
                start_new_session=True,  # So a Ctrl-C goes to the runner alone.
            )

    def _tell_edited(self, files: list[Path]) -> None:
        with self._telling:
            if self._instructions is not None:  # Without them it hosts nothing that could be reloaded.
                self._tell(edited(files))

    def _tell(self, line: bytes) -> None:
        if self._process.stdin is None:
            return
        with suppress(BrokenPipeError):  # The zygote is dead; the runner will see it and restart it.
            self._process.stdin.write(line)
            self._process.stdin.flush()


def _environment(config: Config, function: Function, name: str, variables: Mapping[str, str]) -> dict[str, str]:
    """The variables that Lambda sets, and the function's own."""
    return (
        configuration.plain_environment()
        | {
            "AWS_ENDPOINT_URL": config.aws_url,
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_megabytes),
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "local",
            "LAMBDA_TASK_ROOT": str(function.code),
            "TMPDIR": str(config.state / "tmp"),
            "TZ": "UTC",
            "_HANDLER": function.handler,
        }
        | dict(variables)
    )

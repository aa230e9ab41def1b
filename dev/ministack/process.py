"""Starts and stops ministack, the AWS of the local stack.

Run as a module, this is the ministack process itself. It stops when its parent ends: then the pipe between them closes.
Even if the runner is killed, ministack so stops gracefully; only then does it write its state.
"""

import os
import signal
import subprocess  # nosec B404  # of our own interpreter only
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from dev.config import Config, StartError, plain_environment
from dev.ports import answers

_READY_SECONDS = 30.0
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.02
_REFUSED_STATE = ("refusing to load", "failed to load", "Failed to restore persisted state")


class Aws:
    """The ministack process of this stack."""

    def __init__(self, config: Config, *, hold: Sequence[int]) -> None:
        """Start it. It keeps the file descriptors `hold` open, and so holds the state's lock until it has written."""
        self._config = config
        self._log = config.logs / "aws.log"
        scratch = config.state / "tmp"
        scratch.mkdir(exist_ok=True)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # nosec B603  # our own interpreter and module
                [sys.executable, "-m", "dev.ministack.process"],
                cwd=config.root,
                env=plain_environment() | _settings(config, scratch),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=hold,
                start_new_session=True,  # So a Ctrl-C goes to the runner alone.
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not self._healthy():
            if not self.alive():
                raise StartError(f"ministack ended at once; {self._log} says why.")
            if time.monotonic() > deadline:
                raise StartError(f"ministack didn't answer for {_READY_SECONDS:.0f} seconds; see {self._log}.")
            time.sleep(_POLL_SECONDS)
        if any(sign in self._log.read_text(errors="replace") for sign in _REFUSED_STATE):
            self.forget()
            raise StartError(
                f"The state in {self._config.state} can't be read by this version of ministack: "
                "delete the folder to start afresh."
            )

    def forget(self) -> None:
        """Kill it, so that it can't write its state."""
        self._process.kill()
        self._process.communicate()

    def stop(self) -> None:
        """Stop it and wait until it has written its state."""
        if self.alive():
            self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _healthy(self) -> bool:
        return answers(self._config.aws_port, "/_ministack/health")


def _settings(config: Config, scratch: Path) -> dict[str, str]:
    return {
        "GATEWAY_PORT": str(config.aws_port),
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",  # It would listen on every interface.
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(config.state / "aws"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(config.state / "s3"),
        "TMPDIR": str(scratch),
        "LOG_LEVEL": "WARNING",
        # If ministack found a Docker, it would remove containers of other stacks there.
        "DOCKER_HOST": f"unix://{scratch}/no-docker",
    }


def _end_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)  # Returns when the other end closes: nothing is ever sent.
    os.kill(os.getpid(), signal.SIGTERM)


def _main() -> None:
    # Imported in this process alone. The package ships no types.
    from ministack.app import main  # type: ignore[import-untyped]  # noqa: PLC0415

    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.argv[1:] = []
    main()


if __name__ == "__main__":
    _main()

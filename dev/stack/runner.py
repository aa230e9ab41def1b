"""Starts the local stack, keeps it running, and stops it: `make run`.

Two processes stand below this one: ministack, and the zygote with its hosts. The front port, the clock and the
schedules are here. What is started is stopped in the reverse order, each process by its own id.
"""

from __future__ import annotations

import fcntl
import shutil
import signal
import sys
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, TextIO

from dev.config import StartError
from dev.hosting.hosts import Hosts
from dev.ministack.deploy import Clients, DeployFailed, deploy
from dev.ministack.process import Aws
from dev.ministack.template import localized
from dev.ports import claimed
from dev.stack.control import Stack
from dev.stack.front import Front
from dev.stack.greeting import summary
from dev.stack.stripe import Stripe, hand_over_secret

if TYPE_CHECKING:
    from dev.config import Config
    from dev.ministack.deploy import Deployed

_LOOK_SECONDS = 0.2
_LAST_REQUESTS_SECONDS = 5.0
_FIRST_DRAIN_SECONDS = 3.0
_LAST_DRAIN_SECONDS = 10.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Ending(BaseException):
    """Somebody wants the stack to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    aws: Aws
    stripe: Stripe
    hosts: Hosts
    stack: Stack

    def look_after(self) -> int:
        """Stay until ministack is gone, which ends the stack: what it knew, it kept in memory."""
        stripe_lives = True
        while self.aws.alive():
            if stripe_lives and not self.stripe.alive():
                stripe_lives = False
                say("The fake Stripe has ended; logs/stripe.log may say why. Orders can't be paid until a restart.")
            if not self.hosts.alive():
                say("The process that starts the functions' hosts has ended; a new one takes its place.")
                self.hosts.restart()
            time.sleep(_LOOK_SECONDS)
        say(
            "ministack has ended, and with it what was changed since the start; logs/aws.log may say why.",
            to=sys.stderr,
        )
        return 1


def run(config: Config) -> int:
    """Run a stack until it is told to stop; the exit status."""
    started = time.monotonic()
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN or number != signal.SIGHUP:  # nohup means it.
            signal.signal(number, _end)
    try:
        with ExitStack() as undo:
            try:
                running = _start(config, undo)
                say(summary(config, running.stack.personas(), seconds=time.monotonic() - started))
                return running.look_after()
            finally:
                _deafen()
    except StartError as error:
        say(str(error), to=sys.stderr)
        return 1
    except _Ending:
        say("Stopped.")
        return 0


def say(text: str, *, to: TextIO | None = None) -> None:
    """Written at once, so that the lines of different processes don't mix."""
    output = to or sys.stdout
    with suppress(OSError):  # Nobody may be there to read it.
        output.write(f"{text}\n")
        output.flush()


def _end(_number: int, _frame: object) -> NoReturn:
    _deafen()
    raise _Ending


def _deafen() -> None:
    """From here on it stops; a second Ctrl-C must not leave half of the state written."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _start(config: Config, undo: ExitStack) -> _Running:
    """Start everything; each step puts into `undo` how it is undone."""
    lock = _locked(config, undo)
    _tidy(config)
    front = Front(config)
    undo.callback(front.server_close)
    claimed(config.aws_port, config).close()
    kept = any((config.state / "aws").glob("*"))
    claimed(config.stripe_port, config).close()
    aws = Aws(config, hold=[lock])
    undo.callback(aws.stop)
    stripe = Stripe(config)
    undo.callback(stripe.stop)
    template = localized(config)
    hosts = Hosts(config, template.functions)
    undo.callback(hosts.stop)
    clients = Clients(config)
    aws.wait_until_ready()
    try:
        deployed = deploy(config, clients, template)
    except DeployFailed as failed:
        if kept:
            raise StartError(f"{failed} Deleting {config.state} starts afresh.") from failed
        aws.forget()
        raise
    if "StripeSecret" in deployed.resources:
        hand_over_secret(clients, deployed)
    hosts.instruct(clients, deployed, template)
    stripe.wait_until_ready()
    stack = Stack(config, clients, template, deployed, stripe, say)
    undo.callback(_drain, aws, stack)
    stack.seed()
    hosts.wait_until_ready()
    for function, count in stack.drain(seconds=_FIRST_DRAIN_SECONDS).items():
        say(f"{function} has yet to take {count} of the changes; its log says why.")
    _serve(config, stack, front, deployed, undo)
    return _Running(aws=aws, stripe=stripe, hosts=hosts, stack=stack)


def _serve(config: Config, stack: Stack, front: Front, deployed: Deployed, undo: ExitStack) -> None:
    """Let the world in: the front, the schedules, and last stack.json, which says that all of it is there."""
    front.serve(stack, deployed.api_id)
    undo.callback(_let_finish, stack)
    undo.callback(front.shutdown)
    over = threading.Event()
    ticking = threading.Thread(target=stack.ticker.tick_until, args=[over], name="schedules", daemon=True)
    ticking.start()
    undo.callback(over.set)
    undo.callback(config.stack_json.unlink, missing_ok=True)
    stack.publish()


def _let_finish(stack: Stack) -> None:
    """Wait for the jobs and requests that are on their way, and let no others begin."""
    stack.ticker.one_at_a_time.acquire(timeout=_LAST_REQUESTS_SECONDS)
    stack.gate.shut(seconds=_LAST_REQUESTS_SECONDS)


def _drain(aws: Aws, stack: Stack) -> None:
    if not aws.alive():
        return
    for function, count in stack.drain(seconds=_LAST_DRAIN_SECONDS).items():
        say(f"{function} has yet to take {count} of the changes, and never will; its log says why.", to=sys.stderr)


def _locked(config: Config, undo: ExitStack) -> int:
    """Hold the state folder; ministack shares the lock, so that it ends only when the state is written."""
    config.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = undo.enter_context((config.state / "lock").open("a+"))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StartError(
            f"The state in {config.state} is in use by another stack; choose another folder: "
            "PACKHOUSE_STATE=.local2 make run (and another PACKHOUSE_PORT)."
        ) from error
    return file.fileno()


def _tidy(config: Config) -> None:
    """What an earlier stack left that means nothing any more: bookmarks of streams that are gone, and its logs."""
    config.stack_json.unlink(missing_ok=True)
    for folder in (config.bookmarks, config.logs):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()

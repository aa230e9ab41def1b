"""Starts the local stack, keeps it running, and stops it: `make run`.

This process starts three others: ministack, the fake Stripe, and the zygote, which starts the functions' hosts. The
front and the schedules run here, in threads. Everything is stopped in reverse order, each process by its own id.
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
    """A signal asked the stack to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    aws: Aws
    stripe: Stripe
    hosts: Hosts
    stack: Stack

    def look_after(self) -> int:
        """Restart the zygote when it dies. Return when ministack has died: it had all data in memory."""
        stripe_lives = True
        while self.aws.alive():
            if stripe_lives and not self.stripe.alive():
                stripe_lives = False
                say("The fake Stripe has ended; logs/stripe.log may say why. To pay orders, restart the stack.")
            if not self.hosts.alive():
                say("The process that starts the functions' hosts has ended; a new one takes its place.")
                self.hosts.restart()
            time.sleep(_LOOK_SECONDS)
        say(
            "ministack has ended, so all changes since the start are lost; logs/aws.log may say why.",
            to=sys.stderr,
        )
        return 1


def run(config: Config) -> int:
    """Run a stack until a signal stops it. Returns the exit status."""
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
    """Write a line and flush it, so that lines of different processes don't mix."""
    output = to or sys.stdout
    with suppress(OSError):  # The terminal may be gone.
        output.write(f"{text}\n")
        output.flush()


def _end(_number: int, _frame: object) -> NoReturn:
    _deafen()
    raise _Ending


def _deafen() -> None:
    """Ignore further signals: a second Ctrl-C must not interrupt the writing of the state."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _start(config: Config, undo: ExitStack) -> _Running:
    """Start everything. Each step adds to `undo` how to stop it."""
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
        say(f"{function} still has {count} changes to read; its log says why.")
    _serve(config, stack, front, deployed, undo)
    return _Running(aws=aws, stripe=stripe, hosts=hosts, stack=stack)


def _serve(config: Config, stack: Stack, front: Front, deployed: Deployed, undo: ExitStack) -> None:
    """Start the front and the schedules; then write stack.json, which says that the stack is ready."""
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
    """Let no job or request begin any more, and wait for those that have begun."""
    stack.ticker.one_at_a_time.acquire(timeout=_LAST_REQUESTS_SECONDS)
    stack.gate.shut(seconds=_LAST_REQUESTS_SECONDS)


def _drain(aws: Aws, stack: Stack) -> None:
    if not aws.alive():
        return
    for function, count in stack.drain(seconds=_LAST_DRAIN_SECONDS).items():
        say(f"{function} didn't read {count} changes, and never will; its log says why.", to=sys.stderr)


def _locked(config: Config, undo: ExitStack) -> int:
    """Lock the state folder. ministack holds the lock too, so it is free only once the state is written."""
    config.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = undo.enter_context((config.state / "lock").open("a+"))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StartError(
            f"Another stack uses the state in {config.state}; choose another folder: "
            "PACKHOUSE_STATE=.local2 make run (and another PACKHOUSE_PORT)."
        ) from error
    return file.fileno()


def _tidy(config: Config) -> None:
    """Delete an earlier stack's files that are useless now: its logs, and bookmarks of streams that no longer exist."""
    config.stack_json.unlink(missing_ok=True)
    for folder in (config.bookmarks, config.logs):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()

"""Keeps child processes alive: a child that dies is replaced, and no child outlives its parent.

Each child holds the reading end of a pipe, and its parent alone holds the writing end. The parent closes that end to
end the child. If the parent dies, the system closes it.
"""

import contextlib
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_PAUSE_SECONDS = 1.0
"""A child that dies sooner than this after its start is replaced only after this time."""
_POLL_SECONDS = 0.02

type Live = Callable[[str, int], None]
"""Run a child. Arguments: its name, and a file descriptor that becomes readable when the child must end."""
type Died = Callable[[str, int, int], None]
"""Called when a child has died unasked. Arguments: its name, its pid, the signal's number (0: it ended by itself)."""


@dataclass(slots=True)
class _Child:
    pid: int
    started: float
    life: int


class Children:
    def __init__(self, live: Live, died: Died, *, grace_seconds: float) -> None:
        """A child that must end has `grace_seconds` to finish its work; then it is killed."""
        self._live = live
        self._died = died
        self._grace_seconds = grace_seconds
        self._children: dict[str, _Child] = {}
        self._missing: dict[str, float] = {}
        """Dead children that aren't replaced yet: their names, and from when they may be."""
        self._ending: dict[int, float] = {}
        """The pids of children that must end, and when each is killed."""
        self._deaths, self._wake = os.pipe()
        for end in (self._deaths, self._wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def start(self, name: str) -> None:
        end, life = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._run_as_child(name, end, life)
        os.close(end)
        self._children[name] = _Child(pid, time.monotonic(), life)

    def replace(self, name: str) -> None:
        """Start a new child at once; the old one finishes its work and ends."""
        child = self._children.pop(name, None)
        if child is not None:
            self._ask_to_end(child)
        self._missing.pop(name, None)
        self.start(name)

    def look_after(self, *, until: int) -> None:
        """Replace each child that dies, until there is something to read from `until`, or its other end is closed."""
        while until not in self._readable(until):
            self._reap()
            self._kill_overdue()
            now = time.monotonic()
            for name in [name for name, when in self._missing.items() if when < now]:
                del self._missing[name]
                self.start(name)

    def end_all(self) -> None:
        """End all children and wait for them."""
        for child in self._children.values():
            self._ask_to_end(child)
        self._children.clear()
        while self._ending:
            select.select([self._deaths], [], [], _POLL_SECONDS)
            self._reap()
            self._kill_overdue()

    def _run_as_child(self, name: str, end: int, life: int) -> None:
        """Run as the child. Never returns."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for inherited in (self._deaths, self._wake, life, *(child.life for child in self._children.values())):
                os.close(inherited)
            self._live(name, end)
            status = 0
        except BaseException:  # noqa: BLE001  # a child must never go on into its parent's code
            traceback.print_exc()
        finally:
            for output in (sys.stdout, sys.stderr):
                output.flush()
            os._exit(status)

    def _readable(self, until: int) -> list[int]:
        """Wait until something can be read or a child's time is over. Returns what can be read."""
        seconds = _POLL_SECONDS if self._missing or self._ending else None
        ready, _, _ = select.select([until, self._deaths], [], [], seconds)
        return ready

    def _ask_to_end(self, child: _Child) -> None:
        os.close(child.life)
        self._ending[child.pid] = time.monotonic() + self._grace_seconds

    def _kill_overdue(self) -> None:
        now = time.monotonic()
        for pid in [pid for pid, deadline in self._ending.items() if deadline < now]:
            self._ending[pid] = now + self._grace_seconds
            os.kill(pid, signal.SIGKILL)

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._deaths, 4096)
        for pid, status in _ended():
            self._ending.pop(pid, None)
            name = next((name for name, child in self._children.items() if child.pid == pid), None)
            if name is None:
                continue
            child = self._children.pop(name)
            os.close(child.life)
            self._missing[name] = child.started + _PAUSE_SECONDS
            self._died(name, pid, os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0)


def _ended() -> Iterator[tuple[int, int]]:
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            yield ended

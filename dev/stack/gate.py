"""Lets requests to the API pass, but for the time in which the data is exchanged under them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Gate:
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _inside: int = 0
    _shut: int = 0
    """By how many: a stack may be stopped while it is being emptied."""

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Wait until the gate is open, and be inside."""
        with self._changed:
            self._changed.wait_for(lambda: not self._shut)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def shut(self, *, seconds: float) -> None:
        """Let nobody in any more, and wait for those inside, but not longer."""
        with self._changed:
            self._shut += 1
            self._changed.wait_for(lambda: self._inside == 0, timeout=seconds)

    @contextmanager
    def shut_for_now(self, *, seconds: float) -> Iterator[None]:
        self.shut(seconds=seconds)
        try:
            yield
        finally:
            with self._changed:
                self._shut -= 1
                self._changed.notify_all()

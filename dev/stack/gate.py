"""Holds requests to the API back while a reset replaces the data."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Gate:
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _inside: int = 0
    _shut: int = 0
    """How many keep it shut: a stack may be stopped during a reset."""

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Wait until the gate is open; inside the block, `shut` waits for us."""
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
        """Let no request in any more. Wait for those inside, at most so many seconds."""
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

"""Notices edits of source files as soon as they are saved.

watchfiles watches in a thread of its own, and a process that forks must have no second thread. So the runner watches,
and sends each edit to the zygote, which forks.
"""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from watchfiles import PythonFilter, watch

_QUIET_MILLISECONDS = 100
"""An edit is over when nothing has changed for so long. So nobody reads a file that is half written."""
_SOURCES = PythonFilter(extra_extensions=(".json",))
_STOP_SECONDS = 5.0


class Edits:
    def __init__(self, folders: Iterable[Path], edited: Callable[[list[Path]], None]) -> None:
        """Watch these folders and all below them from now on; `edited` is called with the files of each edit."""
        self._folders = tuple(dict.fromkeys(folders))
        self._edited = edited
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="edits", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(_STOP_SECONDS)

    def _watch(self) -> None:
        for changes in watch(*self._folders, watch_filter=_SOURCES, step=_QUIET_MILLISECONDS, stop_event=self._over):
            self._edited(sorted({Path(file) for _, file in changes}))

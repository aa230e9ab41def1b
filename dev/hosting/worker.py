"""A worker: takes invocations from its function's port, and answers with the result of the real handler.

It takes one invocation at a time, as Lambda does: Powertools' resolver isn't thread-safe.
"""

import contextlib
import json
import os
import select
import signal
import socket
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import BaseServer
from typing import Any

from dev.ministack.streams import Bookmark, Reading

type Handler = Callable[[Any, "Context"], Any]

# A connection that sends nothing is dropped after that.
_SILENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The second argument of a handler, as Lambda passes it."""

    function_name: str
    function_version: str
    invoked_function_arn: str
    memory_limit_in_mb: int
    aws_request_id: str
    log_group_name: str
    log_stream_name: str
    deadline_ms: int

    def get_remaining_time_in_millis(self) -> int:
        return max(0, self.deadline_ms - int(time.time() * 1000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A function as its workers see it."""

    handler: Handler
    reading: Reading
    bookmark: Bookmark


def serve(listening: socket.socket, end: int, served: Served) -> None:
    """Answer invocations until `end` can be read. An invocation that has begun is answered first."""
    # Several workers wait for the same connection and one gets it; the others must not block.
    listening.setblocking(False)  # noqa: FBT003  # the method takes no keyword
    while end not in select.select([listening.fileno(), end], [], [])[0]:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            connection, address = listening.accept()
            with connection:
                connection.settimeout(_SILENCE_SECONDS)
                Invocation(connection, address, served)


class Invocation(BaseHTTPRequestHandler):
    wbufsize = -1  # One packet per answer; two small ones wait for each other.

    def __init__(self, connection: socket.socket, address: tuple[str, int], served: Served) -> None:
        self._served = served
        super().__init__(connection, address, BaseServer(address, type(self)))

    def do_GET(self) -> None:
        """The runner asks whether the host is up. It is, even if its handler can't be imported."""
        self._answer(HTTPStatus.OK, {"ready": True})

    def do_POST(self) -> None:
        try:
            event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            context = _context(self.headers)
            # Lambda kills a function at its deadline; so does this signal.
            signal.setitimer(signal.ITIMER_REAL, max(context.get_remaining_time_in_millis(), 1) / 1000)
            self._answer(HTTPStatus.OK, result(self._served, event, context))
        except Exception as error:  # noqa: BLE001  # any error of a handler is its answer
            traceback.print_exc()
            failure = {"errorMessage": str(error), "errorType": type(error).__name__}
            self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, failure)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _answer(self, status: HTTPStatus, result: Any) -> None:
        body = json.dumps(result).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log no requests: the log belongs to the function."""


class BatchItemFailures(Exception):
    """A stream's reader asked for records again. ministack ignores that answer; after an error it sends them again."""


def result(served: Served, event: Any, context: Context) -> Any:
    records = served.reading.of_stream(event)
    if records is None:
        return served.handler(event, context)
    wanted = served.reading.matching(records)
    result = served.handler({**event, "Records": wanted}, context) if wanted else None
    if served.reading.gives_back and isinstance(result, dict) and result.get("batchItemFailures"):
        again = len(result["batchItemFailures"])
        raise BatchItemFailures(f"The function asked for {again} of {len(wanted)} records again.")
    served.bookmark.move(records[-1]["dynamodb"]["SequenceNumber"])
    return result


def _context(headers: Message) -> Context:
    return Context(
        function_name=headers["X-Amzn-Lambda-Function-Name"],
        function_version=headers["X-Amzn-Lambda-Function-Version"],
        invoked_function_arn=headers["X-Amzn-Lambda-Function-Arn"],
        memory_limit_in_mb=int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]),
        aws_request_id=headers["X-Amzn-Lambda-Request-Id"],
        log_group_name=os.environ["AWS_LAMBDA_LOG_GROUP_NAME"],
        log_stream_name=os.environ["AWS_LAMBDA_LOG_STREAM_NAME"],
        deadline_ms=int(headers["X-Amzn-Lambda-Deadline-Ms"]),
    )

"""The one port of the fake: `/v1/` is the API, `/c/` the hosted page, `/_fake/` is for tests.

It listens on this machine alone, and no page of another site may control it through a browser: each request must name
this host and port, and a request that changes something must not come from a page of another origin.
"""

from __future__ import annotations

import re
import socket
import sys
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from dev.fake_stripe.api.requests import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

BODY_BYTES_MAX = 1024 * 1024
_BACKLOG = 256
_IDLE_SECONDS = 60.0
_NAMES = ("127.0.0.1", "localhost")
_LENGTH = re.compile(r"[0-9]{1,15}", re.ASCII)
_ABOUT = b"The fake Stripe of the local stack: /v1/ is its API, /_fake/ its controls; docs/fake-stripe.md says more.\n"


class Part(Protocol):
    """Answers the requests below one path."""

    def answer(self, request: Request) -> Answer: ...


class Server(ThreadingHTTPServer):
    request_queue_size = _BACKLOG
    daemon_threads = True
    allow_reuse_address = True

    parts: Mapping[str, Part]
    """By the beginning of the path. Set this before it serves."""

    def __init__(self, port: int) -> None:
        """Listen on the port; 0 takes a free one. Connections wait until `serve_forever`."""
        super().__init__(("127.0.0.1", port), _Handler)
        self.port = int(self.server_address[1])
        self.origin = f"http://127.0.0.1:{self.port}"
        self.hosts = frozenset(f"{name}:{self.port}" for name in _NAMES)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that disconnect. Any other error is a bug, and is printed."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # the arguments it got


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    timeout = _IDLE_SECONDS
    server: Server

    def _serve(self) -> None:
        answer = self._refusal() or self._answer()
        if answer.lost:
            self.close_connection = True
            with suppress(OSError):  # The client may have disconnected first.
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815  # http.server's names

    def version_string(self) -> str:
        return "packhouse-fake-stripe"

    def log_message(self, *_: object) -> None:
        """Log nothing here: `/_fake/requests` is the log."""

    def _refusal(self) -> Answer | None:
        """Why a request is refused before it is read. Its body stays unread, so the connection ends."""
        length = self.headers.get("Content-Length", "0")
        refusal = None
        if self.headers.get("Host", "").lower() not in self.server.hosts:
            refusal = HTTPStatus.FORBIDDEN, f"This is {self.server.origin}; call it by that name.\n"
        elif self.command not in ("GET", "HEAD") and self._foreign():
            refusal = HTTPStatus.FORBIDDEN, "A page of another site can't change anything here.\n"
        elif "Transfer-Encoding" in self.headers or not _LENGTH.fullmatch(length):
            refusal = HTTPStatus.LENGTH_REQUIRED, "Say how long the body is.\n"
        elif int(length) > BODY_BYTES_MAX:
            refusal = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body has at most {BODY_BYTES_MAX} bytes.\n"
        if refusal is None:
            return None
        self.close_connection = True
        return _text(refusal[0], refusal[1].encode())

    def _foreign(self) -> bool:
        origin = self.headers.get("Origin")
        return origin is not None and urlsplit(origin).netloc not in self.server.hosts

    def _answer(self) -> Answer:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        method = "GET" if self.command == "HEAD" else self.command
        request = Request(method=method, path=path, query=query, headers=headers, body=body)
        for beginning, part in self.server.parts.items():
            if path.startswith(beginning):
                return part.answer(request)
        status = HTTPStatus.OK if path == "/" else HTTPStatus.NOT_FOUND
        return _text(status, _ABOUT)


def _text(status: HTTPStatus, body: bytes) -> Answer:
    return Answer(status=status, body=body, headers={"Content-Type": "text/plain; charset=utf-8"})

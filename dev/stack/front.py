"""The one port of the stack: `/v1/` goes to the deployed API, `/console/` to the static console, `/dev/` to the runner.

A page of another site must not control a local stack through the browser of its visitor. So each request must name
this host and port, and a request that changes something below `/dev/` must not come from a page of another origin.
"""

import http.client
import json
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from dev.config import Config
from dev.demo.people import Persona
from dev.ports import in_use
from dev.refusals import MoveMalformed, Refused
from dev.stack.gate import Gate

BODY_BYTES_MAX = 10 * 1024 * 1024
"""The limit of API Gateway."""
_BACKLOG = 256
_POLL_SECONDS = 0.1
_UPSTREAM_SECONDS = 60.0
_IDLE_SECONDS = 30.0
"""ministack keeps idle connections longer, so it doesn't close one during a request."""
_IDLE_MAX = 64
# Headers that are meant for the next hop alone (RFC 9110, 7.6.1), and those that each hop writes itself.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "content-length",
        "expect",
    }
)
_OF_SERVER = frozenset({"date", "server"})
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
_CONSOLE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Runner(Protocol):
    """What the front calls. Each call returns when the work is done."""

    gate: Gate

    def now(self) -> str: ...
    def move_clock(self, body: object) -> str: ...
    def run_job(self, name: str) -> object: ...
    def personas(self) -> list[Persona]: ...
    def mails(self) -> list[dict[str, Any]]: ...
    def reset(self) -> list[Persona]: ...


class Upstream:
    """Connections to ministack that stay open between requests. Any thread may use any of them."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: deque[tuple[http.client.HTTPConnection, float]] = deque(maxlen=_IDLE_MAX)

    def taken(self) -> http.client.HTTPConnection:
        oldest = time.monotonic() - _IDLE_SECONDS
        with suppress(IndexError):
            connection, since = self._idle.pop()
            if since > oldest:
                return connection
            connection.close()
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=_UPSTREAM_SECONDS)

    def close(self) -> None:
        while self._idle:
            self._idle.pop()[0].close()

    def give_back(self, connection: http.client.HTTPConnection) -> None:
        self._idle.append((connection, time.monotonic()))


class Front(ThreadingHTTPServer):
    request_queue_size = _BACKLOG
    daemon_threads = True
    allow_reuse_address = True

    runner: Runner
    api_path: str

    def __init__(self, config: Config) -> None:
        """Listen on the port; connections wait until `serve`."""
        self.upstream = Upstream(config.aws_port)
        self.console = config.root / "console"
        self.hosts = {f"{name}:{config.port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        try:
            super().__init__(("127.0.0.1", config.port), Request)
        except OSError as error:
            raise in_use(config.port, config) from error

    def serve(self, runner: Runner, api_id: str) -> None:
        """Start to answer, in a thread."""
        self.runner = runner
        self.api_path = f"/_aws/execute-api/{api_id}/$default"
        threading.Thread(target=self.serve_forever, args=[_POLL_SECONDS], name="front", daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that disconnect. Any other error is a bug, and is printed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # the arguments it got

    def server_close(self) -> None:
        super().server_close()
        self.upstream.close()


@dataclass(frozen=True, slots=True)
class Answer:
    status: HTTPStatus | int
    body: bytes
    headers: Mapping[str, str] | list[tuple[str, str]]


def _json(status: HTTPStatus, content: object) -> Answer:
    return Answer(status, json.dumps(content).encode(), {"Content-Type": "application/json"})


def _no(status: HTTPStatus, sentence: str) -> Answer:
    return _json(status, {"message": sentence})


class Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: Front

    def _serve(self) -> None:
        body = self._body()
        answer = body if isinstance(body, Answer) else self._answer(body)
        self.send_response(answer.status)
        headers = answer.headers.items() if isinstance(answer.headers, Mapping) else answer.headers
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815  # http.server's names

    def version_string(self) -> str:
        return "packhouse-local"

    def log_message(self, *_: object) -> None:
        """Log no requests: the terminal is for messages that a developer needs."""

    def _body(self) -> bytes | Answer:
        """The request's body, or a refusal. A refusal ends the connection, because the unread body is still in it."""
        length = self.headers.get("Content-Length", "0")
        refused = None
        if "Transfer-Encoding" in self.headers:
            refused = _no(HTTPStatus.LENGTH_REQUIRED, "Send a Content-Length.")
        elif not length.isascii() or not length.isdigit():
            refused = _no(HTTPStatus.BAD_REQUEST, "Content-Length is not a number.")
        elif int(length) > BODY_BYTES_MAX:
            refused = _no(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request Entity Too Large")
        if refused is not None:
            self.close_connection = True
            return refused
        return self.rfile.read(int(length))

    def _answer(self, body: bytes) -> Answer:
        host = self.headers.get("Host", "").lower()
        if host not in self.server.hosts:
            return _no(HTTPStatus.MISDIRECTED_REQUEST, "This is a local stack; call it by 127.0.0.1 or localhost.")
        path = urlsplit(self.path).path
        if path.startswith("/v1/"):
            with self.server.runner.gate.passing():
                return self._forwarded(body)
        if path.startswith("/dev/"):
            return self._dev(path, body)
        if path in ("/", "/console"):
            return Answer(HTTPStatus.FOUND, b"", {"Location": "/console/", "Cache-Control": "no-store"})
        if path.startswith("/console/") and self.command in ("GET", "HEAD"):
            return self._file(unquote(path.removeprefix("/console/")))
        return _no(HTTPStatus.NOT_FOUND, "Not Found")

    def _forwarded(self, body: bytes) -> Answer:
        """Send the request to the deployed API, and return its answer. Never sent twice: it might have two effects."""
        named = {name.strip().lower() for name in self.headers.get("Connection", "").split(",")}
        dropped = _HOP_BY_HOP | named
        connection = self.server.upstream.taken()
        try:
            path = self.server.api_path + self.path
            connection.putrequest(self.command, path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in dropped:
                    connection.putheader(name, value)
            if "Content-Length" in self.headers:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            answered = response.read()
        except (http.client.HTTPException, OSError):
            connection.close()
            return _no(HTTPStatus.BAD_GATEWAY, "ministack doesn't answer; the terminal of the stack says more.")
        self.server.upstream.give_back(connection)
        kept = [each for each in response.getheaders() if each[0].lower() not in _HOP_BY_HOP | _OF_SERVER]
        return Answer(response.status, answered, kept)

    def _file(self, name: str) -> Answer:
        folder = self.server.console.resolve()
        file = folder / (f"{name}index.html" if name == "" or name.endswith("/") else name)
        if "\0" in name or not file.resolve().is_relative_to(folder) or not file.is_file():
            return _no(HTTPStatus.NOT_FOUND, "Not Found")
        headers = {"Content-Type": _TYPES.get(file.suffix, "application/octet-stream")}
        return Answer(HTTPStatus.OK, file.read_bytes(), headers | _CONSOLE_HEADERS)

    def _dev(self, path: str, body: bytes) -> Answer:
        reads = self.command in ("GET", "HEAD")
        origin = self.headers.get("Origin")
        if not reads and origin is not None and origin.removeprefix("http://") not in self.server.hosts:
            return _no(HTTPStatus.FORBIDDEN, "Pages of other origins can't control a local stack.")
        try:
            return self._done(path.removeprefix("/dev/"), body)
        except Refused as refused:
            return _no(refused.status, str(refused))

    def _done(self, name: str, body: bytes) -> Answer:
        runner = self.server.runner
        first, _, job = name.partition("/")
        offered: dict[tuple[str, str], Callable[[], object]] = {
            ("clock", "GET"): lambda: {"now": runner.now()},
            ("clock", "POST"): lambda: {"now": runner.move_clock(_parsed(body))},
            ("personas", "GET"): lambda: {"personas": runner.personas()},
            ("outbox", "GET"): lambda: {"items": runner.mails()},
            ("reset", "POST"): lambda: {"personas": runner.reset()},
        }
        if first == "jobs":
            offered[name, "POST"] = lambda: runner.run_job(job)
        method = "GET" if self.command == "HEAD" else self.command
        if (name, method) in offered:
            return _json(HTTPStatus.OK, offered[name, method]())
        if any(name == other for other, _ in offered):
            return _no(HTTPStatus.METHOD_NOT_ALLOWED, "Method Not Allowed")
        return _no(HTTPStatus.NOT_FOUND, "Not Found")


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError as error:
        raise MoveMalformed("The body isn't JSON.") from error

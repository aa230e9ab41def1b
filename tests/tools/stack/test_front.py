"""The front port by itself, before an API that only repeats what it was asked."""

import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dev.config import Config
from dev.demo.people import Persona
from dev.stack.front import Front
from dev.stack.gate import Gate
from tests.harness.answers import Answer
from tests.harness.local_stack import free_port


class Echo(BaseHTTPRequestHandler):
    """Answers with the request it got, and counts its connections."""

    protocol_version = "HTTP/1.1"
    connections = 0

    def setup(self) -> None:
        super().setup()
        type(self).connections += 1

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        asked = {"method": self.command, "path": self.path, "headers": self.headers.items(), "length": len(body)}
        answer = json.dumps(asked).encode()
        self.send_response(207)
        self.send_header("Content-Type", "application/json")
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.send_header("Connection", "keep-alive")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815  # the names that http.server looks for

    def log_message(self, *_: object) -> None:
        pass


@dataclass
class Idle:
    """A runner that is asked for nothing."""

    gate: Gate = field(default_factory=Gate)

    def now(self) -> str:
        return "2026-11-24T03:00:00.000Z"

    def move_clock(self, body: object) -> str:
        return str(body)

    def run_job(self, name: str) -> object:
        return name

    def personas(self) -> list[Persona]:
        return []

    def mails(self) -> list[dict[str, Any]]:
        return []

    def reset(self) -> list[Persona]:
        return []


@dataclass(frozen=True)
class Served:
    port: int
    runner: Idle
    console: Path

    def ask(
        self, method: str, path: str, *, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    port = free_port()
    config = Config(root=tmp_path, state=tmp_path / "state", port=port, instance="")
    console = tmp_path / "console"
    console.mkdir()
    Echo.connections = 0
    echo = ThreadingHTTPServer(("127.0.0.1", config.aws_port), Echo)
    echo.daemon_threads = True
    threading.Thread(target=echo.serve_forever, args=[0.02], daemon=True).start()
    runner = Idle()
    front = Front(config)
    front.serve(runner, "api1")
    yield Served(port, runner, console)
    for server in (front, echo):
        server.shutdown()
        server.server_close()


def test_a_request_reaches_the_api_as_it_was_sent(served: Served) -> None:
    body = b"\x00\xff" * 2_000_000
    sent = {"Authorization": "Bearer t", "Idempotency-Key": "k", "X-Twice": "1", "Connection": "x-mine", "X-Mine": "no"}

    answer = served.ask("POST", "/v1/packs/a%2Fb?x=%20&y=1", body=body, headers=sent)

    assert answer.json["method"] == "POST"
    assert answer.json["path"] == "/_aws/execute-api/api1/$default/v1/packs/a%2Fb?x=%20&y=1"
    assert answer.json["length"] == len(body)
    arrived = dict(answer.json["headers"])
    assert arrived["Authorization"] == "Bearer t"
    assert arrived["Idempotency-Key"] == "k"
    assert arrived["Host"] == f"127.0.0.1:{served.port}"
    assert not {"Connection", "X-Mine"} & set(arrived)


def test_an_answer_reaches_the_client_as_it_was_given(served: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    connection.request("GET", "/v1/me")
    response = connection.getresponse()
    response.read()

    assert response.status == 207
    assert [value for name, value in response.getheaders() if name == "Set-Cookie"] == ["a=1", "b=2"]
    assert response.getheader("Connection") is None
    connection.close()


def test_connections_to_the_api_are_kept(served: Served) -> None:
    for _ in range(5):
        served.ask("GET", "/v1/me")

    assert Echo.connections == 1


def test_requests_wait_while_the_gate_is_shut(served: Served) -> None:
    answers: list[Answer] = []
    asking = threading.Thread(target=lambda: answers.append(served.ask("GET", "/v1/me")))

    with served.runner.gate.shut_for_now(seconds=1):
        asking.start()
        assert served.ask("GET", "/dev/clock").status == 200
        assert not answers
    asking.join()

    assert answers[0].status == 207


def test_the_gate_waits_for_requests_that_are_inside() -> None:
    gate = Gate()
    inside, leave = threading.Event(), threading.Event()

    def pass_slowly() -> None:
        with gate.passing():
            inside.set()
            leave.wait(10)

    passing = threading.Thread(target=pass_slowly)
    passing.start()
    assert inside.wait(10)
    shutting = threading.Thread(target=lambda: gate.shut(seconds=10))
    shutting.start()

    assert shutting.is_alive()
    leave.set()
    shutting.join(10)
    assert not shutting.is_alive()
    passing.join()


def test_files_of_the_console_have_their_types_and_a_strict_policy(served: Served) -> None:
    for name, kind in (
        ("index.html", "text/html"),
        ("a.js", "text/javascript"),
        ("b.css", "text/css"),
        ("c.svg", "image/svg+xml"),
    ):
        (served.console / name).write_text(name)

        answer = served.ask("GET", f"/console/{name}")

        assert (answer.status, answer.body.decode()) == (200, name)
        assert answer.headers["content-type"].split(";")[0] == kind
        assert answer.headers["content-security-policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
        )
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


def test_the_console_has_an_index_and_the_root_leads_to_it(served: Served) -> None:
    (served.console / "index.html").write_text("index")

    assert served.ask("GET", "/console/").body == b"index"
    for path in ("/", "/console"):
        assert served.ask("GET", path).headers["location"] == "/console/"


def test_nothing_outside_the_console_is_served(served: Served) -> None:
    (served.console.parent / "secret.txt").write_text("secret")
    (served.console / "link.txt").symlink_to(served.console.parent / "secret.txt")
    outside = (
        "../secret.txt",
        "%2e%2e/secret.txt",
        "..%2fsecret.txt",
        "/secret.txt",
        "a/../../secret.txt",
        "link.txt",
        "%00",
    )

    for path in outside:
        assert served.ask("GET", f"/console/{path}").status == 404, path


def test_a_body_of_unknown_length_is_refused(served: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    connection.putrequest("POST", "/v1/me")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()  # The answer comes before the body; who went on sending might meet a closed door.

    assert connection.getresponse().status == 411
    connection.close()


def test_an_api_that_does_not_answer_is_502_and_asked_once(tmp_path: Path) -> None:
    config = Config(root=tmp_path, state=tmp_path, port=free_port(), instance="")
    front = Front(config)
    front.serve(Idle(), "api1")

    answer = Served(config.port, Idle(), tmp_path).ask("POST", "/v1/me")

    assert answer.status == 502
    front.shutdown()
    front.server_close()

"""A fake Stripe of a test's own, and an endpoint that takes its webhooks."""

import http.client
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

import stripe

from dev.clock import Clock
from tests.harness.answers import Answer

ROOT = Path(__file__).resolve().parent.parent.parent
API_KEY = "sk_test_of_the_tests"
SECRET = "whsec_current"
PREVIOUS_SECRET = "whsec_previous"
SUCCEEDS = "4242424242424242"
DECLINES = "4000000000000002"
PATIENCE_SECONDS = 15.0
OFFSET = struct.Struct("<q")  # what the clock's file holds: microseconds


class FakeStripe:
    def __init__(self, state: Path, *, webhook_urls: tuple[str, ...] = (), arguments: tuple[str, ...] = ()) -> None:
        """Start it on a free port, and wait until it says that it is ready."""
        self.state = state
        self._webhook_urls = webhook_urls
        self._arguments = arguments
        state.mkdir(parents=True, exist_ok=True)
        self.clock = Clock(state / "clock")
        self.start()

    def start(self, *, port: int = 0) -> None:
        command = [sys.executable, "-m", "dev.fake_stripe", "--port", str(port), "--state", str(self.state)]
        command += [part for url in self._webhook_urls for part in ("--webhook-url", url)]
        secrets = {"FAKE_STRIPE_WEBHOOK_SECRET": SECRET, "FAKE_STRIPE_WEBHOOK_SECRET_PREVIOUS": PREVIOUS_SECRET}
        self.process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [*command, *self._arguments, "--with-parent"],
            cwd=ROOT,
            env=os.environ | secrets,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        line = self.process.stdout.readline() if self.process.stdout else ""
        assert line.startswith("The fake Stripe is ready: "), line
        self.url = line.split()[-1]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it; its exit status."""
        self.process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE_SECONDS)
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        return self.process.wait()

    def restart(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it and start it again on its state and port."""
        port = self.port
        self.stop(number)
        self.start(port=port)

    def client(self, api_key: str = API_KEY, **options: Any) -> stripe.StripeClient:
        """A client of the real package that calls this Stripe; it retries nothing."""
        return stripe.StripeClient(
            api_key,
            base_addresses={"api": self.url},
            http_client=stripe.RequestsClient(timeout=PATIENCE_SECONDS),
            **options,
        )

    def pay(self, checkout_url: str | None, card: str = SUCCEEDS, name: str = "Ada Lovelace") -> Answer:
        """Fill in the pay page and send it."""
        assert checkout_url is not None
        return self.request("POST", urlsplit(checkout_url).path, form={"card": card, "name": name})

    def faults(self, wanted: Mapping[str, object]) -> Any:
        answer = self.request("POST", "/_fake/faults", body=json.dumps(wanted).encode())
        assert answer.status == http.HTTPStatus.OK, answer.body
        return answer.json

    def faults_left(self) -> Any:
        return self.request("GET", "/_fake/faults").json

    def requests(self) -> list[dict[str, Any]]:
        """What was asked of the API, oldest first, with the verdict of the contract."""
        items: list[dict[str, Any]] = self.request("GET", "/_fake/requests").json["items"]
        return items

    def webhooks(self, *, wait_seconds: float = PATIENCE_SECONDS) -> Any:
        """The deliveries, as soon as none is pending any more."""
        return self.request("GET", f"/_fake/webhooks?wait_seconds={wait_seconds}").json

    def reset(self) -> None:
        self.request("POST", "/_fake/reset")

    def move(self, **by: float) -> None:
        """Move the stack's clock forward."""
        self.clock.move(timedelta(**by))

    def set_clock(self, now: datetime) -> None:
        """Set the stack's clock, backward, too, which nothing but a test needs. It runs on from there."""
        offset = (now - datetime.now(UTC)) // timedelta(microseconds=1)
        with (self.state / "clock").open("r+b") as file:
            file.write(OFFSET.pack(offset))

    def now(self) -> int:
        return int(self.clock.now().timestamp())

    def request(
        self,
        method: str,
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask without the package, as a browser or a test does."""
        sent = dict(headers or {})
        if form is not None:
            body = urlencode(form).encode()
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS * 2)
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()


@dataclass(frozen=True, slots=True)
class Received:
    payload: bytes
    signature: str

    @property
    def signed_at(self) -> int:
        """When it was sent, by the stack's clock."""
        return int(self.signature.partition(",")[0].removeprefix("t="))

    @property
    def event(self) -> Any:
        return json.loads(self.payload)


class Receiver:
    """An endpoint that keeps what it is sent, and answers as it is told to."""

    def __init__(self, port: int = 0) -> None:
        """Listen on the port, or on a free one."""
        self.received: list[Received] = []
        self.answers: list[int] = []
        """Statuses for the deliveries that come next; 200 when there are none left."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                payload = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append(Received(payload, self.headers["Stripe-Signature"]))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1/webhooks/stripe"
        threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def types(self) -> list[str]:
        return [str(each.event["type"]) for each in self.received]

    @property
    def ids(self) -> list[str]:
        return [str(each.event["id"]) for each in self.received]


def wait_for[T](condition: Callable[[], T]) -> T:
    """What the condition returns as soon as that is true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, f"Not true after {PATIENCE_SECONDS:.0f} seconds."
        time.sleep(0.01)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

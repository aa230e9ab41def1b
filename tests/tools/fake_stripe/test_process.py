import ast
import base64
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import stripe

from dev.fake_stripe.api.routes import ROUTES
from tests.harness.fake_stripe import API_KEY, ROOT, SECRET, FakeStripe, Receiver, wait_for
from tests.tools.fake_stripe.building import opened, paid, read
from tests.tools.fake_stripe.test_events import OF_A_PAYMENT

VERSION = "2026-10-28.endive"
PAGE = (ROOT / "docs" / "fake-stripe.md").read_text()


@pytest.mark.parametrize("key", [API_KEY, "rk_test_restricted"])
def test_test_keys_are_taken(fake: FakeStripe, key: str) -> None:
    assert fake.client(key).v1.events.list().data == []


@pytest.mark.parametrize("key", ["sk_live_0123456789", "rk_live_0123456789", "pk_test_0123456789", "sk_test_", "hello"])
def test_other_keys_are_not(fake: FakeStripe, key: str) -> None:
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key provided") as refused:
        fake.client(key).v1.events.list()

    assert refused.value.http_status == 401
    assert key == "hello" or key[8:] not in (refused.value.user_message or "")[40:] or key == "sk_test_"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Digest x", "Basic !"])
def test_no_key_is_no_entry(fake: FakeStripe, header: str | None) -> None:
    headers = {"Stripe-Version": VERSION} | ({} if header is None else {"Authorization": header})

    answer = fake.request("GET", "/v1/events", headers=headers)

    assert answer.status == 401
    assert answer.json["error"]["message"].startswith("You did not provide an API key.")
    assert fake.requests()[-1]["verdict"] == "unchecked"


def test_a_key_may_be_the_user_of_basic_authentication(fake: FakeStripe) -> None:
    credentials = base64.b64encode(f"{API_KEY}:".encode()).decode()

    answer = fake.request(
        "GET", "/v1/events", headers={"Stripe-Version": VERSION, "Authorization": f"Basic {credentials}"}
    )

    assert answer.status == 200


@pytest.mark.parametrize("version", [None, "2020-08-27", "2026-09-30.dahlia"])
def test_another_version_than_the_packages_is_refused(fake: FakeStripe, version: str | None) -> None:
    headers = {"Authorization": f"Bearer {API_KEY}"} | ({} if version is None else {"Stripe-Version": version})

    answer = fake.request("GET", "/v1/events", headers=headers)

    assert answer.status == 400
    assert answer.json["error"]["message"].startswith("Invalid Stripe API version")


def test_every_answer_names_its_request(fake: FakeStripe) -> None:
    answers = [fake.request("GET", path) for path in ("/v1/events", "/v1/nothing")]

    ids = [answer.headers["request-id"] for answer in answers]
    assert ids == [entry["id"] for entry in fake.requests()]
    assert all(request_id.startswith("req_") for request_id in ids)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/customers"), ("DELETE", "/v1/refunds/re_1"), ("GET", "/v1/events/")]
)
def test_a_route_that_is_not_there_is_not_found(fake: FakeStripe, method: str, path: str) -> None:
    answer = fake.request(method, path, headers={"Authorization": f"Bearer {API_KEY}", "Stripe-Version": VERSION})

    assert answer.status == 404
    assert answer.json["error"]["message"].startswith(f"Unrecognized request URL ({method}: {path})")


def test_json_is_not_how_stripe_is_asked(fake: FakeStripe) -> None:
    headers = {
        "Authorization": f"Bearer {API_KEY}",
        "Stripe-Version": VERSION,
        "Content-Type": "application/json",
    }

    answer = fake.request("POST", "/v1/refunds", body=b'{"charge": "ch_1"}', headers=headers)

    assert answer.status == 400
    assert "application/x-www-form-urlencoded" in answer.json["error"]["message"]


def test_only_this_machine_is_answered(fake: FakeStripe) -> None:
    assert fake.request("GET", "/_fake/health", headers={"Host": "evil.example"}).status == 403
    assert fake.request("POST", "/_fake/reset", headers={"Origin": "https://evil.example"}).status == 403
    assert fake.request("POST", "/_fake/reset", headers={"Origin": fake.url}).status == 200


def test_only_the_loopback_is_bound(fake: FakeStripe) -> None:
    listening = Path(f"/proc/{fake.process.pid}/net/tcp").read_text().splitlines()[1:]

    of_port = [line.split()[1] for line in listening if line.split()[1].endswith(f":{fake.port:04X}")]

    assert "0100007F" in {address.split(":")[0] for address in of_port}
    assert not {"00000000"} & {address.split(":")[0] for address in of_port}


def test_what_it_has_survives_a_restart(telling: FakeStripe) -> None:
    session, waiting = paid(telling), opened(telling)

    telling.restart()

    assert read(telling, session.id).status == "complete"
    assert telling.pay(waiting.url).status == 303
    assert len(telling.client().v1.events.list().data) == 8


def test_what_was_owed_is_sent_after_a_restart(telling: FakeStripe, receiver: Receiver) -> None:
    telling.faults({"webhooks": {"delay_seconds": 3_600}})
    paid(telling)

    telling.restart(signal.SIGKILL)
    telling.webhooks()

    assert receiver.types == OF_A_PAYMENT


def test_what_was_answered_survives_a_kill(telling: FakeStripe) -> None:
    session = opened(telling)

    telling.restart(signal.SIGKILL)

    assert read(telling, session.id).status == "open"


def test_it_ends_when_it_is_told_to(telling: FakeStripe) -> None:
    assert telling.stop(signal.SIGTERM) == 0


def test_it_ends_with_its_parent(telling: FakeStripe) -> None:
    assert telling.process.stdin is not None

    telling.process.stdin.close()

    assert wait_for(lambda: telling.process.poll() is not None)
    assert telling.process.returncode == 0


def test_a_reset_forgets_everything(telling: FakeStripe) -> None:
    paid(telling)
    telling.faults({"webhooks": {"drop": 1}})

    telling.reset()

    assert telling.requests() == []
    assert telling.client().v1.events.list().data == []
    assert telling.client().v1.checkout.sessions.list().data == []
    assert telling.faults_left()["webhooks"]["drop"] == 0
    assert telling.webhooks()["delivered"] == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--webhook-url", "http://127.0.0.1:1/"], "webhooks are signed"),
        (["--webhook-url", "http://example.com/", "--webhook-secret", SECRET], "an http address of this machine"),
        (["--port", "70000"], "--port is a number"),
        (["--webhook-event", "charge.suceeded"], "charge.suceeded is no type of event"),
    ],
)
def test_a_start_that_cannot_be_says_why(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    ended = started(tmp_path, *arguments)

    assert ended.returncode == 2
    assert sentence in ended.stderr


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = started(tmp_path, "--port", str(taken.getsockname()[1]))

    assert ended.returncode == 1
    assert "can't listen on port" in ended.stderr


def test_it_knows_nothing_of_the_product() -> None:
    for path in (ROOT / "dev" / "fake_stripe").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.partition(".")[0] for name in names} & {"packhouse", "tests", "boto3"}, path

    program = "import sys, dev.fake_stripe.__main__; print('packhouse' in sys.modules)"
    assert started_program(program).stdout == "False\n"


def test_the_page_lists_the_routes() -> None:
    for route in ROUTES:
        assert f"| `{route.method} {route.path}` |" in PAGE


def started(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FAKE_STRIPE_")}
    return subprocess.run(  # noqa: S603  # our own interpreter and module
        [sys.executable, "-m", "dev.fake_stripe", "--state", str(state), *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def started_program(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

"""`python -m dev.fake_stripe`: starts the fake, and stops it on SIGTERM, Ctrl-C, or the end of its parent."""

import os
import signal
import sys
import threading
from collections.abc import Sequence

from stripe import _api_version

from dev.clock import Clock
from dev.fake_stripe import config
from dev.fake_stripe.api.calls import Api
from dev.fake_stripe.books import sessions
from dev.fake_stripe.books.account import Account, Endpoint
from dev.fake_stripe.books.store import Store
from dev.fake_stripe.checkout import Checkout
from dev.fake_stripe.control import Control
from dev.fake_stripe.faults import Faults
from dev.fake_stripe.server import Server
from dev.fake_stripe.webhooks import Postman

_POLL_SECONDS = 0.05


def run(arguments: Sequence[str]) -> int:
    """Serve until a signal or the parent's end. Returns the exit status."""
    wanted = config.from_arguments(arguments)
    for folder in (wanted.database.parent, wanted.clock.parent):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        server = Server(wanted.port)
    except OSError as error:
        sys.stderr.write(f"The fake Stripe can't listen on port {wanted.port}: {error.strerror}.\n")
        return 1
    store = Store(wanted.database)
    faults = Faults()
    account = Account(
        store,
        Clock(wanted.clock),
        api_version=_api_version._ApiVersion.CURRENT,  # noqa: SLF001  # the package has it nowhere else
        origin=server.origin,
        endpoints=[
            Endpoint(url=url, secrets=wanted.webhook_secrets, types=wanted.webhook_events)
            for url in wanted.webhook_urls
        ],
        due_verbs={sessions.EXPIRE: sessions.expire_due},
    )
    server.parts = {
        "/v1/": Api(account, faults),
        "/c/": Checkout(account),
        "/_fake/": Control(account, faults),
    }
    postman = Postman(account, faults)
    _serve_until_signalled(server, postman, with_parent=wanted.with_parent)
    store.close()
    return 0


def _serve_until_signalled(server: Server, postman: Postman, *, with_parent: bool) -> None:
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    if with_parent:
        threading.Thread(target=_end_with_parent, args=[over], name="parent", daemon=True).start()
    threading.Thread(target=server.serve_forever, args=[_POLL_SECONDS], name="server", daemon=True).start()
    postman.start()
    sys.stdout.write(f"The fake Stripe is ready: {server.origin}\n")
    sys.stdout.flush()
    over.wait()
    server.shutdown()
    server.server_close()
    postman.stop()


def _end_with_parent(over: threading.Event) -> None:
    os.read(sys.stdin.fileno(), 1)  # Returns when the other end closes: nothing is ever sent.
    over.set()


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))

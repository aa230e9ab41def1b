"""The fake Stripe of this stack: a process that reads the stack's clock and calls its webhook."""

from __future__ import annotations

import http.client
import json
import subprocess  # nosec B404  # of our own interpreter only
import sys
import threading
from typing import TYPE_CHECKING

from dev.config import Config, StartError, plain_environment

if TYPE_CHECKING:
    from dev.ministack.deploy import Clients, Deployed

# Secrets for the fake Stripe of a stack on this machine; they open nothing more.
_API_KEY = "sk_test_local"
_WEBHOOK_SECRETS = ("whsec_local_current", "whsec_local_previous")
_WEBHOOK = "/v1/webhooks/stripe"
_STOP_SECONDS = 5.0
_READY_SECONDS = 10.0
_RESET_SECONDS = 10.0


class Stripe:
    """The process of the fake Stripe."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._log = (config.logs / "stripe.log").open("wb")
        command = [sys.executable, "-m", "dev.fake_stripe", "--with-parent"]
        command += ["--port", str(config.stripe_port), "--state", str(config.state), "--clock", str(config.clock)]
        command += ["--webhook-url", f"{config.origin}{_WEBHOOK}"]
        current, previous = _WEBHOOK_SECRETS
        secrets = {"FAKE_STRIPE_WEBHOOK_SECRET": current, "FAKE_STRIPE_WEBHOOK_SECRET_PREVIOUS": previous}
        self._process = subprocess.Popen(  # noqa: S603  # nosec B603  # our own interpreter and module
            command,
            cwd=config.root,
            env=plain_environment() | secrets,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,  # So a Ctrl-C goes to the runner alone.
        )

    def alive(self) -> bool:
        return self._process.poll() is None

    def wait_until_ready(self) -> None:
        """It writes one line when it is ready. If it ends, the pipe closes."""
        output = self._process.stdout
        given_up = threading.Timer(_READY_SECONDS, self._process.kill)
        given_up.start()
        line = output.readline() if output else b""
        given_up.cancel()
        if not line:
            raise StartError(f"The fake Stripe ended at once; {self._config.logs / 'stripe.log'} says why.")

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.communicate(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        self._log.close()

    def reset(self) -> None:
        """Delete all its data, as `/dev/reset` does with the tables."""
        connection = http.client.HTTPConnection("127.0.0.1", self._config.stripe_port, timeout=_RESET_SECONDS)
        connection.request("POST", "/_fake/reset")
        connection.getresponse().read()
        connection.close()


def hand_over_secret(clients: Clients, deployed: Deployed) -> None:
    """Put the fake Stripe's secrets where the functions read them."""
    secret = {"api_key": _API_KEY, "webhook_secrets": list(_WEBHOOK_SECRETS)}
    clients.secrets.put_secret_value(SecretId=deployed.resources["StripeSecret"], SecretString=json.dumps(secret))

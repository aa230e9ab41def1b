import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import boto3
import pytest
import requests

from tests.harness import strict
from tests.harness.shop import Shop
from tests.proofs.crash.calls import Calls
from tests.proofs.crash.machine import Machine
from tests.proofs.crash.state import State


@pytest.fixture
def machine_for(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator["type[Machine] | Any"]:
    """Makes the machine that tries a delivery; pauses between tries of ours are over as soon as they begin."""
    shop.world.sound = False  # the machine has looked after each delivery, and leaves what its last try left
    calls, state = Calls(shop.stripe), State(shop)
    assert boto3.DEFAULT_SESSION is not None
    calls.watch_aws(boto3.DEFAULT_SESSION.events)
    strict.watch_all(boto3.DEFAULT_SESSION.events)
    send = requests.adapters.HTTPAdapter.send

    def numbered(adapter: requests.adapters.HTTPAdapter, request: requests.PreparedRequest, **how: Any) -> Any:
        return calls.sent(request, partial(send, adapter, request, **how))

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", numbered)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    yield partial(Machine, shop, calls, state)
    state.close()

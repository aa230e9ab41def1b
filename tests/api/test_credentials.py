"""Tokens that lack a claim and keys that are nearly right: refused as a caller's fault, never taken, never ours."""

import hashlib
from typing import Any

import pytest

from packhouse.store import keys
from tests.harness.damage import overwrite
from tests.harness.people import access_token, api_key
from tests.harness.world import WORKER_KEY, World


def me(world: World, token: str) -> Any:
    return world.gateway.call("GET", "/v1/me", token=token)


@pytest.mark.parametrize("claim", ["exp", "iat", "iss", "sub", "token_use", "client_id"])
def test_a_token_that_lacks_a_claim_is_refused_as_invalid(world: World, claim: str) -> None:
    answer = me(world, access_token("ada", **{claim: None}))  # type: ignore[arg-type]  # any claim

    assert (answer.status, answer.slug, answer.body["reason"]) == (401, "unauthenticated", "invalid token")


@pytest.mark.parametrize("same", [16, 32, 63])
def test_a_key_is_known_by_its_whole_hash(world: World, same: int) -> None:
    whole = hashlib.sha256(api_key(WORKER_KEY).encode()).hexdigest()
    other = "".join("1" if symbol == "0" else "0" for symbol in whole[same:])
    item = world.item(keys.api_key(WORKER_KEY))
    assert item is not None
    assert item["secret_hash"] == whole
    overwrite(world, item, secret_hash=whole[:same] + other)
    world.sound = False

    answer = me(world, world.token("worker"))

    assert (answer.status, answer.body["reason"]) == (401, "unknown API key")


@pytest.mark.parametrize("kept", ["", "0"])
def test_a_key_of_which_no_hash_is_kept_lets_nobody_in(world: World, kept: str) -> None:
    item = world.item(keys.api_key(WORKER_KEY))
    assert item is not None
    overwrite(world, item, secret_hash=kept)
    world.sound = False

    assert me(world, world.token("worker")).status == 401

"""The log line of a mail names the event, and tells nothing of what it was about."""

import logging

import pytest

from tests.harness.gateway import context, handler_of
from tests.harness.post import Post
from tests.harness.world import World

STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime"}


@pytest.fixture
def post(world: World) -> Post:
    del world
    return Post()


def test_the_log_of_a_mail_quotes_neither_changes_nor_addresses(
    world: World, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    world.grant("mailbox-migration", 1)
    body = {"low_balance": {"mailbox-migration": 2}, "notify": ["boss@northwind.example"]}
    assert world.call("PATCH", "", "ada", json=body).status == 200
    handler_of("WatchFunction")({"Records": world.records()}, context())
    world.pump()

    with caplog.at_level(logging.INFO):
        post.deliver(*post.waiting())

    assert [mail.to for mail in post.outbox()] == ["boss@northwind.example"]
    (line,) = [record for record in caplog.records if record.message == "mail"]
    told = {name: value for name, value in vars(line).items() if name not in STANDARD}
    assert told.keys() == {"kind", "sent", "event_id"}
    assert (told["kind"], told["sent"]) == ("workgroup.low-balance", 1)
    assert "boss" not in caplog.text

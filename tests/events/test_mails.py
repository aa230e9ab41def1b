import traceback
from typing import Any

import boto3
import pytest

from packhouse.errors import TryAgain
from packhouse.journal.bus import bus
from packhouse.notifications.mailer import MailRefused, mailer
from packhouse.store import keys
from tests.harness.post import DOMAIN, Post
from tests.harness.shop import ORDER, Shop


@pytest.fixture
def post(shop: Shop) -> Post:
    del shop
    return Post()


def paid(shop: Shop, post: Post, *, reference: str | None = None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """An order that was paid, and the messages that its mail hangs on."""
    order = shop.ordered(reference=reference) if reference else shop.ordered()
    shop.pay(order["checkout_url"])
    shop.receive_all()
    shop.world.pump()
    return shop.order(order["order_id"]), post.waiting()


def test_who_ordered_is_written_to_when_the_payment_is_there(shop: Shop, post: Post) -> None:
    order, messages = paid(shop, post, reference="PO 7")

    post.deliver(*messages)

    (mail,) = post.outbox()
    assert (mail.to, mail.subject) == ("ada@northwind.example", "Payment received, 4 licenses ready")
    assert f"We received 61.00 USD for order {order['order_id']} of Northwind, your reference PO 7." in mail.text
    for pack_id, line in zip(
        order["packs"], ["Mailbox migration: 3 licenses", "Document migration: 1 license"], strict=True
    ):
        assert line in mail.text
        assert f"pack {pack_id}, to be used before 20" in mail.text


def test_placing_and_cancelling_writes_to_nobody(shop: Shop, post: Post) -> None:
    order = shop.ordered()
    shop.world.call("POST", f"orders/{order['order_id']}/cancel", "ada", key="cancel")
    shop.world.pump()

    assert post.waiting() == []


def test_an_event_that_comes_again_or_is_published_again_sends_no_second_mail(shop: Shop, post: Post) -> None:
    _, messages = paid(shop, post)
    shop.world.pump(again=True)
    messages += post.waiting()
    assert len(messages) == 2

    post.deliver(*messages, *messages)

    assert len(post.outbox()) == 1


def test_a_mail_that_somebody_may_be_sending_waits_until_they_can_be_no_more(shop: Shop, post: Post) -> None:
    _, messages = paid(shop, post)
    boto3.client("sesv2").delete_email_identity(EmailIdentity=DOMAIN)
    with pytest.raises(MailRefused):  # claimed, and then not sent
        post.deliver(*messages)
    boto3.client("sesv2").create_email_identity(EmailIdentity=DOMAIN)

    with pytest.raises(TryAgain):
        post.deliver(*messages)
    shop.world.clock.advance(seconds=119)
    with pytest.raises(TryAgain):
        post.deliver(*messages)
    shop.world.clock.advance(seconds=1)
    post.deliver(*messages)
    post.deliver(*messages)

    assert len(post.outbox()) == 1


def test_a_sent_mail_is_remembered_under_the_id_that_ses_gave_it(shop: Shop, post: Post) -> None:
    _, messages = paid(shop, post)
    post.deliver(*messages)

    (item,) = [item for item in shop.world.items() if keys.entity(item) == "MAIL"]

    assert item["state"] == "sent"
    assert item["message_id"]


def test_the_journal_publishes_all_it_writes_ten_at_a_time(shop: Shop) -> None:
    sizes: list[int] = []
    events = bus()._client.meta.events  # noqa: SLF001  # botocore's own, to look at what is sent
    events.register("provide-client-params.events.PutEvents", lambda params, **_: sizes.append(len(params["Entries"])))
    earlier = len(shop.world.entries())
    shop.world.grant("mailbox-migration", 30)
    shop.world.started(shop.world.project(), 20)

    shop.world.pump()

    assert sum(sizes) == len(shop.world.entries()) - earlier
    assert max(sizes) == 10


def test_what_the_bus_refuses_is_published_by_the_batchs_redelivery(shop: Shop, post: Post) -> None:
    order = shop.ordered()
    shop.pay(order["checkout_url"])
    shop.receive_all()
    refusals = [{"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}]

    def refuse(**_: object) -> Any:
        response = type("Response", (), {"status_code": 200})
        return (response, refusals.pop()) if refusals else None

    bus()._client.meta.events.register("before-call.events.PutEvents", refuse)  # noqa: SLF001  # as above
    with pytest.raises(TryAgain):
        shop.world.pump()

    shop.world.pump()

    assert len(post.waiting()) == 1


def test_what_ses_says_of_an_address_is_in_no_log(shop: Shop, post: Post) -> None:
    _, messages = paid(shop, post)
    refusal = {"Code": "MessageRejected", "Message": "Email address is not verified: ada@northwind.example"}

    def refuse(**_: object) -> Any:
        return type("Response", (), {"status_code": 400}), {"Error": refusal, "ResponseMetadata": {}}

    mailer()._client.meta.events.register("before-call.sesv2.SendEmail", refuse)  # noqa: SLF001  # as above

    with pytest.raises(MailRefused, match="MessageRejected") as refused:
        post.deliver(*messages)

    assert "ada@" not in "".join(traceback.format_exception(refused.value))


def test_a_domain_of_other_than_ascii_letters_is_written_to_in_its_ascii_form(shop: Shop, post: Post) -> None:
    order = shop.ordered(email="info@straße.example")
    shop.pay(order["checkout_url"])
    shop.receive_all()
    shop.world.pump()

    post.deliver(*post.waiting())

    assert [mail.to for mail in post.outbox()] == ["info@xn--strae-oqa.example"]


def test_an_address_that_no_mail_can_reach_is_refused_with_the_order(shop: Shop) -> None:
    answer = shop.world.call("POST", "orders", "ada", json={**ORDER, "email": "dörte@example.com"}, key="order")

    assert (answer.status, answer.slug) == (422, "invalid-request")
    assert [fault["pointer"] for fault in answer.body["errors"]] == ["/email"]

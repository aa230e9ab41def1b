from typing import Any

import pytest
import stripe

from tests.harness.fake_stripe import API_KEY, DECLINES, FakeStripe
from tests.tools.fake_stripe import emitted
from tests.tools.fake_stripe.building import opened, paid

EXPANDED = "expand[0]=data.payment_intent.latest_charge"
LISTS = [
    f"/v1/checkout/sessions?{EXPANDED}&expand[1]=data.line_items",
    "/v1/payment_intents?expand[]=data.latest_charge.refunds",
    "/v1/charges?expand[]=data.payment_intent&expand[]=data.refunds",
    "/v1/refunds?expand[]=data.charge.payment_intent",
    "/v1/events?limit=100",
]


@pytest.fixture
def eventful(fake: FakeStripe) -> FakeStripe:
    """A fake in which everything that can happen has happened."""
    client = fake.client()
    opened(fake)
    client.v1.checkout.sessions.expire(opened(fake, customer_email=None, cancel_url=None).id)
    fake.pay(opened(fake).url, DECLINES)
    declined = opened(fake)
    fake.pay(declined.url, DECLINES)
    client.v1.checkout.sessions.expire(declined.id)
    session = paid(fake)
    intent = session.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 700, "metadata": {"refund": "r1"}})
    client.v1.refunds.update(refund.id, {"metadata": {"refund": "r2"}})
    client.v1.refunds.create({"payment_intent": intent.id, "reason": "requested_by_customer"})
    return fake


def asked(fake: FakeStripe, path: str) -> Any:
    version = stripe._api_version._ApiVersion.CURRENT  # noqa: SLF001  # the package tells it nowhere else
    headers = {"Authorization": f"Bearer {API_KEY}", "Stripe-Version": version}
    return fake.request("GET", path, headers=headers).json


@pytest.mark.parametrize("path", LISTS)
def test_every_object_is_one_the_package_has_a_type_for(eventful: FakeStripe, path: str) -> None:
    listing = asked(eventful, path)

    assert listing["data"]
    assert emitted.problems(listing) == []


def test_every_kind_of_event_is_emitted(eventful: FakeStripe) -> None:
    types = {event["type"] for event in asked(eventful, "/v1/events?limit=100")["data"]}

    assert types == {
        "charge.failed",
        "charge.refund.updated",
        "charge.refunded",
        "charge.succeeded",
        "checkout.session.completed",
        "checkout.session.expired",
        "payment_intent.canceled",
        "payment_intent.created",
        "payment_intent.payment_failed",
        "payment_intent.succeeded",
        "refund.created",
        "refund.updated",
    }


def test_line_items_are_those_of_the_package(fake: FakeStripe) -> None:
    session = opened(fake)

    listing = asked(fake, f"/v1/checkout/sessions/{session.id}/line_items")

    assert [item["description"] for item in listing["data"]] == ["Mailbox migration"]
    assert emitted.problems(listing) == []


def test_what_the_types_do_not_allow_is_found(fake: FakeStripe) -> None:
    opened(fake)
    (session,) = asked(fake, "/v1/checkout/sessions")["data"]

    broken = session | {"status": "opened", "expires_at": "soon", "colour": "red", "total_details": {"amount_tax": 0}}
    del broken["livemode"]

    assert sorted(problem.split(" ")[0] for problem in emitted.problems(broken)) == [
        "checkout.session.colour",
        "checkout.session.expires_at",
        "checkout.session.livemode",
        "checkout.session.status",
        "checkout.session.total_details.amount_discount",
    ]

from typing import Any

import pytest
import stripe

from tests.harness.fake_stripe import FakeStripe
from tests.tools.fake_stripe.building import charge_of, opened, order, paid


def answers(match: str, kind: str, times: int = 1, **others: object) -> dict[str, object]:
    return {"answers": [{"match": match, "kind": kind, "times": times, **others}]}


def test_a_rate_limit_refuses_so_many_times_and_changes_nothing(fake: FakeStripe, client: stripe.StripeClient) -> None:
    fake.faults(answers("POST /v1/checkout/sessions", "429", times=2))

    for _ in range(2):
        with pytest.raises(stripe.RateLimitError):
            client.v1.checkout.sessions.create(order())

    assert client.v1.checkout.sessions.list().data == []
    assert client.v1.checkout.sessions.create(order()).status == "open"
    assert fake.faults_left()["answers"] == []


def test_a_failure_changes_nothing_and_the_same_key_then_succeeds(
    fake: FakeStripe, client: stripe.StripeClient
) -> None:
    fake.faults(answers("POST /v1/checkout/sessions", "500"))

    with pytest.raises(stripe.APIError) as failed:
        client.v1.checkout.sessions.create(order(), {"idempotency_key": "k"})

    assert failed.value.http_status == 500
    assert client.v1.checkout.sessions.list().data == []
    assert client.v1.checkout.sessions.create(order(), {"idempotency_key": "k"}).status == "open"


def test_a_remembered_failure_stays_until_its_key_is_forgotten(fake: FakeStripe, client: stripe.StripeClient) -> None:
    fake.faults(answers("POST /v1/checkout/sessions", "500", remembered=True))

    for _ in range(2):
        with pytest.raises(stripe.APIError) as failed:
            client.v1.checkout.sessions.create(order(), {"idempotency_key": "k"})

    assert failed.value.headers is not None
    assert failed.value.headers["Stripe-Should-Retry"] == "false"
    assert failed.value.headers["Idempotent-Replayed"] == "true"
    fake.move(hours=24, seconds=1)
    assert client.v1.checkout.sessions.create(order(), {"idempotency_key": "k"}).status == "open"


def test_a_lost_answer_was_applied_and_its_key_finds_it(fake: FakeStripe, client: stripe.StripeClient) -> None:
    charge = charge_of(paid(fake))
    fake.faults(answers("POST /v1/refunds", "lost"))

    with pytest.raises(stripe.APIConnectionError):
        client.v1.refunds.create({"charge": charge.id, "amount": 10}, {"idempotency_key": "k"})

    (applied,) = client.v1.refunds.list({"charge": charge.id}).data
    assert client.v1.refunds.create({"charge": charge.id, "amount": 10}, {"idempotency_key": "k"}).id == applied.id
    assert client.v1.charges.retrieve(charge.id).amount_refunded == 10


def test_a_lost_answer_whose_key_is_forgotten_would_be_applied_twice(
    fake: FakeStripe, client: stripe.StripeClient
) -> None:
    charge = charge_of(paid(fake))
    fake.faults(answers("POST /v1/refunds", "lost"))
    with pytest.raises(stripe.APIConnectionError):
        client.v1.refunds.create({"charge": charge.id, "amount": 10}, {"idempotency_key": "k"})

    fake.move(hours=24, seconds=1)
    client.v1.refunds.create({"charge": charge.id, "amount": 10}, {"idempotency_key": "k"})

    assert client.v1.charges.retrieve(charge.id).amount_refunded == 20


def test_the_packages_own_retries_get_past_a_lost_answer(fake: FakeStripe) -> None:
    charge = charge_of(paid(fake))
    fake.faults(answers("POST /v1/refunds", "lost"))

    refund = fake.client(max_network_retries=1).v1.refunds.create({"charge": charge.id, "amount": 10})

    assert refund.status == "succeeded"
    assert len(fake.client().v1.refunds.list().data) == 1


def test_a_star_stands_for_an_id(fake: FakeStripe, client: stripe.StripeClient) -> None:
    session = opened(fake)
    fake.faults(answers("POST /v1/checkout/sessions/*/expire", "500"))
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"

    with pytest.raises(stripe.APIError):
        client.v1.checkout.sessions.expire(session.id)

    assert client.v1.checkout.sessions.expire(session.id).status == "expired"


def test_each_post_replaces_the_last(fake: FakeStripe, client: stripe.StripeClient) -> None:
    fake.faults(answers("GET /v1/events", "500", times=9))

    fake.faults({})

    assert client.v1.events.list().data == []


def test_a_fault_hits_only_what_stripe_would_have_taken(fake: FakeStripe, client: stripe.StripeClient) -> None:
    fake.faults(answers("POST /v1/refunds", "500"))

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"chrge": "ch_1"})  # type: ignore[arg-type]  # on purpose

    assert fake.faults_left()["answers"][0]["times"] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {"webhook": {}},
        {"webhooks": []},
        {"webhooks": {"drops": 1}},
        {"webhooks": {"drop": -1}},
        {"webhooks": {"drop": True}},
        {"webhooks": {"duplicate": 0}},
        {"webhooks": {"reorder": 1}},
        {"webhooks": {"delay_seconds": "1"}},
        {"answers": {}},
        {"answers": [{"match": "POST /v1/refunds"}]},
        {"answers": [{"match": "/v1/refunds", "kind": "500"}]},
        {"answers": [{"match": "POST /v1/refunds", "kind": "418"}]},
        {"answers": [{"match": "POST /v1/refunds", "kind": "500", "times": 0}]},
        {"answers": [{"match": "POST /v1/refunds", "kind": "429", "remembered": True}]},
        {"answers": [{"match": "POST /v1/refunds", "kind": "500", "time": 1}]},
    ],
)
def test_a_fault_there_is_not_is_refused_and_changes_nothing(fake: FakeStripe, wrong: Any) -> None:
    before = fake.faults(answers("GET /v1/events", "500", times=9))

    with pytest.raises(AssertionError, match="invalid_request_error"):
        fake.faults(wrong)

    assert fake.faults_left() == before

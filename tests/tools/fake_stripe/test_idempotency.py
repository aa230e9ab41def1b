import pytest
import stripe

from dev.fake_stripe.api.idempotency import KeysInUse
from dev.fake_stripe.errors import KeyInUse
from tests.harness.fake_stripe import FakeStripe
from tests.tools.fake_stripe.building import charge_of, line, order, paid

KEY: stripe.RequestOptions = {"idempotency_key": "order_1/session"}


def headers_of(answered: stripe.StripeObject) -> dict[str, str]:
    response = answered.last_response
    assert isinstance(response, stripe.StripeResponse)
    return dict(response.headers)


def test_the_same_request_is_answered_the_same(client: stripe.StripeClient) -> None:
    first = client.v1.checkout.sessions.create(order(), KEY)

    second = client.v1.checkout.sessions.create(order(), KEY)

    assert str(second) == str(first)
    assert "Idempotent-Replayed" not in headers_of(first)
    assert headers_of(second)["Idempotent-Replayed"] == "true"
    assert len(client.v1.checkout.sessions.list().data) == 1


def test_another_key_is_another_request(client: stripe.StripeClient) -> None:
    client.v1.checkout.sessions.create(order(), KEY)

    client.v1.checkout.sessions.create(order(), {"idempotency_key": "order_1/session/2"})

    assert len(client.v1.checkout.sessions.list().data) == 2


def test_a_key_refuses_other_parameters(client: stripe.StripeClient) -> None:
    client.v1.checkout.sessions.create(order(), KEY)

    with pytest.raises(stripe.IdempotencyError, match="same parameters they were first used with") as refused:
        client.v1.checkout.sessions.create(order(line_items=[line(quantity=4)]), KEY)

    assert refused.value.http_status == 400
    assert len(client.v1.checkout.sessions.list().data) == 1


def test_a_key_refuses_another_endpoint(fake: FakeStripe, client: stripe.StripeClient) -> None:
    charge = charge_of(paid(fake))
    client.v1.checkout.sessions.create(order(), KEY)

    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        client.v1.refunds.create({"charge": charge.id}, KEY)

    assert client.v1.refunds.list().data == []


def test_a_key_is_forgotten_after_24_hours_of_the_stacks_clock(fake: FakeStripe, client: stripe.StripeClient) -> None:
    first = client.v1.checkout.sessions.create(order(), KEY)
    fake.move(hours=23, minutes=59)
    kept = client.v1.checkout.sessions.create(order(), KEY)

    fake.move(minutes=2)
    fresh = client.v1.checkout.sessions.create(order(), KEY)

    assert kept.id == first.id
    assert fresh.id != first.id


def test_what_an_endpoint_refused_stays_refused(fake: FakeStripe, client: stripe.StripeClient) -> None:
    charge = charge_of(paid(fake))
    client.v1.refunds.create({"charge": charge.id})
    with pytest.raises(stripe.InvalidRequestError) as first:
        client.v1.refunds.create({"charge": charge.id, "amount": 1}, KEY)

    with pytest.raises(stripe.InvalidRequestError) as second:
        client.v1.refunds.create({"charge": charge.id, "amount": 1}, KEY)

    assert (first.value.code, second.value.code) == ("charge_already_refunded", "charge_already_refunded")
    assert fake.requests()[-1]["replayed"] is True


def test_a_request_that_never_reached_its_endpoint_can_be_corrected(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.create(order(custmer_email="a@b.example"), KEY)

    corrected = client.v1.checkout.sessions.create(order(), KEY)

    assert corrected.status == "open"


@pytest.mark.parametrize("key", ["k" * 256, "clé"])
def test_a_key_that_is_too_long_or_not_ascii_is_refused(client: stripe.StripeClient, key: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="255 visible ASCII characters"):
        client.v1.checkout.sessions.create(order(), {"idempotency_key": key})


def test_a_key_whose_first_request_is_still_on_its_way_is_in_use() -> None:
    keys = KeysInUse()

    with keys.held("order_1"), pytest.raises(KeyInUse) as refused, keys.held("order_1"):
        pass

    assert (refused.value.answered, refused.value.code) == (409, "idempotency_key_in_use")
    with keys.held("order_1"):
        pass


def test_keys_survive_a_restart(telling: FakeStripe) -> None:
    first = telling.client().v1.checkout.sessions.create(order(), KEY)

    telling.restart()

    assert telling.client().v1.checkout.sessions.create(order(), KEY).id == first.id

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from tests.harness.fake_stripe import DECLINES, FakeStripe
from tests.tools.fake_stripe.building import charge_of, intent_of, opened, paid, read


def test_a_refund_succeeds_at_once(fake: FakeStripe, client: stripe.StripeClient) -> None:
    session = paid(fake)

    refund = client.v1.refunds.create(
        {"payment_intent": intent_of(session).id, "amount": 1_500, "metadata": {"refund": "refund_1"}}
    )

    charge = charge_of(read(fake, session.id))
    assert (refund.status, refund.amount, refund.currency) == ("succeeded", 1_500, "usd")
    assert (refund.charge, refund.payment_intent) == (charge.id, intent_of(session).id)
    assert (charge.amount_refunded, charge.refunded) == (1_500, False)


def test_without_an_amount_all_that_is_left_is_refunded(fake: FakeStripe, client: stripe.StripeClient) -> None:
    charge = charge_of(paid(fake))
    client.v1.refunds.create({"charge": charge.id, "amount": 500})

    rest = client.v1.refunds.create({"charge": charge.id})

    after = client.v1.charges.retrieve(charge.id)
    assert (rest.amount, after.amount_refunded, after.refunded) == (4_000, 4_500, True)


@pytest.mark.parametrize(("before", "amount"), [(0, 4_501), (4_000, 501)])
def test_more_than_is_left_is_refused(fake: FakeStripe, client: stripe.StripeClient, before: int, amount: int) -> None:
    charge = charge_of(paid(fake))
    if before:
        client.v1.refunds.create({"charge": charge.id, "amount": before})

    with pytest.raises(stripe.InvalidRequestError, match="is greater than") as refused:
        client.v1.refunds.create({"charge": charge.id, "amount": amount})

    assert (refused.value.http_status, refused.value.param) == (400, "amount")
    assert client.v1.charges.retrieve(charge.id).amount_refunded == before


def test_refunds_at_the_same_time_never_exceed_the_charge(fake: FakeStripe, client: stripe.StripeClient) -> None:
    charge = charge_of(paid(fake))

    def refused(_: int) -> bool:
        try:
            client.v1.refunds.create({"charge": charge.id, "amount": 1_000})
        except stripe.InvalidRequestError:
            return True
        return False

    with ThreadPoolExecutor(8) as pool:
        refusals = sum(pool.map(refused, range(8)))

    assert refusals == 4
    assert client.v1.charges.retrieve(charge.id).amount_refunded == 4_000
    assert len(client.v1.refunds.list().data) == 4


def test_what_was_refunded_is_not_refunded_again(fake: FakeStripe, client: stripe.StripeClient) -> None:
    charge = charge_of(paid(fake))
    client.v1.refunds.create({"charge": charge.id})

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"charge": charge.id, "amount": 1})

    assert refused.value.code == "charge_already_refunded"


def test_a_payment_that_did_not_succeed_has_nothing_to_refund(fake: FakeStripe, client: stripe.StripeClient) -> None:
    session = opened(fake)
    fake.pay(session.url, DECLINES)
    tried = read(fake, session.id)

    for wanted in ({"payment_intent": intent_of(tried).id}, {"charge": charge_of(tried).id}):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.refunds.create(wanted)  # type: ignore[arg-type]  # one of the two

    assert client.v1.refunds.list().data == []


@pytest.mark.parametrize(
    ("wanted", "code"),
    [({}, None), ({"charge": "ch_none"}, "resource_missing"), ({"payment_intent": "pi_none"}, "resource_missing")],
)
def test_a_refund_of_nothing_is_refused(client: stripe.StripeClient, wanted: dict[str, str], code: str | None) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create(wanted)  # type: ignore[arg-type]  # wrong on purpose

    assert (refused.value.http_status, refused.value.code) == (400, code)


@pytest.mark.parametrize("amount", [0, -1])
def test_a_refund_is_of_at_least_a_cent(fake: FakeStripe, client: stripe.StripeClient, amount: int) -> None:
    charge = charge_of(paid(fake))

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"charge": charge.id, "amount": amount})

    assert (refused.value.code, refused.value.param) == ("parameter_invalid_integer", "amount")


def test_refunds_are_found_by_charge_and_payment(fake: FakeStripe, client: stripe.StripeClient) -> None:
    one, other = paid(fake), paid(fake)
    refund = client.v1.refunds.create({"charge": charge_of(one).id, "amount": 1})
    client.v1.refunds.create({"charge": charge_of(other).id, "amount": 2})

    by_charge = client.v1.refunds.list({"charge": charge_of(one).id})
    by_payment = client.v1.refunds.list({"payment_intent": intent_of(one).id})

    assert [each.id for each in by_charge.data] == [each.id for each in by_payment.data] == [refund.id]
    assert client.v1.refunds.retrieve(refund.id).amount == 1


def test_metadata_of_a_refund_can_be_changed(fake: FakeStripe, client: stripe.StripeClient) -> None:
    refund = client.v1.refunds.create({"charge": charge_of(paid(fake)).id, "metadata": {"a": "1", "b": "2"}})

    changed = client.v1.refunds.update(refund.id, {"metadata": {"a": "", "c": "3"}})
    cleared = client.v1.refunds.update(refund.id, {"metadata": ""})

    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    assert cleared.metadata is not None
    assert cleared.metadata.to_dict() == {}

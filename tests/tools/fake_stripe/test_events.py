import pytest
import stripe

from tests.harness.fake_stripe import FakeStripe
from tests.tools.fake_stripe.building import charge_of, opened, paid

OF_A_PAYMENT = [
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.succeeded",
    "checkout.session.completed",
]


def types(listing: stripe.ListObject[stripe.Event]) -> list[str]:
    return [event.type for event in listing.data]


def test_a_payment_is_told_in_four_events_newest_first(fake: FakeStripe, client: stripe.StripeClient) -> None:
    paid(fake)

    assert types(client.v1.events.list()) == OF_A_PAYMENT[::-1]


def test_an_event_shows_the_object_as_it_was_then(fake: FakeStripe, client: stripe.StripeClient) -> None:
    charge = charge_of(paid(fake))
    client.v1.refunds.create({"charge": charge.id})

    (succeeded,) = client.v1.events.list({"type": "charge.succeeded"}).data
    (refunded,) = client.v1.events.list({"type": "charge.refunded"}).data

    assert (succeeded.data.object["amount_refunded"], refunded.data.object["amount_refunded"]) == (0, 4_500)
    assert refunded.data.previous_attributes is not None
    assert refunded.data.previous_attributes.to_dict() == {"amount_refunded": 0, "refunded": False}
    assert succeeded.api_version == "2026-10-28.endive"
    assert client.v1.events.retrieve(succeeded.id).data.object["id"] == charge.id


def test_an_event_names_the_request_it_comes_from(fake: FakeStripe, client: stripe.StripeClient) -> None:
    charge = charge_of(paid(fake))

    refund = client.v1.refunds.create({"charge": charge.id}, {"idempotency_key": "refund_1"})

    (event,) = client.v1.events.list({"type": "refund.created"}).data
    assert event.request is not None
    assert event.request.idempotency_key == "refund_1"
    assert event.request.id == refund.last_response.request_id  # type: ignore[union-attr]  # it was asked for


def test_events_are_found_by_type(fake: FakeStripe, client: stripe.StripeClient) -> None:
    paid(fake)

    of_both = client.v1.events.list({"types": ["checkout.session.completed", "charge.succeeded"]})
    of_pattern = client.v1.events.list({"type": "payment_intent.*"})

    assert types(of_both) == ["checkout.session.completed", "charge.succeeded"]
    assert types(of_pattern) == ["payment_intent.succeeded", "payment_intent.created"]
    with pytest.raises(stripe.InvalidRequestError, match="only specify one of"):
        client.v1.events.list({"type": "charge.succeeded", "types": ["refund.created"]})


def test_events_are_found_by_when_they_happened(fake: FakeStripe, client: stripe.StripeClient) -> None:
    paid(fake)
    fake.move(hours=1)
    paid(fake)
    first, *_, last = [event.created for event in client.v1.events.list().data][::-1]

    counts = {
        (bound, at): len(client.v1.events.list({"created": {bound: at}}).data)  # type: ignore[arg-type]  # one of four
        for bound in ("gt", "gte", "lt", "lte")
        for at in (first - 10, first + 1_800, last + 10)
    }

    assert counts == {
        ("gt", first - 10): 8,
        ("gt", first + 1_800): 4,
        ("gt", last + 10): 0,
        ("gte", first - 10): 8,
        ("gte", first + 1_800): 4,
        ("gte", last + 10): 0,
        ("lt", first - 10): 0,
        ("lt", first + 1_800): 4,
        ("lt", last + 10): 8,
        ("lte", first - 10): 0,
        ("lte", first + 1_800): 4,
        ("lte", last + 10): 8,
    }


def test_bounds_include_the_second_they_name_or_do_not(fake: FakeStripe, client: stripe.StripeClient) -> None:
    opened(fake, expires_at=fake.now() + 2_000)
    fake.move(hours=1)
    (expired,) = client.v1.events.list().data

    found = {
        bound: len(client.v1.events.list({"created": {bound: expired.created}}).data)  # type: ignore[arg-type]  # as above
        for bound in ("gt", "gte", "lt", "lte")
    }

    assert found == {"gt": 0, "gte": 1, "lt": 0, "lte": 1}
    assert len(client.v1.events.list({"created": expired.created}).data) == 1


def test_a_list_is_read_page_by_page_in_both_directions(fake: FakeStripe, client: stripe.StripeClient) -> None:
    for _ in range(3):
        paid(fake)
    everything = [event.id for event in client.v1.events.list({"limit": 100}).data]

    forwards = [event.id for event in client.v1.events.list({"limit": 5}).auto_paging_iter()]
    newer = client.v1.events.list({"limit": 2, "ending_before": everything[5]})
    newest = client.v1.events.list({"limit": 10, "ending_before": everything[5]})

    assert forwards == everything
    assert ([event.id for event in newer.data], newer.has_more) == (everything[3:5], True)
    assert ([event.id for event in newest.data], newest.has_more) == (everything[:5], False)


@pytest.mark.parametrize(
    ("wrong", "param"),
    [({"limit": 0}, "limit"), ({"limit": 101}, "limit"), ({"starting_after": "evt_none"}, "starting_after")],
)
def test_a_page_that_cannot_be_is_refused(client: stripe.StripeClient, wrong: dict[str, object], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.events.list(wrong)  # type: ignore[arg-type]  # wrong on purpose

    assert (refused.value.http_status, refused.value.param) == (400, param)


def test_events_are_kept_for_30_days(fake: FakeStripe, client: stripe.StripeClient) -> None:
    paid(fake)
    fake.move(days=29, hours=23)
    kept = types(client.v1.events.list())

    fake.move(hours=2)

    assert kept == OF_A_PAYMENT[::-1]
    assert types(client.v1.events.list()) == []

import pytest
import stripe

from tests.harness.fake_stripe import DECLINES, FakeStripe
from tests.tools.fake_stripe.building import SUCCESS_URL, intent_of, line, opened, order, paid, read

MINUTE, HOUR = 60, 3_600


def test_a_new_session_waits_to_be_paid(fake: FakeStripe) -> None:
    session = opened(fake, line_items=[line(unit_amount=1_500, quantity=3), line(unit_amount=99, quantity=1)])

    assert session.id.startswith("cs_test_")
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    assert (session.amount_subtotal, session.amount_total, session.currency) == (4_599, 4_599, "usd")
    assert session.url == f"{fake.url}/c/pay/{session.id}"
    assert session.success_url == SUCCESS_URL
    assert session.client_reference_id == "order_1"
    assert session.livemode is False
    assert session.metadata is not None
    assert session.metadata.to_dict() == {"order": "order_1"}
    assert abs(session.created - fake.now()) <= 5
    assert session.expires_at == session.created + 24 * HOUR


def test_a_paid_session_leads_to_its_payment_and_charge(fake: FakeStripe) -> None:
    session = paid(fake)

    intent, charge = intent_of(session), intent_of(session).latest_charge
    assert isinstance(charge, stripe.Charge)
    assert (session.status, session.payment_status, session.url) == ("complete", "paid", None)
    assert (intent.status, intent.amount, intent.amount_received) == ("succeeded", 4_500, 4_500)
    assert (charge.status, charge.amount, charge.paid, charge.captured) == ("succeeded", 4_500, True, True)
    assert charge.payment_intent == intent.id
    assert intent.metadata.to_dict() == charge.metadata.to_dict() == {"order": "order_1"}
    assert session.customer_details is not None
    assert (session.customer_details.email, session.customer_details.name) == (
        "orders@northwind.example",
        "Ada Lovelace",
    )


def test_line_items_come_when_asked_for(fake: FakeStripe, client: stripe.StripeClient) -> None:
    session = opened(
        fake, line_items=[line(name="Mailbox migration"), line(name="Archive", unit_amount=250, quantity=2)]
    )

    expanded = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["line_items"]})
    listed = client.v1.checkout.sessions.line_items.list(session.id, {"limit": 1})

    assert not hasattr(session, "line_items")
    assert expanded.line_items is not None
    assert [(item.description, item.amount_total) for item in expanded.line_items.data] == [
        ("Mailbox migration", 4_500),
        ("Archive", 500),
    ]
    assert ([item.quantity for item in listed.data], listed.has_more) == ([3], True)


def test_an_open_session_can_be_expired_once(fake: FakeStripe, client: stripe.StripeClient) -> None:
    session = opened(fake)

    expired = client.v1.checkout.sessions.expire(session.id)

    assert (expired.status, expired.payment_status, expired.url) == ("expired", "unpaid", None)
    with pytest.raises(stripe.InvalidRequestError, match='in \\["open"\\] can be expired') as refused:
        client.v1.checkout.sessions.expire(session.id)
    assert refused.value.http_status == 400


def test_a_paid_session_cannot_be_expired(fake: FakeStripe, client: stripe.StripeClient) -> None:
    session = paid(fake)

    with pytest.raises(stripe.InvalidRequestError, match="has a status of `complete`"):
        client.v1.checkout.sessions.expire(session.id)

    assert read(fake, session.id).status == "complete"


def test_a_session_expires_when_the_clock_has_passed_its_time(fake: FakeStripe, client: stripe.StripeClient) -> None:
    session = opened(fake, expires_at=fake.now() + 31 * MINUTE)
    later = opened(fake)

    fake.move(minutes=32)

    assert read(fake, session.id).status == "expired"
    assert read(fake, later.id).status == "open"
    (event,) = client.v1.events.list({"type": "checkout.session.expired"}).data
    assert event.data.object["id"] == session.id
    assert event.created == session.expires_at
    assert event.request is not None
    assert event.request.id is None


def test_expiring_cancels_a_payment_that_was_tried(fake: FakeStripe, client: stripe.StripeClient) -> None:
    session = opened(fake)
    fake.pay(session.url, DECLINES)

    client.v1.checkout.sessions.expire(session.id)

    intent = intent_of(read(fake, session.id))
    assert (intent.status, intent.cancellation_reason) == ("canceled", "expired")


def test_sessions_are_listed_newest_first_and_found_by_their_payment(
    fake: FakeStripe, client: stripe.StripeClient
) -> None:
    first, second = opened(fake), paid(fake)

    listed = client.v1.checkout.sessions.list()
    of_payment = client.v1.checkout.sessions.list({"payment_intent": intent_of(second).id})
    still_open = client.v1.checkout.sessions.list({"status": "open"})

    assert [each.id for each in listed.data] == [second.id, first.id]
    assert [each.id for each in of_payment.data] == [second.id]
    assert [each.id for each in still_open.data] == [first.id]


@pytest.mark.parametrize(
    ("wrong", "code", "param"),
    [
        ({"line_items": [line(unit_amount=49, quantity=1)]}, "amount_too_small", None),
        ({"line_items": [line(unit_amount=99_999_999, quantity=2)]}, "amount_too_large", None),
        ({"line_items": [line(unit_amount=-1)]}, "parameter_invalid_integer", "line_items[0][price_data][unit_amount]"),
        ({"line_items": [line(quantity=0)]}, "parameter_invalid_integer", "line_items[0][quantity]"),
        ({"line_items": [line()] * 101}, None, "line_items"),
        ({"line_items": None}, "parameter_missing", "line_items"),
        ({"mode": None}, "parameter_missing", "mode"),
        ({"success_url": None}, "parameter_missing", "success_url"),
        ({"success_url": "javascript:alert(1)"}, "url_invalid", "success_url"),
        ({"cancel_url": "/cart"}, "url_invalid", "cancel_url"),
        ({"mode": "subscription"}, "fake_not_built", "mode=subscription"),
        ({"discounts": [{"coupon": "half"}]}, "fake_not_built", "discounts[].coupon"),
        ({"payment_intent_data": {"setup_future_usage": "off_session"}}, "fake_not_built", None),
    ],
)
def test_a_session_that_cannot_be_is_refused(
    fake: FakeStripe, client: stripe.StripeClient, wrong: dict[str, object], code: str | None, param: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.checkout.sessions.create(order(**wrong))

    assert (refused.value.http_status, refused.value.code) == (400, code)
    assert param is None or refused.value.param == param
    assert client.v1.checkout.sessions.list().data == []
    assert fake.requests()


@pytest.mark.parametrize(
    ("seconds", "taken"),
    [(29 * MINUTE, False), (31 * MINUTE, True), (24 * HOUR - MINUTE, True), (24 * HOUR + MINUTE, False)],
)
def test_a_session_lives_from_30_minutes_to_24_hours(
    fake: FakeStripe, client: stripe.StripeClient, seconds: int, *, taken: bool
) -> None:
    wanted = order(expires_at=fake.now() + seconds)

    if taken:
        assert client.v1.checkout.sessions.create(wanted).expires_at == wanted["expires_at"]
    else:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.checkout.sessions.create(wanted)
        assert refused.value.param == "expires_at"


def test_the_least_and_the_most_can_be_paid(fake: FakeStripe) -> None:
    least = paid(fake, line_items=[line(unit_amount=50, quantity=1)])
    most = paid(fake, line_items=[line(unit_amount=99_999_999, quantity=1)])

    assert (least.payment_status, most.payment_status) == ("paid", "paid")


@pytest.mark.parametrize(
    "path", ["balance_transaction", "customer", "payment_intent.latest_charge.refunds.data.charge.x"]
)
def test_what_is_no_object_cannot_be_expanded(fake: FakeStripe, client: stripe.StripeClient, path: str) -> None:
    session = paid(fake)

    with pytest.raises(stripe.InvalidRequestError, match="expand") as refused:
        client.v1.checkout.sessions.retrieve(session.id, {"expand": [path]})

    assert refused.value.param == "expand"


def test_a_session_nobody_made_is_not_found(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=r"No such checkout\.session: 'cs_test_none'") as refused:
        client.v1.checkout.sessions.retrieve("cs_test_none")

    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")

import threading
from urllib.parse import urlsplit

import stripe

from tests.harness.answers import Answer
from tests.harness.fake_stripe import DECLINES, SUCCEEDS, FakeStripe
from tests.tools.fake_stripe.building import CANCEL_URL, SUCCESS_URL, intent_of, line, opened, paid, read


def page(fake: FakeStripe, session: stripe.checkout.Session) -> Answer:
    return fake.request("GET", f"/c/pay/{session.id}")


def test_the_page_shows_what_is_paid_for_and_needs_no_script(fake: FakeStripe) -> None:
    session = opened(fake, line_items=[line(name="<b>Mailbox</b>", unit_amount=123_456, quantity=2)])

    shown = page(fake, session)

    text = shown.body.decode()
    assert shown.status == 200
    assert "$2,469.12" in text
    assert "&lt;b&gt;Mailbox&lt;/b&gt;" in text
    assert "<script" not in text
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert fake.request("GET", "/c/style.css").headers["content-type"].startswith("text/css")


def test_the_page_asks_for_an_address_only_if_none_is_known(fake: FakeStripe) -> None:
    known, unknown = opened(fake), opened(fake, customer_email=None)

    fake.request("POST", f"/c/pay/{unknown.id}", form={"card": SUCCEEDS, "email": "ada@example.com"})

    assert b"name=email" not in page(fake, known).body
    details = read(fake, unknown.id).customer_details
    assert details is not None
    assert details.email == "ada@example.com"


def test_a_card_that_succeeds_leads_to_the_success_page(fake: FakeStripe) -> None:
    session = opened(fake)

    answer = fake.pay(session.url, card="4242 4242 4242 4242")

    assert answer.status == 303
    assert answer.headers["location"] == SUCCESS_URL.replace("{CHECKOUT_SESSION_ID}", session.id)
    assert read(fake, session.id).status == "complete"


def test_a_declined_card_leads_back_and_leaves_the_session_open(fake: FakeStripe) -> None:
    session = opened(fake)

    answer = fake.pay(session.url, card=DECLINES)

    after = read(fake, session.id)
    error = intent_of(after).last_payment_error
    assert (answer.status, answer.headers["location"]) == (303, CANCEL_URL)
    assert (after.status, after.payment_status, after.url) == ("open", "unpaid", session.url)
    assert intent_of(after).status == "requires_payment_method"
    assert error is not None
    assert (error.code, error.decline_code) == ("card_declined", "generic_decline")


def test_after_a_declined_card_another_one_pays_the_same_payment(fake: FakeStripe) -> None:
    session = opened(fake)
    fake.pay(session.url, card=DECLINES)
    tried = intent_of(read(fake, session.id))

    fake.pay(session.url)

    after = intent_of(read(fake, session.id))
    charges = fake.client().v1.charges.list({"payment_intent": after.id}).data
    assert (after.id, after.status, after.last_payment_error) == (tried.id, "succeeded", None)
    assert [charge.status for charge in charges] == ["succeeded", "failed"]


def test_without_a_page_to_go_back_to_a_decline_is_shown(fake: FakeStripe) -> None:
    session = opened(fake, cancel_url=None)

    answer = fake.pay(session.url, card=DECLINES)

    assert answer.status == 402
    assert b"Your card was declined." in answer.body


def test_a_number_that_is_no_test_card_is_refused_and_nothing_happens(fake: FakeStripe) -> None:
    session = opened(fake)

    answer = fake.pay(session.url, card="5555555555554444", name='Ada "the" <first>')

    assert answer.status == 400
    assert b"Real cards are never taken here." in answer.body
    assert b"Ada &quot;the&quot; &lt;first&gt;" in answer.body
    assert read(fake, session.id).payment_intent is None


def test_a_paid_session_says_so_and_takes_no_second_payment(fake: FakeStripe) -> None:
    session = paid(fake)

    again = fake.request("POST", f"/c/pay/{session.id}", form={"card": SUCCEEDS})

    assert (again.status, page(fake, session).status) == (409, 200)
    assert b"has been paid" in again.body
    assert b"has been paid" in page(fake, session).body
    assert len(fake.client().v1.charges.list().data) == 1


def test_an_expired_session_says_so_and_takes_no_payment(fake: FakeStripe) -> None:
    session = opened(fake)
    fake.move(hours=24)

    answer = fake.pay(session.url)

    assert answer.status == 409
    assert b"has expired" in answer.body
    assert b"has expired" in page(fake, session).body
    assert read(fake, session.id).payment_status == "unpaid"


def test_of_many_payments_at_once_one_counts(fake: FakeStripe) -> None:
    session = opened(fake)
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(fake.pay(session.url).status)) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [303] + [409] * 7
    assert len(fake.client().v1.charges.list().data) == 1


def test_an_unknown_page_is_not_found(fake: FakeStripe) -> None:
    answers = [fake.request("GET", path) for path in ("/c/pay/cs_test_none", "/c/pay/", "/c/pay/a/b", "/c/")]

    assert [answer.status for answer in answers] == [404] * 4


def test_a_page_of_another_site_cannot_pay(fake: FakeStripe) -> None:
    session = opened(fake)
    path = urlsplit(session.url or "").path

    answer = fake.request("POST", path, form={"card": SUCCEEDS}, headers={"Origin": "https://evil.example"})

    assert answer.status == 403
    assert read(fake, session.id).status == "open"

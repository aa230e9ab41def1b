from collections import Counter

from tests.harness.fake_stripe import FakeStripe, Receiver
from tests.tools.fake_stripe.building import opened, paid
from tests.tools.fake_stripe.test_webhooks import OF_A_PAYMENT


def test_dropped_deliveries_are_lost_for_good(telling: FakeStripe, receiver: Receiver) -> None:
    telling.faults({"webhooks": {"drop": 3}})
    paid(telling)
    counts = telling.webhooks()

    telling.move(days=4)
    telling.client().v1.checkout.sessions.expire(opened(telling).id)
    telling.webhooks()

    assert (counts["lost"], counts["delivered"]) == (3, 1)
    assert receiver.types == ["checkout.session.completed", "checkout.session.expired"]
    assert telling.faults_left()["webhooks"]["drop"] == 0
    assert len(telling.client().v1.events.list().data) == 5


def test_duplicates_are_the_same_event(telling: FakeStripe, receiver: Receiver) -> None:
    telling.faults({"webhooks": {"duplicate": 3}})

    paid(telling)
    telling.webhooks()

    assert sorted(Counter(receiver.ids).values()) == [3] * 4
    assert len({each.payload for each in receiver.received}) == 4


def test_reordered_events_come_newest_first(telling: FakeStripe, receiver: Receiver) -> None:
    telling.faults({"webhooks": {"reorder": True}})

    paid(telling)
    telling.webhooks()

    assert receiver.types == OF_A_PAYMENT[::-1]


def test_delayed_events_wait_by_the_clock_of_the_stack(telling: FakeStripe, receiver: Receiver) -> None:
    telling.faults({"webhooks": {"delay_seconds": 3_600}})
    paid(telling)
    waiting = telling.webhooks(wait_seconds=0)["pending"]

    telling.move(hours=1)
    telling.webhooks()

    assert waiting == 4
    assert receiver.types == OF_A_PAYMENT
    assert all(each.signed_at - each.event["created"] >= 3_600 for each in receiver.received)


def test_what_was_delayed_comes_at_once_when_the_faults_are_cleared(telling: FakeStripe, receiver: Receiver) -> None:
    telling.faults({"webhooks": {"delay_seconds": 3_600, "reorder": True}})
    paid(telling)

    left = telling.faults({})
    telling.webhooks()

    assert left == {
        "webhooks": {"drop": 0, "duplicate": 1, "reorder": False, "delay_seconds": 0},
        "answers": [],
    }
    assert receiver.types == OF_A_PAYMENT


def test_faults_of_webhooks_add_up(telling: FakeStripe, receiver: Receiver) -> None:
    telling.faults({"webhooks": {"drop": 1, "duplicate": 2, "reorder": True}})

    paid(telling)
    telling.webhooks()

    assert receiver.types == OF_A_PAYMENT[2::-1] * 2

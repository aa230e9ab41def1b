from typing import Any

import pytest
import stripe

from dev.fake_stripe.api import contract, forms
from dev.fake_stripe.errors import InvalidParameter
from tests.harness.fake_stripe import FakeStripe
from tests.tools.fake_stripe.building import line, opened, order


@pytest.mark.parametrize(
    ("wrong", "code", "param"),
    [
        ({"custmer_email": "a@b.example"}, "parameter_unknown", "custmer_email"),
        ({"payment_method_types": ["card"]}, "parameter_unknown", "payment_method_types"),
        ({"payment_intent_data": {"metdata": {}, "x": "1"}}, "parameter_unknown", "payment_intent_data[x]"),
        ({"line_items": [line() | {"amount": 3}]}, "parameter_unknown", "line_items[0][amount]"),
        ({"line_items": [line(), {"price_data": {"unit_amount": 1}}]}, "parameter_missing", None),
        ({"automatic_tax": {"liability": {"type": "self"}}}, "parameter_missing", "automatic_tax[enabled]"),
        ({"line_items": [line(quantity="three")]}, "parameter_invalid_integer", "line_items[0][quantity]"),  # type: ignore[arg-type]  # wrong on purpose
        ({"line_items": [line(unit_amount=1.5)]}, "parameter_invalid_integer", None),  # type: ignore[arg-type]  # as above
        ({"client_reference_id": ""}, "parameter_invalid_empty", "client_reference_id"),
        ({"mode": "paymnt"}, None, "mode"),
        ({"ui_mode": "hosted"}, None, "ui_mode"),
        ({"allowed_payment_method_types": ["cards"]}, None, "allowed_payment_method_types[0]"),
        ({"allowed_payment_method_types": "card"}, None, "allowed_payment_method_types"),
        ({"adaptive_pricing": {"enabled": "no"}}, None, "adaptive_pricing[enabled]"),
        ({"adaptive_pricing": "false"}, None, "adaptive_pricing"),
        ({"metadata": "order_1"}, None, "metadata"),
        ({"metadata": {"order": {"id": "1"}}}, None, "metadata[order]"),
        ({"metadata": {"k" * 41: "v"}}, None, "metadata"),
        ({"metadata": {"k": "v" * 501}}, None, "metadata[k]"),
        ({"metadata": {f"key{n}": "v" for n in range(51)}}, None, "metadata"),
    ],
)
def test_what_the_packages_types_do_not_allow_is_refused(
    fake: FakeStripe, client: stripe.StripeClient, wrong: dict[str, Any], code: str | None, param: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.checkout.sessions.create(order(**wrong))

    assert (refused.value.http_status, refused.value.code) == (400, code)
    assert param is None or refused.value.param == param
    assert fake.requests()[-1]["verdict"] == "refused"
    assert client.v1.checkout.sessions.list().data == []


def test_a_misspelt_parameter_is_answered_with_the_one_that_was_meant(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=r"unknown parameter: amout\. Did you mean amount\?"):
        client.v1.refunds.create({"charge": "ch_1", "amout": 1})  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize("reason", ["because", "requested_by_costumer"])
def test_a_closed_list_of_values_is_closed(client: stripe.StripeClient, reason: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="must be one of duplicate, fraudulent"):
        client.v1.refunds.create({"charge": "ch_1", "reason": reason})


@pytest.mark.parametrize(
    "wrong", [{"typ": "charge.succeeded"}, {"created": {"since": 1}}, {"created": "today"}, {"limit": "ten"}]
)
def test_lists_are_checked_too(fake: FakeStripe, client: stripe.StripeClient, wrong: dict[str, Any]) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.events.list(wrong)  # type: ignore[arg-type]  # wrong on purpose

    assert fake.requests()[-1]["verdict"] == "refused"


def test_the_log_tells_which_requests_kept_the_contract(fake: FakeStripe, client: stripe.StripeClient) -> None:
    session = opened(fake, metadata={"order": "secret"})
    client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.expire(session.id, {"now": True})  # type: ignore[arg-type]  # on purpose

    created, read, refused = fake.requests()

    assert [each["verdict"] for each in (created, read, refused)] == ["passed", "passed", "refused"]
    assert refused["problem"] == "Received unknown parameter: now"
    assert (created["method"], created["path"], created["status"]) == ("POST", "/v1/checkout/sessions", 200)
    assert "metadata" in created["parameters"]
    assert "secret" not in str(created)
    assert fake.request("GET", "/_fake/requests").json["counts"] == {"passed": 2, "refused": 1, "unchecked": 0}


def test_forms_are_trees() -> None:
    text = "a=1&b[c]=2&b[d][e]=3&f[]=4&f[]=5&g[0][h]=6&g[1][h]=7&i=&j%5Bk%5D=%C3%A9+x"

    assert forms.parsed(text) == {
        "a": "1",
        "b": {"c": "2", "d": {"e": "3"}},
        "f": {"0": "4", "1": "5"},
        "g": {"0": {"h": "6"}, "1": {"h": "7"}},
        "i": "",
        "j": {"k": "é x"},
    }


def test_eleven_members_of_a_list_keep_their_order() -> None:
    text = "&".join(f"types[{number}]={number}" for number in reversed(range(11)))

    params = contract.read("stripe.params._event_list_params.EventListParams", forms.parsed(text))

    assert params == {"types": [str(number) for number in range(11)]}


def test_metadata_whose_keys_are_numbers_is_no_list(fake: FakeStripe) -> None:
    session = opened(fake, metadata={"0": "first", "7": "last"})

    assert session.metadata is not None
    assert session.metadata.to_dict() == {"0": "first", "7": "last"}


@pytest.mark.parametrize(
    "text", ["a=1&a[b]=2", "a[b]=2&a=1", "a[b=1", "[a]=1", "a[][b]=1", "a=%FF", "a" + "[b]" * 11 + "=1", "a&" * 10_001]
)
def test_a_form_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        forms.parsed(text)

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from packhouse.catalog import catalog
from packhouse.domain.money import Money
from packhouse.domain.orders import Address, Checkout, Method, Order, OrderLine
from packhouse.domain.packs import Pack, Source, SourceKind
from packhouse.domain.workgroups import Workgroup
from packhouse.notifications.letters import Letterhead, Mail, pack_expiring, payment_received

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
ADDRESS = Address(name="Ada", line1="1 Main Street", city="New York", state="NY", postal_code="10001", country="US")


def received(*, zone: str = "UTC", name: str = "Northwind", quantity: int = 1, reference: str | None = None) -> Mail:
    line = replace(OrderLine.of(catalog().of("mailbox-migration"), quantity), unit_price=Money(1205))
    order = Order(
        workgroup_id="wg_1",
        order_id="ord_1",
        method=Method.CARD,
        lines=(line,),
        billing_address=ADDRESS,
        shipping_address=ADDRESS,
        email="ada@northwind.example",
        reference=reference,
        created_at=NOW,
        created_by="ada",
        expires_at=NOW,
        request_hash="hash",
        checkout=Checkout(number=1, key="one", expires_at=NOW),
    )
    pack = Pack(
        workgroup_id="wg_1",
        pack_id="pack_1",
        sku=line.sku,
        source=Source(kind=SourceKind.CARD, order_id="ord_1"),
        quantity=quantity,
        available=quantity,
        acquired_at=NOW,
        expires_at=NOW.replace(year=2027),
    )
    workgroup = Workgroup(workgroup_id="wg_1", name=name, time_zone=zone, created_at=NOW)
    letterhead = Letterhead(console_url="https://desk.example/console/", support_email="help@desk.example")
    return payment_received(order, [pack], workgroup, letterhead)


def test_a_mail_says_in_both_forms_what_was_bought_and_where_it_is() -> None:
    mail = received(quantity=12, reference="PO 7")

    for part in (
        "We received 144.60 USD for order ord_1 of Northwind, your reference PO 7.",
        "Mailbox migration: 12 licenses",
        "12.05 USD each, 144.60 USD in all",
        "pack pack_1, to be used before 2027-11-24 03:00 (UTC)",
        "https://desk.example/console/#/workgroups/wg_1/packs",
        "help@desk.example",
    ):
        assert part in mail.text
        assert part in mail.html


@pytest.mark.parametrize(("quantity", "subject"), [(1, "1 license ready"), (2, "2 licenses ready")])
def test_the_subject_counts(quantity: int, subject: str) -> None:
    assert received(quantity=quantity).subject == f"Payment received, {subject}"


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Pacific/Kiritimati", "2027-11-24 17:00"),
        ("Etc/GMT+12", "2027-11-23 15:00"),
        ("Europe/Berlin", "2027-11-24 04:00"),
    ],
)
def test_instants_are_shown_in_the_workgroups_zone(zone: str, shown: str) -> None:
    assert f"before {shown} ({zone})" in received(zone=zone).text


def test_what_people_call_themselves_is_no_html() -> None:
    mail = received(name='<script>"x"</script>', reference="<b>")

    assert "<script>" not in mail.html
    assert "<b>" not in mail.html
    assert "&lt;script&gt;" in mail.html
    assert '<script>"x"</script>' in mail.text


def expiring(*, left: int = 2, days: int = 7, zone: str = "UTC") -> Mail:
    pack = Pack(
        workgroup_id="wg_1",
        pack_id="pack_1",
        sku="mailbox-migration",
        source=Source(kind=SourceKind.CARD, order_id="ord_1"),
        quantity=12,
        available=left,
        acquired_at=NOW,
        expires_at=NOW.replace(year=2027),
    )
    workgroup = Workgroup(workgroup_id="wg_1", name="<b>Northwind</b>", time_zone=zone, created_at=NOW)
    letterhead = Letterhead(console_url="https://desk.example/console/", support_email="help@desk.example")
    return pack_expiring(pack, days, "Mailbox migration", workgroup, letterhead, to="ada@northwind.example")


@pytest.mark.parametrize(
    ("left", "days", "subject"),
    [
        (2, 30, "2 licenses of Mailbox migration expire within 30 days"),
        (1, 7, "1 license of Mailbox migration expires within 7 days"),
        (2, 1, "2 licenses of Mailbox migration expire within a day"),
    ],
)
def test_a_reminder_says_how_many_licenses_end_and_when(left: int, days: int, subject: str) -> None:
    assert expiring(left=left, days=days).subject == subject


@pytest.mark.parametrize(
    ("zone", "shown"), [("Pacific/Kiritimati", "2027-11-24 17:00"), ("Etc/GMT+12", "2027-11-23 15:00")]
)
def test_a_reminder_tells_both_forms_the_same_end_in_the_workgroups_zone(zone: str, shown: str) -> None:
    mail = expiring(zone=zone)

    for form in (mail.text, mail.html):
        assert f"only before {shown} ({zone})" in form
        assert "2 of 12 licenses left" in form
        assert "https://desk.example/console/#/workgroups/wg_1/packs" in form
    assert "<b>Northwind" not in mail.html

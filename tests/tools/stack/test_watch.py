"""The watch on the whole stack: out of the stream, through the journal and the bus, into the outbox."""

from typing import Any

from tests.harness.local_stack import LocalStack, wait_for


def test_a_balance_that_falls_below_its_threshold_is_told_by_one_mail(local_stack: LocalStack) -> None:
    administrator = local_stack.persona("administrator")
    path = f"/v1/workgroups/{administrator['workgroup_id']}"

    def mails() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = local_stack.request("GET", "/dev/outbox").json["items"]
        return [mail for mail in found if mail["subject"] == "Few licenses left: Mailbox migration"]

    def threshold(number: int) -> None:
        low = {"mailbox-migration": number} if number else {}
        body = {"low_balance": low, "notify": ["ops@northwind.example"] if number else []}
        assert local_stack.request("PATCH", path, token=administrator["token"], json=body).status == 200

    try:
        threshold(10_000)
        wait_for(lambda: len(mails()) == 1, seconds=20)
    finally:
        threshold(0)

    assert mails()[0]["to"] == "ops@northwind.example"

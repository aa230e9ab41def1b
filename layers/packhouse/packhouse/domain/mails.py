"""What Packhouse writes to people: plain text, and the same as HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from packhouse.domain.orders import Order
from packhouse.domain.packs import Pack
from packhouse.domain.workgroups import Workgroup

HEAD = '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><body style="font-family: sans-serif; line-height: 1.5">'


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    to: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """What stands in every mail: where the console is, and who helps."""

    console_url: str
    support_email: str


def payment_received(order: Order, packs: Sequence[Pack], workgroup: Workgroup, letterhead: Letterhead) -> Mail:
    """An order was paid, and these are its packs, in the order of its lines."""
    reference = f", your reference {order.reference}" if order.reference else ""
    zone = ZoneInfo(workgroup.time_zone)
    return _mail(
        to=order.email,
        subject=f"Payment received, {_counted(sum(pack.quantity for pack in packs))} ready",
        opening=f"We received {order.total} for order {order.order_id} of {workgroup.name}{reference}. Thank you.",
        rows=[
            (
                f"{line.name}: {_counted(line.quantity)}",
                f"{line.unit_price} each, {line.amount} in all",
                f"pack {pack.pack_id}, to be used before {_shown(pack.expires_at, zone)}",
            )
            for line, pack in zip(order.lines, packs, strict=True)
        ],
        link=("The licenses can be used now", f"{letterhead.console_url}#/workgroups/{workgroup.workgroup_id}/packs"),
        letterhead=letterhead,
    )


def _mail(
    *,
    to: str,
    subject: str,
    opening: str,
    rows: Sequence[Sequence[str]],
    link: tuple[str, str],
    letterhead: Letterhead,
) -> Mail:
    says, address = link
    closing = f"Questions? Write to {letterhead.support_email}."
    listed = "\n".join("- " + "\n  ".join(row) for row in rows)
    items = "".join(f"<li>{'<br>'.join(escape(part) for part in row)}</li>" for row in rows)
    return Mail(
        to=to,
        subject=subject,
        text=f"{opening}\n\n{listed}\n\n{says}: {address}\n\n{closing}\n",
        html=(
            f"{HEAD}<p>{escape(opening)}</p><ul>{items}</ul>"
            f'<p><a href="{escape(address)}">{escape(says)}</a></p><p>{escape(closing)}</p></body></html>\n'
        ),
    )


def _counted(licenses: int) -> str:
    return "1 license" if licenses == 1 else f"{licenses} licenses"


def _shown(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"

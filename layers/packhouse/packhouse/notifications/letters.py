"""The mails that Packhouse sends, each as plain text and as HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from packhouse.domain.orders import Order
from packhouse.domain.packs import Pack
from packhouse.domain.projects import IdleWarning, Project, ProjectState
from packhouse.domain.workgroups import LowBalance, Workgroup

HEAD = '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><body style="font-family: sans-serif; line-height: 1.5">'


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    to: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """The two addresses in every mail: the console's, and the address for questions."""

    console_url: str
    support_email: str


def payment_received(order: Order, packs: Sequence[Pack], workgroup: Workgroup, letterhead: Letterhead) -> Mail:
    """The mail for a paid order. `packs` are the order's packs, in the order of its lines."""
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
                f"pack {pack.pack_id}, to be used before {_local(pack.expires_at, zone)}",
            )
            for line, pack in zip(order.lines, packs, strict=True)
        ],
        link=("You can use the licenses now", f"{letterhead.console_url}#/workgroups/{workgroup.workgroup_id}/packs"),
        letterhead=letterhead,
    )


def pack_expiring(pack: Pack, days: int, name: str, workgroup: Workgroup, letterhead: Letterhead, *, to: str) -> Mail:
    """The reminder, so many days before a pack expires, that licenses are left in it."""
    end = _local(pack.expires_at, ZoneInfo(workgroup.time_zone))
    left = f"{_counted(pack.available)} of {name}"
    within = f"{days} days" if days != 1 else "a day"
    return _mail(
        to=to,
        subject=f"{left} {'expires' if pack.available == 1 else 'expire'} within {within}",
        opening=f"{left} of {workgroup.name} can be used only before {end}. Licenses that aren't used by then expire.",
        rows=[(f"pack {pack.pack_id}", f"{pack.available} of {_counted(pack.quantity)} left", f"expires {end}")],
        link=("See the packs", f"{letterhead.console_url}#/workgroups/{workgroup.workgroup_id}/packs"),
        letterhead=letterhead,
    )


def project_warned(
    project: Project, warning: IdleWarning, workgroup: Workgroup, letterhead: Letterhead, *, to: str
) -> Mail:
    """The warning that an idle project ends soon."""
    zone = ZoneInfo(workgroup.time_zone)
    ends_at = _local(warning.ends_at, zone)
    coming = "1 day" if warning.days == 1 else f"{warning.days} days"
    outcome = (
        "Then it is retired for good: no run can start in it any more, and its consumed licenses stay consumed."
        if project.last_success_at
        else "Then it is closed: none of its runs succeeded, so no license was consumed. You can open it again."
    )
    return _mail(
        to=to,
        subject=f"Project {_one_line(project.name)} ends in {coming} unless it is used",
        opening=f"This project of {workgroup.name} has been idle since {_local(warning.idle_since, zone)}.",
        rows=[
            (*_named(project), f"ends at {ends_at}", outcome),
            ("To keep it, start or settle a run in it, or change the project.",),
        ],
        link=("Open the console", letterhead.console_url),
        letterhead=letterhead,
    )


def project_ended(
    project: Project, state: ProjectState, workgroup: Workgroup, letterhead: Letterhead, *, to: str, late: bool
) -> Mail:
    """The news that an idle project has ended. `late`: it was closed before, and then a run in it succeeded."""
    outcome = (
        "It is retired for good: no run can start in it any more, and its consumed licenses stay consumed."
        if state is ProjectState.RETIRED
        else "It is closed: no license was consumed. To open it again, change the project."
    )
    return _mail(
        to=to,
        subject=f"Project {_one_line(project.name)} is {state}",
        opening=f"A project of {workgroup.name} was closed, and then a run in it succeeded."
        if late
        else f"A project of {workgroup.name} has ended, because it was idle for too long.",
        rows=[(*_named(project), outcome), ("The security log and the usage still show it.",)],
        link=("Open the console", letterhead.console_url),
        letterhead=letterhead,
    )


def balance_low(
    low: Sequence[tuple[str, LowBalance]], workgroup: Workgroup, letterhead: Letterhead, *, to: str
) -> Mail:
    """The warning that licenses of these types, listed by name, have fallen below the workgroup's thresholds."""
    return _mail(
        to=to,
        subject=f"Few licenses left: {', '.join(name for name, _ in low)}",
        opening=f"{workgroup.name} has fewer licenses left than the threshold it set.",
        rows=[
            (f"{name}: {_counted(balance.available)} available", f"the threshold is {balance.threshold}")
            for name, balance in low
        ],
        link=("See the packs", f"{letterhead.console_url}#/workgroups/{workgroup.workgroup_id}/packs"),
        letterhead=letterhead,
    )


def _named(project: Project) -> list[str]:
    customer = f", for {project.customer}" if project.customer else ""
    return [f"{project.name}{customer}", project.project_id]


def _one_line(text: str) -> str:
    """The text on one line, as a mail's subject must be."""
    return " ".join(text.split())


def _mail(
    *,
    to: str,
    subject: str,
    opening: str,
    rows: Sequence[Sequence[str]],
    link: tuple[str, str],
    letterhead: Letterhead,
) -> Mail:
    label, address = link
    closing = f"Questions? Write to {letterhead.support_email}."
    listed = "\n".join("- " + "\n  ".join(row) for row in rows)
    items = "".join(f"<li>{'<br>'.join(escape(part) for part in row)}</li>" for row in rows)
    return Mail(
        to=to,
        subject=subject,
        text=f"{opening}\n\n{listed}\n\n{label}: {address}\n\n{closing}\n",
        html=(
            f"{HEAD}<p>{escape(opening)}</p><ul>{items}</ul>"
            f'<p><a href="{escape(address)}">{escape(label)}</a></p><p>{escape(closing)}</p></body></html>\n'
        ),
    )


def _counted(licenses: int) -> str:
    return "1 license" if licenses == 1 else f"{licenses} licenses"


def _local(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"

"""What Packhouse writes to people: plain text, and the same as HTML."""

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


def pack_expiring(pack: Pack, days: int, name: str, workgroup: Workgroup, letterhead: Letterhead, *, to: str) -> Mail:
    """What is left of a pack can be used only until its end, of which an administrator is told so many days before."""
    end = _shown(pack.expires_at, ZoneInfo(workgroup.time_zone))
    left = f"{_counted(pack.available)} of {name}"
    within = f"{days} days" if days != 1 else "a day"
    return _mail(
        to=to,
        subject=f"{left} {'expires' if pack.available == 1 else 'expire'} within {within}",
        opening=f"{left} of {workgroup.name} can be used only before {end}. What isn't used by then expires.",
        rows=[(f"pack {pack.pack_id}", f"{pack.available} of {_counted(pack.quantity)} left", f"ends {end}")],
        link=("See the packs", f"{letterhead.console_url}#/workgroups/{workgroup.workgroup_id}/packs"),
        letterhead=letterhead,
    )


def project_warned(
    project: Project, warning: IdleWarning, workgroup: Workgroup, letterhead: Letterhead, *, to: str
) -> Mail:
    """Nothing happens in a project, and it ends soon."""
    zone = ZoneInfo(workgroup.time_zone)
    ends_at = _shown(warning.ends_at, zone)
    coming = "1 day" if warning.days == 1 else f"{warning.days} days"
    outcome = (
        "Then it is retired: what its runs consumed stays consumed, and nothing more can run in it."
        if project.last_success_at
        else "Then it is closed: no run of it succeeded, nothing was consumed, and it can be opened again."
    )
    return _mail(
        to=to,
        subject=f"Project {_line(project.name)} ends in {coming} unless it is used",
        opening=f"Nothing has happened in this project of {workgroup.name} since {_shown(warning.idle_since, zone)}.",
        rows=[(*_named(project), f"ends at {ends_at}", outcome), ("Any start, settlement or change of it keeps it.",)],
        link=("The console", letterhead.console_url),
        letterhead=letterhead,
    )


def project_ended(
    project: Project, state: ProjectState, workgroup: Workgroup, letterhead: Letterhead, *, to: str, late: bool
) -> Mail:
    """A project has ended, since nothing happened in it; or (`late`) it was closed, and has succeeded since."""
    outcome = (
        "It is retired: what its runs consumed stays consumed, and nothing more can run in it."
        if state is ProjectState.RETIRED
        else "It is closed: nothing was consumed, and changing it opens it again."
    )
    return _mail(
        to=to,
        subject=f"Project {_line(project.name)} is {state}",
        opening=f"A project of {workgroup.name} was closed, and has succeeded since."
        if late
        else f"A project of {workgroup.name} has ended, since nothing happened in it any more.",
        rows=[(*_named(project), outcome), ("It stays in the security log and in usage.",)],
        link=("The console", letterhead.console_url),
        letterhead=letterhead,
    )


def balance_low(
    low: Sequence[tuple[str, LowBalance]], workgroup: Workgroup, letterhead: Letterhead, *, to: str
) -> Mail:
    """Of these license types, by name, fewer are left than the workgroup wants to have."""
    return _mail(
        to=to,
        subject=f"Few licenses left: {', '.join(name for name, _ in low)}",
        opening=f"{workgroup.name} has fewer licenses left than it set as its threshold.",
        rows=[
            (f"{name}: {_counted(one.available)} available", f"the threshold is {one.threshold}") for name, one in low
        ],
        link=("What is in stock", f"{letterhead.console_url}#/workgroups/{workgroup.workgroup_id}/packs"),
        letterhead=letterhead,
    )


def _named(project: Project) -> list[str]:
    customer = f", for {project.customer}" if project.customer else ""
    return [f"{project.name}{customer}", project.project_id]


def _line(text: str) -> str:
    """The text in one line: a subject has no line ends."""
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

"""The HTML of the hosted page: no script, one form. It shows what is paid for, and takes a test card."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dev.fake_stripe.books import cards

if TYPE_CHECKING:
    from dev.fake_stripe.books.store import Object

STYLE = """
:root { color-scheme: light dark; --ink: #1a1f36; --quiet: #5b6375; --line: #d5dbe1; --page: #f6f8fa; --card: #fff;
  --strong: #4b45d1; --bad: #b3093c; }
@media (prefers-color-scheme: dark) { :root { --ink: #eef0f6; --quiet: #a7aec0; --line: #3b4254; --page: #14171f;
  --card: #1e222d; --strong: #8f8aff; --bad: #ff8fa8; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 28rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
.test { display: inline-block; padding: 0 .6rem; border-radius: 1rem; background: #ffdf99; color: #533a00;
  font-size: .8rem; font-weight: 600; }
h1 { margin: .75rem 0 .25rem; font-size: 1rem; font-weight: 500; color: var(--quiet); }
.total { margin: 0 0 1rem; font-size: 2.25rem; font-weight: 650; letter-spacing: -.02em; }
section, form { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1rem;
  margin-bottom: 1rem; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .35rem 0; text-align: left; vertical-align: top; font-weight: 400; overflow-wrap: anywhere; }
td { text-align: right; white-space: nowrap; padding-left: 1rem; font-variant-numeric: tabular-nums; }
small { display: block; color: var(--quiet); }
label { display: block; font-weight: 600; margin-bottom: .75rem; }
input { display: block; width: 100%; margin-top: .25rem; padding: .7rem; font: inherit; color: inherit;
  background: var(--page); border: 1px solid var(--line); border-radius: .5rem; font-weight: 400; }
button { width: 100%; padding: .8rem; font: inherit; font-weight: 600; color: #fff; background: #4b45d1; border: 0;
  border-radius: .5rem; cursor: pointer; }
input:focus-visible, button:focus-visible, a:focus-visible { outline: 3px solid var(--strong); outline-offset: 2px; }
a { color: var(--strong); }
.back { display: block; padding: .5rem; text-align: center; }
.problem { color: var(--bad); font-weight: 600; margin: 0 0 .75rem; }
h2 { margin: 0 0 .25rem; font-size: .9rem; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .1rem 1rem; margin: 0; font-size: .9rem;
  color: var(--quiet); }
dt { font-variant-numeric: tabular-nums; } dd { margin: 0; }
"""
_CLOSED = {
    "complete": ("All done here", "This checkout has been paid. You can close this page."),
    "expired": (
        "This page has expired",
        "This checkout has expired, and nothing was charged. Go back and start again.",
    ),
}
_OUTCOMES = {cards.Outcome.SUCCEEDS: "succeeds", cards.Outcome.DECLINES: "is declined"}


def headers(session: Object | None) -> dict[str, str]:
    """Headers that let the page show itself, send its form here, and follow a redirect to the shop's pages."""
    shops = {_origin(session[name]) for name in ("success_url", "cancel_url") if session[name]} if session else set()
    return {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
            f"form-action {' '.join(["'self'", *sorted(shops)])}"
        ),
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def checkout(session: Object, line_items: list[Object], *, problem: str | None = None, name: str = "") -> str:
    """The page of an open session. `problem` says why the last try failed."""
    lines = "".join(
        f"<tr><th scope=row>{escape(item['description'])}<small>{item['quantity']} &times; "
        f"{_money(item['price']['unit_amount'])}</small></th><td>{_money(item['amount_total'])}</td></tr>"
        for item in line_items
    )
    alert = f"<p class=problem role=alert id=problem>{escape(problem)}</p>" if problem else ""
    invalid = " aria-invalid=true aria-describedby=problem" if problem else ""
    email = "" if session["customer_email"] else _EMAIL
    back = ""
    if session["cancel_url"]:
        back = f'<a class=back href="{escape(session["cancel_url"])}">Cancel and go back</a>'
    total = _money(session["amount_total"])
    return _page(
        f"Pay {total}",
        f"""<h1>Pay Packhouse</h1>
<p class=total>{total}</p>
<section aria-label="What you pay for"><table>{lines}</table></section>
<form method=post>
{alert}<label>Card number
<input name=card inputmode=numeric autocomplete=cc-number required maxlength=30
placeholder="4242 4242 4242 4242"{invalid}></label>
<label>Name on the card
<input name=name autocomplete=cc-name maxlength=200 value="{escape(name)}"></label>
{email}<button>Pay {total}</button>
{back}</form>
<section><h2>Test cards</h2><dl>{_cards()}</dl></section>""",
    )


_EMAIL = "<label>E-mail\n<input name=email type=email autocomplete=email maxlength=512></label>\n"


def closed(session: Object) -> str:
    """The page of a session that can't be paid any more."""
    title, sentence = _CLOSED[session["status"]]
    return notice(title, sentence)


def notice(title: str, sentence: str) -> str:
    return _page(title, f"<h1>{escape(title)}</h1>\n<section>{escape(sentence)}</section>")


def _cards() -> str:
    return "".join(
        f"<dt>{' '.join(card.number[at : at + 4] for at in range(0, 16, 4))}</dt><dd>{_OUTCOMES[card.outcome]}</dd>"
        for card in cards.CARDS.values()
    )


def _money(cents: int) -> str:
    return f"${cents // 100:,}.{cents % 100:02d}"


def _page(title: str, content: str) -> str:
    return f"""<!doctype html>
<html lang=en>
<head>
<meta charset=utf-8>
<meta name=viewport content="width=device-width, initial-scale=1">
<title>{escape(title)} · fake Stripe</title>
<link rel=stylesheet href=/c/style.css>
</head>
<body><main>
<span class=test>Test mode: no money moves</span>
{content}
</main></body>
</html>
"""

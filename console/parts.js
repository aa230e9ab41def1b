// @ts-check
// What every page is made of.

import { html, useEffect, useRef } from "./vendor/htm-preact-standalone.js";
import { HOME } from "./route.js";
import { day, distance, time } from "./dates.js";

/**
 * @import { Problem } from "./api.js"
 * @import { Calendar } from "./calendar.js"
 */

let pagesShown = 0;

/**
 * A page's heading and title. Whoever comes here from another page is put on the heading.
 * @param {{heading: string, title?: string, lead?: unknown, narrow?: boolean, children?: unknown}} props
 */
export function Page({ heading, title = heading, lead, narrow = false, children }) {
  const top = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    document.title = `${title} · Packhouse`;
  }, [title]);
  useEffect(() => {
    pagesShown += 1;
    if (pagesShown === 1) return; // The browser's own start of the page is right.
    scrollTo(0, 0);
    top.current?.focus({ preventScroll: true });
  }, []);
  return html`
    <main id="main" class=${narrow ? "page narrow" : "page"} tabindex="-1">
      <header class="top">
        <h1 tabindex="-1" ref=${top}>${heading}</h1>
        ${lead}
      </header>
      ${children}
    </main>
  `;
}

/**
 * As of when a page is, in which zone its dates are told, and the button that asks again.
 * @param {{calendar?: Calendar, waiting: boolean, again: () => void}} props
 */
export function Asked({ calendar, waiting, again }) {
  return html`
    <div class="asked">
      ${calendar &&
      html`<p>Updated <time datetime=${calendar.now.toISOString()}>${time(calendar.now, calendar.zone)}</time>. ${calendar.note}</p>`}
      <button type="button" aria-disabled=${String(waiting)} onClick=${() => waiting || again()}>Refresh</button>
    </div>
  `;
}

/**
 * Why something isn't here, and the way on.
 * @param {{problem: Problem, again?: () => void, signOut?: () => void, clear?: () => void, children?: unknown}} props
 *   `clear` takes back what was asked for as it can't be; `children` are what the page adds to the reason.
 */
export function Failed({ problem, again, signOut, clear, children }) {
  const { status, title, detail, instance } = problem;
  const astray = status === 403 || status === 404;
  return html`
    <div class="failed" role="alert">
      <p class="what">${title}</p>
      <p>${detail}</p>
      ${children}
      <p class="actions">
        ${status === 422 && clear && html`<${Onward} go=${clear}>Clear filters<//>`}
        ${astray && html`<a class="button" href=${HOME}>Go to your workgroup</a>`}
        ${astray && signOut && html`<button type="button" onClick=${signOut}>Sign in as somebody else</button>`}
        ${!astray && again && html`<${Onward} go=${again}>Try again<//>`}
      </p>
      ${instance && html`<p class="small">Request id <code>${instance}</code></p>`}
    </div>
  `;
}

/**
 * A button that goes away with what it is about: whoever pressed it stays in that part of the page.
 * @param {{go: () => void, children?: unknown}} props
 */
export function Onward({ go, children }) {
  const pressed = (/** @type {any} */ { currentTarget }) => {
    currentTarget.closest("section, main").focus({ preventScroll: true });
    go();
  };
  return html`<button type="button" onClick=${pressed}>${children}</button>`;
}

/** @param {{what: string}} props */
export function Waiting({ what }) {
  return html`<p class="waiting"><span class="dots" aria-hidden="true"></span>${what}</p>`;
}

/**
 * A day, and for the curious the minute.
 * @param {{at: string, zone: string}} props
 */
export function Day({ at, zone }) {
  const instant = new Date(at);
  return html`
    <time datetime=${at} title=${`${day(instant, zone)}, ${time(instant, zone)} (${zone})`}>${day(instant, zone)}</time>
  `;
}

/**
 * "24 Nov 2026, 05:29", for what ends or came at a minute.
 * @param {{at: string, zone: string}} props
 */
export function Moment({ at, zone }) {
  const instant = new Date(at);
  return html`<time datetime=${at} title=${zone}>${day(instant, zone)}, ${time(instant, zone)}</time>`;
}

/**
 * "in 16 days".
 * @param {{at: string, now: Date, zone: string, soon?: boolean}} props
 */
export function Distance({ at, now, zone, soon = false }) {
  return html`<span class=${soon ? "hint soon" : "hint"}>${distance(new Date(at), now, zone)}</span>`;
}

// @ts-check
// Where an order stands, told to a person: what is, what comes next, and what they can do about it.

import { html } from "./vendor/htm-preact-standalone.js";
import { Distance, Moment, Onward } from "./parts.js";
import { count, money, ORDER_STATES, worded } from "./words.js";

/**
 * @import { Order } from "./api.js"
 * @import { Calendar } from "./calendar.js"
 */

/**
 * Whether the order may become paid by itself, as who looks at it says they paid. An expired one, too: a payment that
 * was under way when it expired makes it paid.
 * @param {Order} order
 * @param {string} outcome
 */
export function awaited({ status }, outcome) {
  return outcome === "success" && (status === "open" || status === "expired");
}

/**
 * What is to be told: the order's state, or what is more to the point for who looks at it. An order reads as expired by
 * the clock; until its history says so, a payment of its last moments may still be found.
 * @param {Order} order
 * @param {string} outcome
 * @param {boolean} looking
 * @param {Date} now
 */
export function phaseOf(order, outcome, looking, now) {
  const waited = awaited(order, outcome);
  if (waited && looking) return "looking";
  const ended = order.history.some(({ status }) => status === order.status);
  if (order.status !== "open" && ended) return order.status;
  if (waited) return "unconfirmed";
  if (new Date(order.expires_at) <= now) return "over";
  return outcome === "cancel" ? "left" : "open";
}

/** @type {Record<string, string>} */
const TITLES = {
  ...ORDER_STATES,
  open: "Not paid yet",
  left: "Nothing was paid",
  looking: "Waiting for the payment to be confirmed",
  unconfirmed: "The payment isn't confirmed yet",
  over: "The time to pay is over",
};

/**
 * What a screen reader is told when it comes to that.
 * @param {string} phase
 * @param {Order} order
 */
export function saidOf(phase, { packs }) {
  const title = worded(TITLES, phase);
  if (phase === "paid") return `${title}: ${count(packs.length, "pack")} granted.`;
  return phase === "looking" ? `${title}…` : `${title}.`;
}

/** @param {{order: Order, phase: string, calendar: Calendar, packs: string, again: () => void}} props */
export function OrderState({ order, phase, calendar, packs, again }) {
  const tone = { paid: "good", left: "warn", unconfirmed: "warn", over: "warn", expired: "warn" }[phase] ?? "";
  return html`
    <section class=${`standing panel ${tone}`} aria-labelledby="standing" tabindex="-1">
      <h2 id="standing">
        ${phase === "looking" && html`<span class="dots" aria-hidden="true"></span>`}${worded(TITLES, phase)}
      </h2>
      <${Sentences} order=${order} phase=${phase} calendar=${calendar} />
      <p class="actions">
        ${phase === "unconfirmed" && html`<${Onward} go=${again}>Look again<//>`}
        ${["open", "left", "unconfirmed"].includes(phase) && html`<${Pay} order=${order} main=${phase !== "unconfirmed"} />`}
        ${order.packs.length > 0 && html`<a class="button main" href=${packs}>See all packs</a>`}
      </p>
    </section>
  `;
}

/** @param {{order: Order, phase: string, calendar: Calendar}} props */
function Sentences({ order, phase, calendar: { zone, now } }) {
  const { expires_at, paid_at, packs, total, history } = order;
  const end = html`<${Moment} at=${expires_at} zone=${zone} />`;
  const until = html`${end} (<${Distance} at=${expires_at} now=${now} zone=${zone} />)`;
  switch (phase) {
    case "looking":
      return html`
        <p>
          You came back from the pay page. The order is paid, and its packs are granted, once Stripe has confirmed the
          payment to Packhouse: mostly within seconds. This page looks again on its own.
        </p>
      `;
    case "unconfirmed":
      return html`
        <p>
          This page has stopped looking on its own; you needn't wait here. If you paid, the order becomes paid and its
          packs are granted as soon as Stripe's confirmation arrives. You don't have to pay again.
        </p>
      `;
    case "left":
      return html`
        <p>
          You came back from the pay page without having paid. If a card was declined, you can try it again or take
          another. The order stays open and can be paid until ${until}.
        </p>
      `;
    case "open":
      return html`<p>${money(total)} is to be paid until ${until}. The packs are granted once it is.</p>`;
    case "over":
      return html`
        <p>It could be paid until ${end}, and is about to expire. A payment that was under way by then still counts.</p>
      `;
    case "paid":
      return html`
        <p>
          ${money(total)} was paid${paid_at && html`${" "}on <${Moment} at=${paid_at} zone=${zone} />`}, and
          ${" "}${count(packs.length, "pack")} ${packs.length === 1 ? "was" : "were"} granted.
        </p>
      `;
    case "cancelled":
      return html`
        <p>
          It was cancelled<${When} status="cancelled" history=${history} zone=${zone} /> and can't be paid any more. A
          payment that comes all the same is sent back.
        </p>
      `;
    case "expired":
      return html`<p>It wasn't paid by ${end}. A new order is needed for these licenses, at the prices of that day.</p>`;
    default:
      return null;
  }
}

/** @param {{status: string, history: Order["history"], zone: string}} props */
function When({ status, history, zone }) {
  const event = history.findLast((each) => each.status === status);
  return event && html`${" "}on <${Moment} at=${event.at} zone=${zone} />`;
}

/**
 * The way to the pay page, if there is one now.
 * @param {{order: Order, main: boolean}} props
 */
function Pay({ order: { checkout_url, method, total }, main }) {
  if (checkout_url)
    return html`
      <a class=${main ? "button main" : "button"} href=${checkout_url}>
        ${main ? `Pay ${money(total)}` : "Back to the pay page"}
      </a>
    `;
  return method === "card" && html`<span>Its pay page isn't open now; the API opens a fresh one.</span>`;
}

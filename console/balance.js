// @ts-check
// What a workgroup has of each license type, at a glance.

import { html } from "./vendor/htm-preact-standalone.js";
import { Failed, Day, Distance, Waiting } from "./parts.js";
import { number } from "./words.js";

/**
 * @import { Answer } from "./answers.js"
 * @import { Balance, BalanceLine } from "./api.js"
 * @import { Calendar } from "./calendar.js"
 */

/** @param {{answer: Answer<Balance>, calendar: Calendar, again: () => void}} props */
export function BalanceOfTypes({ answer: { value, problem, waiting }, calendar, again }) {
  return html`
    <section aria-labelledby="balance" tabindex="-1">
      <h2 id="balance">Balance</h2>
      ${problem && html`<${Failed} problem=${problem} again=${again} />`}
      ${waiting && !value && html`<${Waiting} what="Loading the balance…" />`}
      ${value &&
      html`
        <ul class="balance" aria-busy=${String(waiting)}>
          ${value.license_types.map((line) => html`<${Line} key=${line.sku} line=${line} calendar=${calendar} />`)}
        </ul>
      `}
    </section>
  `;
}

/** @param {{line: BalanceLine, calendar: Calendar}} props */
function Line({ line, calendar: { zone, now } }) {
  const { name, available, in_runs, in_coupons, expiring_within_45_days: expiring, next_expiry } = line;
  return html`
    <li class=${available ? "panel card" : "panel card none"}>
      <h3>${name}</h3>
      <p class="sum"><strong>${number(available)}</strong> available</p>
      <dl>
        <div><dt>In runs</dt><dd>${number(in_runs)}</dd></div>
        <div><dt>In coupons</dt><dd>${number(in_coupons)}</dd></div>
        <div><dt>Expiring within 45 days</dt><dd class=${expiring ? "soon" : ""}>${number(expiring)}</dd></div>
        <div>
          <dt>Next expiry</dt>
          <dd>
            ${next_expiry
              ? html`<${Day} at=${next_expiry} zone=${zone} /> <${Distance} at=${next_expiry} now=${now} zone=${zone} soon=${expiring > 0} />`
              : "none"}
          </dd>
        </div>
      </dl>
    </li>
  `;
}

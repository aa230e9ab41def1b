// @ts-check
// One order: what was ordered, where it stands, and what came of it. Opening it only reads: what makes an order paid is
// what Stripe tells the server, so who comes back from the pay page may have to wait here for that.

import { html, useEffect, useState } from "./vendor/htm-preact-standalone.js";
import { useAnswer } from "./answers.js";
import { calendarOf } from "./calendar.js";
import { useLooks } from "./looking.js";
import { awaited, OrderState, phaseOf, saidOf } from "./order-state.js";
import { Asked, Failed, Moment, Page, Waiting } from "./parts.js";
import { packsOf } from "./route.js";
import { count, METHODS, money, number, ORDER_STATES, worded } from "./words.js";

/**
 * @import { Address, Api, Me, Order } from "./api.js"
 * @import { Calendar } from "./calendar.js"
 */

const COLUMNS = ["License type", "Quantity", "Unit price", "Amount"];

/**
 * @param {{
 *   api: Api, me: Me, workgroupId: string, orderId: string, outcome: string, name?: string, signOut: () => void,
 *   say: (status: string) => void,
 * }} props
 *   `outcome`: how who comes back left the pay page, else empty
 */
export function OrderPage({ api, me, workgroupId, orderId, outcome, name, signOut, say }) {
  const [turn, setTurn] = useState(0);
  const again = () => setTurn(turn + 1);
  const root = `/v1/workgroups/${workgroupId}`;
  const { value: calendar } = useAnswer((signal) => calendarOf(api, root, signal), [root, turn]);
  const seen = useLooks(api, `${root}/orders/${orderId}`, (order) => awaited(order, outcome), turn);
  const { order, problem, waiting, looking } = seen;
  const phase = order && calendar && phaseOf(order, outcome, waiting || looking, calendar.now);
  const heard = problem ? "" : phase ? saidOf(phase, order) : "Loading the order…";
  useEffect(() => say(heard), [heard]);
  return html`
    <${Page}
      heading="Order"
      title=${name ? `Order · ${name}` : "Order"}
      lead=${order && html`<${Asked} calendar=${calendar} waiting=${waiting} again=${again} />`}
    >
      ${problem && html`<${Failed} problem=${problem} again=${again} signOut=${signOut}><${Why} problem=${problem} /><//>`}
      ${!problem && !phase && html`<${Waiting} what="Loading the order…" />`}
      ${order &&
      calendar &&
      html`
        <${OrderState} order=${order} phase=${phase} calendar=${calendar} packs=${packsOf(workgroupId)} again=${again} />
        <div class="columns">
          <div>
            <${Lines} order=${order} />
            ${order.packs.length > 0 && html`<${Packs} order=${order} workgroupId=${workgroupId} />`}
          </div>
          <div>
            <${Details} order=${order} calendar=${calendar} />
            <${History} order=${order} calendar=${calendar} me=${me} />
          </div>
        </div>
      `}
    <//>
  `;
}

/** @param {{problem: {status: number}}} props */
function Why({ problem: { status } }) {
  if (status === 403) return html`<p>Orders are read by administrators and managers of the workgroup.</p>`;
  if (status === 404) return html`<p>Either there is no such order, or it belongs to a workgroup that isn't yours.</p>`;
  return null;
}

/**
 * A table, also to a screen reader when its rows are shown as cards: hence the roles.
 * @param {{order: Order}} props
 */
function Lines({ order: { lines, total } }) {
  return html`
    <section aria-labelledby="lines">
      <h2 id="lines">What was ordered</h2>
      <table class="rows lines panel" role="table" aria-labelledby="lines">
        <thead role="rowgroup">
          <tr role="row">
            ${COLUMNS.map(
              (column, index) =>
                html`<th key=${column} role="columnheader" scope="col" class=${index ? "number" : ""}>${column}</th>`,
            )}
          </tr>
        </thead>
        <tbody role="rowgroup">
          ${lines.map(
            ({ sku, name, quantity, unit_price, amount }) => html`
              <tr key=${sku} role="row">
                <th role="rowheader" scope="row" class="type">${name}</th>
                <td role="cell" data-label="Quantity" class="number">${number(quantity)}</td>
                <td role="cell" data-label="Unit price" class="number">${money(unit_price)}</td>
                <td role="cell" data-label="Amount" class="number">${money(amount)}</td>
              </tr>
            `,
          )}
        </tbody>
        <tfoot role="rowgroup">
          <tr role="row">
            <th role="rowheader" scope="row" colspan="3">Total</th>
            <td role="cell" class="number">${money(total)}</td>
          </tr>
        </tfoot>
      </table>
    </section>
  `;
}

/** @param {{order: Order, workgroupId: string}} props */
function Packs({ order: { lines }, workgroupId }) {
  const granted = lines.filter(({ pack_id }) => pack_id);
  return html`
    <section aria-labelledby="packs">
      <h2 id="packs">${granted.length === 1 ? "The pack it brought" : "The packs it brought"}</h2>
      <ul class="granted panel">
        ${granted.map(
          ({ sku, name, quantity, pack_id }) => html`
            <li key=${pack_id}>
              <p><a href=${packsOf(workgroupId, { sku })}>${name}</a> ${count(quantity, "license")}</p>
              <p class="hint"><code>${pack_id}</code></p>
            </li>
          `,
        )}
      </ul>
    </section>
  `;
}

/** @param {{order: Order, calendar: Calendar}} props */
function Details({ order, calendar: { zone } }) {
  const { order_id, status, method, created_at, paid_at, expires_at, email, reference, billing_address } = order;
  return html`
    <section aria-labelledby="details">
      <h2 id="details">Details</h2>
      <dl class="details panel">
        <div><dt>Placed</dt><dd><${Moment} at=${created_at} zone=${zone} /></dd></div>
        ${paid_at && html`<div><dt>Paid</dt><dd><${Moment} at=${paid_at} zone=${zone} /></dd></div>`}
        ${status === "open" && html`<div><dt>Expires</dt><dd><${Moment} at=${expires_at} zone=${zone} /></dd></div>`}
        ${status === "expired" && html`<div><dt>Expired</dt><dd><${Moment} at=${expires_at} zone=${zone} /></dd></div>`}
        <div><dt>Method</dt><dd>${worded(METHODS, method)}</dd></div>
        ${reference && html`<div><dt>Reference</dt><dd>${reference}</dd></div>`}
        <div><dt>E-mail</dt><dd>${email}</dd></div>
        <div><dt>Billed to</dt><dd>${onOneLine(billing_address)}</dd></div>
        <div><dt>Number</dt><dd><code>${order_id}</code></dd></div>
      </dl>
    </section>
  `;
}

/** @param {Address} address */
function onOneLine({ name, company, line1, line2, city, state, postal_code, country }) {
  const area = [state, postal_code].filter(Boolean).join(" ");
  return [name, company, line1, line2, city, area, country].filter(Boolean).join(", ");
}

/** @param {{order: Order, calendar: Calendar, me: Me}} props */
function History({ order: { history }, calendar: { zone }, me }) {
  return html`
    <section aria-labelledby="history">
      <h2 id="history">History</h2>
      <ol class="history panel">
        ${history.map(
          ({ at, status, by }) => html`
            <li key=${at + status}>
              <span class=${`badge ${status}`}>${worded(ORDER_STATES, status)}</span>${" "}
              <span><${Moment} at=${at} zone=${zone} /> <span class="hint">by <${Who} by=${by} me=${me} /></span></span>
            </li>
          `,
        )}
      </ol>
    </section>
  `;
}

/** @param {{by: string, me: Me}} props */
function Who({ by, me }) {
  if (by === me.principal) return "you";
  if (by === "stripe") return "Stripe";
  return by.startsWith("packhouse:") ? "Packhouse" : html`<code>${by}</code>`;
}

// @ts-check
// A workgroup's orders, newest first.

import { html, useEffect, useRef, useState } from "./vendor/htm-preact-standalone.js";
import { useAnswer } from "./answers.js";
import { calendarOf } from "./calendar.js";
import { distance } from "./dates.js";
import { Listed, told, useList } from "./list.js";
import { Asked, Day, Failed, Onward, Page, Waiting } from "./parts.js";
import { orderOf, ordersOf } from "./route.js";
import { money, number, ORDER_STATES, worded } from "./words.js";

/**
 * @import { Api, Order, OrderLine } from "./api.js"
 * @import { Calendar } from "./calendar.js"
 * @import { List } from "./list.js"
 */

const LINES_NAMED_MAX = 2;
const COLUMNS = ["Order", "Placed", "Paid", "Total", "State"];

/**
 * @param {{
 *   api: Api, workgroupId: string, name?: string, status: string, signOut: () => void, say: (status: string) => void,
 * }} props
 */
export function OrdersPage({ api, workgroupId, name, status, signOut, say }) {
  const [turn, setTurn] = useState(0);
  const again = () => setTurn(turn + 1);
  const root = `/v1/workgroups/${workgroupId}`;
  const calendar = useAnswer((signal) => calendarOf(api, root, signal), [root, turn]);
  /** @type {List<Order>} */
  const orders = useList(api, `${root}/orders`, { status }, turn);
  useEffect(() => say(told(orders, "order")), [orders.waiting, orders.items]);

  const nothing = orders.items ? undefined : orders.problem;
  const clear = () => (location.hash = ordersOf(workgroupId));
  return html`
    <${Page}
      heading="Orders"
      title=${name ? `Orders · ${name}` : "Orders"}
      lead=${!nothing && html`<${Asked} calendar=${calendar.value} waiting=${orders.waiting} again=${again} />`}
    >
      ${nothing &&
      html`
        <${Failed} problem=${nothing} again=${again} signOut=${signOut} clear=${clear}>
          ${nothing.status === 403 && html`<p>Orders are read by administrators and managers of the workgroup.</p>`}
        <//>
      `}
      ${!nothing && !calendar.value && html`<${Waiting} what="Loading orders…" />`}
      ${!nothing &&
      calendar.value &&
      html`
        <section aria-labelledby="orders" tabindex="-1">
          <div class="tools">
            <h2 id="orders">All orders</h2>
            <${Choice} workgroupId=${workgroupId} status=${status} />
          </div>
          <${Listed} list=${orders} noun="order" again=${again} clear=${clear}
            table=${html`<${OrderTable} workgroupId=${workgroupId} orders=${orders} calendar=${calendar.value} />`}
            empty=${html`<${Empty} filtered=${Boolean(status)} more=${Boolean(orders.next)} clear=${clear} />`} />
        </section>
      `}
    <//>
  `;
}

/** @param {{workgroupId: string, status: string}} props */
function Choice({ workgroupId, status }) {
  const known = !status || Object.hasOwn(ORDER_STATES, status);
  const choose = (/** @type {any} */ { target }) => (location.hash = ordersOf(workgroupId, { status: target.value }));
  return html`
    <div class="choices" role="group" aria-label="Filters">
      <label>
        State
        <select value=${status} onChange=${choose}>
          <option value="">All</option>
          ${Object.entries(ORDER_STATES).map(([value, word]) => html`<option key=${value} value=${value}>${word}</option>`)}
          ${!known && html`<option value=${status}>${status}</option>`}
        </select>
      </label>
    </div>
  `;
}

/**
 * A table, also to a screen reader when its rows are shown as cards: hence the roles.
 * @param {{workgroupId: string, orders: List<Order>, calendar: Calendar}} props
 */
function OrderTable({ workgroupId, orders: { items, fresh, waiting }, calendar }) {
  const added = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => added.current?.focus(), [fresh]);
  return html`
    <table class="rows panel" role="table" aria-labelledby="orders" aria-busy=${String(waiting)}>
      <thead role="rowgroup">
        <tr role="row">
          ${COLUMNS.map(
            (column) =>
              html`<th key=${column} role="columnheader" scope="col" class=${column === "Total" ? "number" : ""}>${column}</th>`,
          )}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${items?.map(
          (order, index) => html`
            <${Row} key=${order.order_id} order=${order} place=${orderOf(workgroupId, order.order_id)} calendar=${calendar}
              top=${index === fresh ? added : undefined} />
          `,
        )}
      </tbody>
    </table>
  `;
}

/** @param {{order: Order, place: string, calendar: Calendar, top?: {current: HTMLElement | null}}} props */
function Row({ order, place, calendar: { zone, now }, top }) {
  const { lines, reference, created_at, paid_at, expires_at, total, status } = order;
  return html`
    <tr role="row">
      <th role="rowheader" scope="row" class="type" tabindex="-1" ref=${top}>
        <a href=${place}>${summed(lines)}</a>
        ${reference && html` <span class="hint">${reference}</span>`}
      </th>
      <td role="cell" data-label="Placed"><${Day} at=${created_at} zone=${zone} /></td>
      <td role="cell" data-label="Paid">
        ${paid_at ? html`<${Day} at=${paid_at} zone=${zone} />` : html`<span class="soft">not paid</span>`}
      </td>
      <td role="cell" data-label="Total" class="number">${money(total)}</td>
      <td role="cell" data-label="State" class="state">
        <span class=${`badge ${status}`}>${worded(ORDER_STATES, status)}</span>
        ${status === "open" && html` <span class="hint">${until(new Date(expires_at), now, zone)}</span>`}
      </td>
    </tr>
  `;
}

/**
 * @param {Date} end
 * @param {Date} now
 * @param {string} zone
 */
function until(end, now, zone) {
  return end <= now ? "its time is over" : `expires ${distance(end, now, zone)}`;
}

/**
 * "3 Mailbox migration, 1 Document migration and 2 more".
 * @param {OrderLine[]} lines
 */
function summed(lines) {
  const named = lines.slice(0, LINES_NAMED_MAX).map(({ quantity, name }) => `${number(quantity)} ${name}`);
  const others = lines.length - named.length;
  return named.join(", ") + (others ? ` and ${number(others)} more` : "");
}

/** @param {{filtered: boolean, more: boolean, clear: () => void}} props */
function Empty({ filtered, more, clear }) {
  if (!filtered)
    return html`
      <div class="panel empty">
        <p class="what">This workgroup has no orders yet.</p>
        <p>Orders are placed through the API. Ordering isn't built into the console yet.</p>
      </div>
    `;
  return html`
    <div class="panel empty">
      <p class="what">${more ? "No order so far is in this state." : "No order is in this state."}</p>
      <p class="actions"><${Onward} go=${clear}>Show all orders<//></p>
    </div>
  `;
}

// @ts-check
// Packs as a table; on a phone its rows are shown as cards.

import { html, useEffect, useRef } from "./vendor/htm-preact-standalone.js";
import { daysUntil } from "./dates.js";
import { Day, Distance } from "./parts.js";
import { number, SOURCES, STATES, worded } from "./words.js";

/**
 * @import { Calendar } from "./calendar.js"
 * @import { Pack } from "./api.js"
 */

const SOON_DAYS = 45; // As the balance counts.
const COLUMNS = ["License type", "Source", "Quantity", "Available", "In runs", "Acquired", "Expires", "State"];
const OF_NUMBERS = ["Quantity", "In runs"];

/**
 * A table, also to a screen reader when its rows are shown as cards: hence the roles.
 * `fresh` is the index of the first pack that was added to those already shown; it gets the focus.
 * @param {{items: Pack[], fresh?: number, waiting: boolean, calendar: Calendar}} props
 */
export function PackTable({ items, fresh, waiting, calendar }) {
  const added = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => added.current?.focus(), [fresh]);
  return html`
    <table class="rows panel" role="table" aria-labelledby="packs" aria-busy=${String(waiting)}>
      <thead role="rowgroup">
        <tr role="row">
          ${COLUMNS.map(
            (column) =>
              html`<th key=${column} role="columnheader" scope="col" class=${OF_NUMBERS.includes(column) ? "number" : ""}>${column}</th>`,
          )}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${items.map(
          (pack, index) =>
            html`<${Row} key=${pack.pack_id} pack=${pack} calendar=${calendar} top=${index === fresh ? added : undefined} />`,
        )}
      </tbody>
    </table>
  `;
}

/** @param {{pack: Pack, calendar: Calendar, top?: {current: HTMLElement | null}}} props */
function Row({ pack, calendar: { zone, now }, top }) {
  const { name, source, quantity, available, in_runs, acquired_at, expires_at, state } = pack;
  const kind = worded(SOURCES, source.kind);
  const more = [source.label, source.from && `from ${source.from}`].filter((each) => each && each !== kind).join(", ");
  const days = daysUntil(new Date(expires_at), now, zone);
  return html`
    <tr role="row">
      <th role="rowheader" scope="row" class="type" tabindex="-1" ref=${top}>${name}</th>
      <td role="cell" data-label="Source">${kind}${more && html` <span class="hint">${more}</span>`}</td>
      <td role="cell" data-label="Quantity" class="number">${number(quantity)}</td>
      <td role="cell" data-label="Available" class="available">
        <span class="level">
          <span class="number">${number(available)}</span>
          <meter min="0" max=${quantity} value=${available} aria-label=${`${number(available)} of ${number(quantity)} available`}></meter>
        </span>
        <${Elsewhere} pack=${pack} />
      </td>
      <td role="cell" data-label="In runs" class="number">${number(in_runs)}</td>
      <td role="cell" data-label="Acquired"><${Day} at=${acquired_at} zone=${zone} /></td>
      <td role="cell" data-label="Expires">
        <${Day} at=${expires_at} zone=${zone} />${" "}
        <${Distance} at=${expires_at} now=${now} zone=${zone} soon=${state === "active" && days <= SOON_DAYS} />
      </td>
      <td role="cell" data-label="State" class="state"><span class=${`badge ${state}`}>${worded(STATES, state)}</span></td>
    </tr>
  `;
}

/**
 * Where the licenses are that have no column.
 * @param {{pack: Pack}} props
 */
function Elsewhere({ pack: { in_coupons, assigned } }) {
  const places = [in_coupons && `${number(in_coupons)} in coupons`, assigned && `${number(assigned)} assigned`];
  const told = places.filter(Boolean).join(", ");
  return told && html`<span class="hint">${told}</span>`;
}

// @ts-check
// A workgroup's packs and balance: what it has, where it is, and when it expires.

import { html, useEffect, useRef, useState } from "./vendor/htm-preact-standalone.js";
import { useAnswer } from "./answers.js";
import { BalanceOfTypes } from "./balance.js";
import { calendarOf } from "./calendar.js";
import { time } from "./dates.js";
import { PackTable } from "./pack-table.js";
import { Failed, Onward, Page, Waiting } from "./parts.js";
import { packsOf } from "./route.js";
import { count, STATES } from "./words.js";

/**
 * @import { Api, Balance, Pack, PackPage, Problem } from "./api.js"
 * @import { Calendar } from "./calendar.js"
 * @import { Filters } from "./route.js"
 * @typedef {{
 *   waiting: boolean, items?: Pack[], next?: string | null, problem?: Problem, fresh?: number,
 * }} Packs  `fresh` is the index of the first pack that was added to those already shown
 */

/** A filtered page may be empty though more follow: so many are asked for in a row before a person is asked. */
const EMPTY_PAGES_MAX = 10;

/**
 * @param {{
 *   api: Api, workgroupId: string, name?: string, filters: Filters, signOut: () => void, say: (status: string) => void,
 * }} props
 */
export function PacksPage({ api, workgroupId, name, filters, signOut, say }) {
  const [turn, setTurn] = useState(0);
  const again = () => setTurn(turn + 1);
  const root = `/v1/workgroups/${workgroupId}`;
  const calendar = useAnswer((signal) => calendarOf(api, root, signal), [root, turn]);
  /** @type {import("./answers.js").Answer<Balance>} */
  const balance = useAnswer((signal) => api.get(`${root}/balance`, signal), [root, turn]);
  const packs = usePacks(api, root, filters, turn);
  useEffect(() => say(told(packs)), [packs.waiting, packs.items]);

  const nothing = balance.problem && packs.problem && !packs.items ? packs.problem : undefined;
  const clear = () => (location.hash = packsOf(workgroupId));
  return html`
    <${Page}
      heading="Packs"
      title=${name ? `Packs · ${name}` : "Packs"}
      lead=${!nothing && html`<${Asked} calendar=${calendar.value} waiting=${packs.waiting} again=${again} />`}
    >
      ${nothing && html`<${Failed} problem=${nothing} again=${again} signOut=${signOut} clear=${clear} />`}
      ${!calendar.value && html`<${Waiting} what="Loading balance and packs…" />`}
      ${calendar.value &&
      !nothing &&
      html`
        <${BalanceOfTypes} answer=${balance} calendar=${calendar.value} again=${again} />
        <section aria-labelledby="packs" tabindex="-1">
          <div class="tools">
            <h2 id="packs">All packs</h2>
            <${Choices} workgroupId=${workgroupId} filters=${filters} types=${balance.value?.license_types ?? []} />
          </div>
          <${List} packs=${packs} calendar=${calendar.value} filtered=${Boolean(filters.sku || filters.state)}
            again=${again} clear=${clear} />
        </section>
      `}
    <//>
  `;
}

/** @param {{calendar?: Calendar, waiting: boolean, again: () => void}} props */
function Asked({ calendar, waiting, again }) {
  return html`
    <div class="asked">
      ${calendar &&
      html`<p>Updated <time datetime=${calendar.now.toISOString()}>${time(calendar.now, calendar.zone)}</time>. ${calendar.note}</p>`}
      <button type="button" aria-disabled=${String(waiting)} onClick=${() => waiting || again()}>Refresh</button>
    </div>
  `;
}

/** @param {{workgroupId: string, filters: Filters, types: {sku: string, name: string}[]}} props */
function Choices({ workgroupId, filters, types }) {
  const known = !filters.sku || types.some(({ sku }) => sku === filters.sku);
  const choose = (/** @type {Partial<Filters>} */ chosen) =>
    (location.hash = packsOf(workgroupId, { ...filters, ...chosen }));
  return html`
    <div class="choices" role="group" aria-label="Filters">
      <label>
        License type
        <select value=${filters.sku} onChange=${(/** @type {any} */ event) => choose({ sku: event.target.value })}>
          <option value="">All</option>
          ${types.map(({ sku, name }) => html`<option key=${sku} value=${sku}>${name}</option>`)}
          ${!known && html`<option value=${filters.sku}>${filters.sku}</option>`}
        </select>
      </label>
      <label>
        State
        <select value=${filters.state} onChange=${(/** @type {any} */ event) => choose({ state: event.target.value })}>
          <option value="">All</option>
          ${Object.entries(STATES).map(([state, word]) => html`<option key=${state} value=${state}>${word}</option>`)}
        </select>
      </label>
    </div>
  `;
}

/**
 * @param {{
 *   packs: Packs & {more: () => void}, calendar: Calendar, filtered: boolean, again: () => void, clear: () => void,
 * }} props
 */
function List({ packs: { waiting, items, next, problem, fresh, more }, calendar, filtered, again, clear }) {
  return html`
    ${items && items.length > 0 && html`<${PackTable} items=${items} fresh=${fresh} waiting=${waiting} calendar=${calendar} />`}
    ${items?.length === 0 && !waiting && html`<${Empty} filtered=${filtered} more=${Boolean(next)} clear=${clear} />`}
    ${!items && waiting && html`<${Waiting} what="Loading packs…" />`}
    ${problem && html`<${Failed} problem=${problem} again=${items ? more : again} clear=${clear} />`}
    ${items &&
    html`
      <p class="end">
        <span>${shown({ items, next })}${items.length > 1 && " Runs use the packs of a license type in this order."}</span>
        ${next && html`<button type="button" aria-disabled=${String(waiting)} onClick=${() => waiting || more()}>Show more</button>`}
      </p>
    `}
  `;
}

/** @param {{filtered: boolean, more: boolean, clear: () => void}} props */
function Empty({ filtered, more, clear }) {
  if (!filtered)
    return html`
      <div class="panel empty">
        <p class="what">This workgroup has no packs yet.</p>
        <p>Packs come from orders and from coupons. Ordering and redeeming aren't built into the console yet.</p>
      </div>
    `;
  return html`
    <div class="panel empty">
      <p class="what">${more ? "No pack so far matches the filters." : "No pack matches the filters."}</p>
      <p class="actions"><${Onward} go=${clear}>Clear filters<//></p>
    </div>
  `;
}

/**
 * @param {Api} api
 * @param {string} root
 * @param {Filters} filters
 * @param {number} turn
 * @returns {Packs & {more: () => void}}
 */
function usePacks(api, root, { sku, state }, turn) {
  const [packs, setPacks] = useState(/** @type {Packs} */ ({ waiting: true }));
  const asking = useRef(/** @type {AbortController | null} */ (null));

  /** @param {string} [cursor] */
  const load = (cursor) => {
    asking.current?.abort();
    const { signal } = (asking.current = new AbortController());
    const earlier = cursor === undefined ? [] : (packs.items ?? []);
    setPacks((before) => ({ ...before, waiting: true, problem: undefined }));
    pageOf(api, root, { sku, state }, cursor, signal).then(
      ({ items, next_cursor }) => {
        const fresh = cursor !== undefined && items.length ? earlier.length : undefined;
        if (!signal.aborted) setPacks({ waiting: false, items: [...earlier, ...items], next: next_cursor, fresh });
      },
      (problem) => {
        const kept = cursor === undefined ? {} : { items: earlier, next: cursor };
        if (!signal.aborted) setPacks({ waiting: false, problem, ...kept });
      },
    );
  };

  useEffect(() => {
    load();
    return () => asking.current?.abort();
  }, [root, sku, state, turn]);
  return { ...packs, more: () => load(packs.next ?? undefined) };
}

/**
 * The next page that has a pack, or where it was given up.
 * @param {Api} api
 * @param {string} root
 * @param {Filters} filters
 * @param {string | undefined} cursor
 * @param {AbortSignal} signal
 * @returns {Promise<PackPage>}
 */
async function pageOf(api, root, filters, cursor, signal) {
  const after = (/** @type {string} */ place) => {
    const chosen = Object.entries({ ...filters, cursor: place }).filter(([, value]) => value);
    const query = new URLSearchParams(chosen).toString();
    return api.get(`${root}/packs${query && `?${query}`}`, signal);
  };
  /** @type {PackPage} */
  let page = await after(cursor ?? "");
  for (let asked = 1; asked < EMPTY_PAGES_MAX && !page.items.length && page.next_cursor; asked += 1) {
    page = await after(page.next_cursor);
  }
  return page;
}

/** @param {Packs} packs */
function told({ waiting, items, next, problem }) {
  if (waiting) return "Loading packs…";
  return items && !problem ? shown({ items, next }) : ""; // A problem is told where it is shown.
}

/** @param {{items: Pack[], next?: string | null}} packs */
function shown({ items, next }) {
  return `${count(items.length, "pack")} shown${next ? "; there are more." : "."}`;
}

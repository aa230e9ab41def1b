// @ts-check
// A workgroup's packs and balance: what it has, where it is, and when it expires.

import { html, useEffect, useState } from "./vendor/htm-preact-standalone.js";
import { useAnswer } from "./answers.js";
import { BalanceOfTypes } from "./balance.js";
import { calendarOf } from "./calendar.js";
import { Listed, told, useList } from "./list.js";
import { PackTable } from "./pack-table.js";
import { Asked, Failed, Onward, Page, Waiting } from "./parts.js";
import { packsOf } from "./route.js";
import { STATES } from "./words.js";

/**
 * @import { Api, Balance, Pack } from "./api.js"
 * @import { List } from "./list.js"
 * @import { Filters } from "./route.js"
 */

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
  /** @type {List<Pack>} */
  const packs = useList(api, `${root}/packs`, filters, turn);
  useEffect(() => say(told(packs, "pack")), [packs.waiting, packs.items]);

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
          <${Listed} list=${packs} noun="pack" again=${again} clear=${clear}
            table=${html`<${PackTable} items=${packs.items} fresh=${packs.fresh} waiting=${packs.waiting} calendar=${calendar.value} />`}
            empty=${html`<${Empty} filtered=${Boolean(filters.sku || filters.state)} more=${Boolean(packs.next)} clear=${clear} />`}
            note="Runs use the packs of a license type in this order." />
        </section>
      `}
    <//>
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

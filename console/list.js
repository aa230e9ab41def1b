// @ts-check
// A list of the API, page by page, as the state of a component; and what every such list shows besides its rows.

import { html, useEffect, useRef, useState } from "./vendor/htm-preact-standalone.js";
import { Failed, Waiting } from "./parts.js";
import { count } from "./words.js";

/**
 * @import { Api, Problem } from "./api.js"
 */

/**
 * @template T
 * @typedef {{
 *   waiting: boolean, items?: T[], next?: string | null, problem?: Problem, fresh?: number,
 * }} Items  `fresh` is the index of the first item that was added to those already shown
 */

/**
 * @template T
 * @typedef {Items<T> & {more: () => void}} List
 */

/** A filtered page may be empty though more follow: so many are asked for in a row before a person is asked. */
const EMPTY_PAGES_MAX = 10;

/**
 * Asks for the first page whenever the list, its filters or `turn` change, and for the next one on demand.
 * @template T
 * @param {Api} api
 * @param {string} path
 * @param {Record<string, string>} filters empty strings where nothing is filtered
 * @param {number} turn
 * @returns {List<T>}
 */
export function useList(api, path, filters, turn) {
  const [list, setList] = useState(/** @type {Items<T>} */ ({ waiting: true }));
  const asking = useRef(/** @type {AbortController | null} */ (null));

  /** @param {string} [cursor] */
  const load = (cursor) => {
    asking.current?.abort();
    const { signal } = (asking.current = new AbortController());
    const earlier = cursor === undefined ? [] : (list.items ?? []);
    setList((before) => ({ ...before, waiting: true, problem: undefined }));
    pageOf(api, path, filters, cursor, signal).then(
      ({ items, next_cursor }) => {
        const fresh = cursor !== undefined && items.length ? earlier.length : undefined;
        if (!signal.aborted) setList({ waiting: false, items: [...earlier, ...items], next: next_cursor, fresh });
      },
      (problem) => {
        const kept = cursor === undefined ? {} : { items: earlier, next: cursor };
        if (!signal.aborted) setList({ waiting: false, problem, ...kept });
      },
    );
  };

  useEffect(() => {
    load();
    return () => asking.current?.abort();
  }, [path, asked(filters), turn]);
  return { ...list, more: () => load(list.next ?? undefined) };
}

/**
 * The next page that has an item, or where it was given up.
 * @param {Api} api
 * @param {string} path
 * @param {Record<string, string>} filters
 * @param {string | undefined} cursor
 * @param {AbortSignal} signal
 * @returns {Promise<{items: any[], next_cursor: string | null}>}
 */
async function pageOf(api, path, filters, cursor, signal) {
  const after = (/** @type {string} */ place) => {
    const query = asked({ ...filters, cursor: place });
    return api.get(`${path}${query && `?${query}`}`, signal);
  };
  let page = await after(cursor ?? "");
  for (let pages = 1; pages < EMPTY_PAGES_MAX && !page.items.length && page.next_cursor; pages += 1) {
    page = await after(page.next_cursor);
  }
  return page;
}

/** @param {Record<string, string>} filters */
function asked(filters) {
  return new URLSearchParams(Object.entries(filters).filter(([, value]) => value)).toString();
}

/**
 * A list with what stands around its rows.
 * @param {{
 *   list: List<any>, noun: string, table: unknown, empty: unknown, note?: string, again: () => void, clear: () => void,
 * }} props
 *   `clear` takes back the filters; `note` is said below more than one row.
 */
export function Listed({ list, noun, table, empty, note = "", again, clear }) {
  const { waiting, items, next, problem, more } = list;
  return html`
    ${items && items.length > 0 && table}
    ${items?.length === 0 && !waiting && empty}
    ${!items && waiting && html`<${Waiting} what=${`Loading ${noun}s…`} />`}
    ${problem && html`<${Failed} problem=${problem} again=${items ? more : again} clear=${clear} />`}
    ${items &&
    html`
      <p class="end">
        <span>${shown(items, next, noun)}${items.length > 1 && note && ` ${note}`}</span>
        ${next && html`<button type="button" aria-disabled=${String(waiting)} onClick=${() => waiting || more()}>Show more</button>`}
      </p>
    `}
  `;
}

/**
 * What a screen reader is told about a list.
 * @param {Items<any>} list
 * @param {string} noun
 */
export function told({ waiting, items, next, problem }, noun) {
  if (waiting) return `Loading ${noun}s…`;
  return items && !problem ? shown(items, next, noun) : ""; // A problem is told where it is shown.
}

/**
 * @param {any[]} items
 * @param {string | null | undefined} next
 * @param {string} noun
 */
function shown(items, next, noun) {
  return `${count(items.length, noun)} shown${next ? "; there are more." : "."}`;
}

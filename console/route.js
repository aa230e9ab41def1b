// @ts-check
// Where in the console one is: the address's part after `#`, so that links, reload and Back work on static files.

import { useEffect, useState } from "./vendor/htm-preact-standalone.js";

/**
 * @typedef {{sku: string, state: string}} Filters  empty strings where nothing is filtered
 * @typedef {{page: "packs", workgroupId: string, filters: Filters}} PacksRoute
 * @typedef {{page: "orders", workgroupId: string, status: string}} OrdersRoute
 * @typedef {{page: "order", workgroupId: string, orderId: string, outcome: string}} OrderRoute
 *   `outcome`: `success` or `cancel` for who comes back from the pay page, else empty
 * @typedef {{page: "home"} | PacksRoute | OrdersRoute | OrderRoute | {page: "unknown"}} Route
 */

export const HOME = "#/";

const ID = /^[A-Za-z0-9_-]+$/;
const PLACE = /^\/workgroups\/([A-Za-z0-9_-]+)\/(packs|orders)(?:\/([A-Za-z0-9_-]+))?$/;

/**
 * @param {string} workgroupId
 * @param {Partial<Filters>} [filters]
 */
export function packsOf(workgroupId, filters = {}) {
  return within(workgroupId, "packs", filters);
}

/**
 * @param {string} workgroupId
 * @param {{status?: string}} [filters]
 */
export function ordersOf(workgroupId, filters = {}) {
  return within(workgroupId, "orders", filters);
}

/**
 * @param {string} workgroupId
 * @param {string} orderId
 * @param {{outcome?: string}} [how]
 */
export function orderOf(workgroupId, orderId, how = {}) {
  return within(workgroupId, `orders/${encodeURIComponent(orderId)}`, how);
}

/**
 * @param {string} hash
 * @returns {Route}
 */
export function routeOf(hash) {
  const [path, query] = hash.replace(/^#/, "").split("?", 2);
  if (path === "" || path === "/") return { page: "home" };
  const [, workgroupId, pages, orderId] = PLACE.exec(path) ?? [];
  const asked = new URLSearchParams(query);
  const of = (/** @type {string} */ name) => asked.get(name) ?? "";
  if (pages === "packs" && !orderId) return { page: "packs", workgroupId, filters: { sku: of("sku"), state: of("state") } };
  if (pages === "orders" && !orderId) return { page: "orders", workgroupId, status: of("status") };
  if (pages === "orders") return { page: "order", workgroupId, orderId, outcome: of("outcome") };
  return { page: "unknown" };
}

/** @returns {Route} */
export function useRoute() {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = () => setHash(location.hash);
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return routeOf(hash);
}

/**
 * Goes on to a place without leaving this one in the history: Back doesn't come here again.
 * @param {string} hash
 */
export function goOnTo(hash) {
  location.replace(hash);
}

/**
 * Who comes back from the pay page has `?workgroup=…&order=…&outcome=…` in the address: it becomes the order's own
 * place, before anybody has to sign in, and stays neither in the address nor in the history.
 */
export function takeBack() {
  const told = new URLSearchParams(location.search);
  const [workgroupId, orderId] = [told.get("workgroup") ?? "", told.get("order") ?? ""];
  if (!ID.test(workgroupId) || !ID.test(orderId)) return;
  const place = orderOf(workgroupId, orderId, { outcome: told.get("outcome") ?? "" });
  history.replaceState(null, "", `${location.pathname}${place}`);
}

/**
 * @param {string} workgroupId
 * @param {string} path
 * @param {Record<string, string>} asked
 */
function within(workgroupId, path, asked) {
  const chosen = Object.entries(asked).filter(([, value]) => value);
  const query = new URLSearchParams(chosen).toString();
  return `#/workgroups/${encodeURIComponent(workgroupId)}/${path}${query && `?${query}`}`;
}

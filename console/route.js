// @ts-check
// Where in the console one is: the address's part after `#`, so that links, reload and Back work on static files.

import { useEffect, useState } from "./vendor/htm-preact-standalone.js";

/**
 * @typedef {{sku: string, state: string}} Filters  empty strings where nothing is filtered
 * @typedef {{page: "home"} | {page: "packs", workgroupId: string, filters: Filters} | {page: "unknown"}} Route
 */

export const HOME = "#/";

/**
 * @param {string} workgroupId
 * @param {Partial<Filters>} [filters]
 */
export function packsOf(workgroupId, filters = {}) {
  const chosen = Object.entries(filters).filter(([, value]) => value);
  const query = new URLSearchParams(chosen).toString();
  return `#/workgroups/${encodeURIComponent(workgroupId)}/packs${query && `?${query}`}`;
}

/**
 * @param {string} hash
 * @returns {Route}
 */
export function routeOf(hash) {
  const [path, query] = hash.replace(/^#/, "").split("?", 2);
  if (path === "" || path === "/") return { page: "home" };
  const workgroupId = /^\/workgroups\/([A-Za-z0-9_-]+)\/packs$/.exec(path)?.[1];
  if (workgroupId === undefined) return { page: "unknown" };
  const asked = new URLSearchParams(query);
  return { page: "packs", workgroupId, filters: { sku: asked.get("sku") ?? "", state: asked.get("state") ?? "" } };
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

// @ts-check
// Asks the API. What goes wrong becomes a `Problem`: a title and a sentence for a person.

import { count } from "./words.js";

/**
 * @typedef {{workgroup_id: string, name: string, role: string}} Membership
 * @typedef {{principal: string, kind: string, workgroups: Membership[]}} Me
 * @typedef {{workgroup_id: string, name: string, time_zone: string}} Workgroup
 * @typedef {{
 *   sku: string, name: string, available: number, in_runs: number, in_coupons: number,
 *   expiring_within_45_days: number, next_expiry?: string,
 * }} BalanceLine
 * @typedef {{license_types: BalanceLine[]}} Balance
 * @typedef {{
 *   pack_id: string, sku: string, name: string, source: {kind: string, label?: string, from?: string},
 *   quantity: number, available: number, in_runs: number, in_coupons: number, assigned: number,
 *   acquired_at: string, expires_at: string, state: string,
 * }} Pack
 * @typedef {{amount: number, currency: string}} Money  in the currency's smallest unit
 * @typedef {{sku: string, name: string, quantity: number, unit_price: Money, amount: Money, pack_id?: string}} OrderLine
 * @typedef {{at: string, status: string, by: string}} OrderEvent
 * @typedef {{
 *   name: string, company?: string, tax_id?: string, line1: string, line2?: string, city: string, state?: string,
 *   postal_code: string, country: string,
 * }} Address
 * @typedef {{
 *   order_id: string, status: string, method: string, created_at: string, paid_at?: string, expires_at: string,
 *   lines: OrderLine[], total: Money, billing_address: Address, email: string, reference?: string,
 *   checkout_url?: string, packs: string[], history: OrderEvent[],
 * }} Order
 * @typedef {{name: string, role: string, workgroup_id?: string, token: string}} Persona
 * @typedef {{get: (path: string, signal: AbortSignal) => Promise<any>}} Api
 */

/** API Gateway gives up after 30 s; what takes longer is never answered. */
const ANSWER_SECONDS_MAX = 35;
/** What passes by itself. */
const PASSING = [429, 502, 503, 504];

/** @type {Record<number, [title: string, detail: string]>} */
const UNWORDED = {
  401: ["Not signed in", "Your sign-in isn't accepted."],
  403: ["Not permitted", "Your role doesn't include this."],
  404: ["Not found", "There is nothing here that you may see."],
  429: ["Too many requests", "Packhouse was asked too often."],
};

export class Problem extends Error {
  /**
   * @param {{status: number, title: string, detail: string, instance?: string}} facts
   *   `status` is 0 when there was no answer; `instance` is the request's id.
   */
  constructor({ status, title, detail, instance }) {
    super(detail);
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.instance = instance;
  }

  /** Whether the same question may well be answered in a moment. */
  get passes() {
    return this.status === 0 || PASSING.includes(this.status);
  }
}

/**
 * @param {string} path
 * @param {{token?: string, signal: AbortSignal}} options
 * @returns {Promise<any>} the answer's JSON
 */
export async function ask(path, { token, signal }) {
  const ending = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_SECONDS_MAX * 1000)]);
  const headers = { Accept: "application/json", ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) };
  const response = await fetch(path, { headers, signal: ending, cache: "no-store" }).catch(unreachable);
  const answered = await response.json().catch(() => undefined);
  if (!response.ok) throw problemOf(response, answered);
  if (answered === undefined) throw unreadable(response.status);
  return answered;
}

/**
 * The API in the name of one token.
 * @param {string} token
 * @param {(problem: Problem) => void} refused called when the token isn't accepted (any more)
 * @returns {Api}
 */
export function apiFor(token, refused) {
  return {
    get: (path, signal) =>
      ask(path, { token, signal }).catch((problem) => {
        if (problem.status === 401 && !signal.aborted) refused(problem);
        throw problem;
      }),
  };
}

/** @returns {never} */
function unreachable() {
  throw new Problem({
    status: 0,
    title: "Packhouse doesn't answer",
    detail: "Check your connection (or that the local stack is running), then try again.",
  });
}

/** @param {number} status */
function unreadable(status) {
  return new Problem({ status, title: "Unreadable answer", detail: "What Packhouse answered isn't JSON. Try again." });
}

/**
 * @param {Response} response
 * @param {any} answered the problem (RFC 9457), or `{"message"}` from API Gateway, or something else
 */
function problemOf({ status, headers }, answered) {
  const [title, detail] = UNWORDED[status] ?? ["Something went wrong", "It's Packhouse's fault, not yours."];
  const reasons = (answered?.errors ?? []).map((/** @type {{detail: string}} */ error) => `${error.detail}.`);
  const sentences = [answered?.detail ?? detail, ...reasons];
  if (PASSING.includes(status)) sentences.push(later(headers.get("Retry-After")));
  return new Problem({
    status,
    title: answered?.title ?? title,
    detail: sentences.join(" "),
    instance: answered?.instance,
  });
}

/** @param {string | null} seconds */
function later(seconds) {
  const known = seconds !== null && /^\d+$/.test(seconds) && seconds !== "0";
  return known ? `Wait ${count(Number(seconds), "second")}.` : "Wait a moment.";
}

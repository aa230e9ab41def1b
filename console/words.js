// @ts-check
// What the API's enums, counts and sums are called on a page. A value that isn't listed here is newer than this
// console: it reads as "Other".

/** @import { Money } from "./api.js" */

/** @type {Record<string, string>} */
export const ROLES = {
  administrator: "Administrator",
  manager: "Manager",
  associate: "Associate",
  worker: "Worker key",
  platform_worker: "Platform worker key",
  operator: "Operator",
};

/** @type {Record<string, string>} */
export const KINDS = {
  member: "Member",
  worker_key: "Worker key",
  platform_worker_key: "Platform worker key",
  operator: "Operator",
};

/** @type {Record<string, string>} */
export const SOURCES = {
  card: "Card order",
  wire: "Wire order",
  coupon: "Coupon",
  issued: "Issued coupon",
  demo: "Demo data",
};

/**
 * In the order in which a list of them is easiest to read: what can be used first.
 * @type {Record<string, string>}
 */
export const STATES = {
  active: "Active",
  exhausted: "Exhausted",
  expired: "Expired",
  frozen: "Frozen",
  refund_pending: "Refund pending",
  refunded: "Refunded",
  revoked: "Revoked",
};

/**
 * What an order can be, in the order of its life.
 * @type {Record<string, string>}
 */
export const ORDER_STATES = {
  open: "Open",
  paid: "Paid",
  cancelled: "Cancelled",
  expired: "Expired",
};

/** @type {Record<string, string>} */
export const METHODS = {
  card: "Card",
  wire: "Wire",
};

/**
 * @param {Record<string, string>} words
 * @param {string} value
 */
export function worded(words, value) {
  return Object.hasOwn(words, value) ? words[value] : "Other";
}

const NUMBERS = new Intl.NumberFormat("en-US");

/** @param {number} quantity */
export function number(quantity) {
  return NUMBERS.format(quantity);
}

/**
 * "1 pack", "11 packs".
 * @param {number} quantity
 * @param {string} noun
 */
export function count(quantity, noun) {
  return `${number(quantity)} ${noun}${quantity === 1 ? "" : "s"}`;
}

/**
 * "$1,234.50".
 * @param {Money} money
 */
export function money({ amount, currency }) {
  const format = new Intl.NumberFormat("en-US", { style: "currency", currency });
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}

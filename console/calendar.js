// @ts-check
// In which zone a workgroup's days are told, and which of them is today.

import { ask } from "./api.js";
import { isKnown } from "./dates.js";

/**
 * @import { Api, Problem, Workgroup } from "./api.js"
 * @typedef {{zone: string, note: string, now: Date}} Calendar  `note` says to a person which zone, and why
 */

/**
 * The workgroup's zone, else UTC and the reason; and the time by the clock that expires packs: a local stack's can be
 * moved, and answers at /dev/clock.
 * @param {Api} api
 * @param {string} root
 * @param {AbortSignal} signal
 * @returns {Promise<Calendar>}
 */
export async function calendarOf(api, root, signal) {
  const clock = ask("/dev/clock", { signal }).then(
    ({ now }) => new Date(now),
    () => new Date(),
  );
  const zone = api.get(root, signal).then(
    (/** @type {Workgroup} */ { time_zone }) =>
      isKnown(time_zone)
        ? { zone: time_zone, note: `Dates in ${time_zone}.` }
        : { zone: "UTC", note: `Dates in UTC: this browser doesn't know the workgroup's zone, ${time_zone}.` },
    (/** @type {Problem} */ { status }) => ({
      zone: "UTC",
      note:
        status === 403
          ? "Dates in UTC: your role doesn't read the workgroup's zone."
          : "Dates in UTC: the workgroup's zone couldn't be read.",
    }),
  );
  return { ...(await zone), now: await clock };
}

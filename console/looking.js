// @ts-check
// An order as it is now, looked at again and again for as long as something is still to come.

import { useEffect, useState } from "./vendor/htm-preact-standalone.js";

/**
 * @import { Api, Order, Problem } from "./api.js"
 * @typedef {{waiting: boolean, looking: boolean, order?: Order, problem?: Problem}} Seen
 *   `waiting` while a person waits for an answer, `looking` while the page looks again on its own
 */

/** Seconds before each further look: a minute and a half in all, then a person is asked. */
export const PAUSES = [1, 1, 2, 2, 3, 5, 8, 13, 21, 34];

/**
 * Reads whenever the order or `turn` change, and then goes on by itself while `awaited` says so. What passes by itself
 * is no reason to stop.
 * @param {Api} api
 * @param {string} path
 * @param {(order: Order) => boolean} awaited
 * @param {number} turn
 * @returns {Seen}
 */
export function useLooks(api, path, awaited, turn) {
  const [seen, setSeen] = useState(/** @type {Seen} */ ({ waiting: true, looking: false }));
  useEffect(() => {
    const asking = new AbortController();
    const { signal } = asking;
    let pause = 0;

    /** @param {number} looks how many there were before */
    const look = (looks) => {
      const again = () => {
        if (looks === PAUSES.length) return false;
        pause = setTimeout(() => look(looks + 1), PAUSES[looks] * 1000);
        return true;
      };
      api.get(path, signal).then(
        (/** @type {Order} */ order) => {
          if (!signal.aborted) setSeen({ waiting: false, looking: awaited(order) && again(), order });
        },
        (/** @type {Problem} */ problem) => {
          if (signal.aborted) return;
          const looking = looks > 0 && problem.passes && again();
          setSeen(({ order }) => ({
            waiting: false,
            looking,
            order: problem.passes ? order : undefined,
            problem: looking ? undefined : problem,
          }));
        },
      );
    };

    setSeen(({ order }) => ({ waiting: true, looking: false, order }));
    look(0);
    return () => {
      clearTimeout(pause);
      asking.abort();
    };
  }, [path, turn]);
  return seen;
}

// @ts-check
// A question to the API as the state of a component.

import { useEffect, useState } from "./vendor/htm-preact-standalone.js";

/** @import { Problem } from "./api.js" */

/**
 * @template T
 * @typedef {{waiting: boolean, value?: T, problem?: Problem}} Answer
 *   While it is asked again the earlier value stays.
 */

/**
 * Asks whenever one of `about` changes; an answer that comes after the next question is dropped.
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} question
 * @param {unknown[]} about
 * @returns {Answer<T>}
 */
export function useAnswer(question, about) {
  const [answer, setAnswer] = useState(/** @type {Answer<T>} */ ({ waiting: true }));
  useEffect(() => {
    const asking = new AbortController();
    setAnswer(({ value }) => ({ waiting: true, value }));
    question(asking.signal).then(
      (value) => {
        if (!asking.signal.aborted) setAnswer({ waiting: false, value });
      },
      (problem) => {
        if (!asking.signal.aborted) setAnswer({ waiting: false, problem });
      },
    );
    return () => asking.abort();
  }, about);
  return answer;
}

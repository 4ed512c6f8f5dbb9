// Sending again what got no answer. What changes something carries an idempotency key, so that it
// happens once, however often it is sent.

import { NoAnswer, Problem } from "./api.js";

const FIRST_PAUSE_S = 1;
const LONGEST_PAUSE_S = 20;

/** @typedef {"offline" | "busy" | "unreachable"} Why */
/** @typedef {{ why: Why, seconds: number, now: () => void }} Waiting why and how long; `now` ends it */

/**
 * Send until there is an answer, and pass on the error of one that stays as it is.
 * @template T
 * @param {() => Promise<T>} attempt
 * @param {(waiting: Waiting | null) => void} tell told before each pause, and null after it
 * @param {number} [most] the number of attempts
 * @returns {Promise<T>}
 */
export async function untilAnswered(attempt, tell, most = Number.POSITIVE_INFINITY) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      const seconds = pauseAfter(error, tries);
      if (seconds === null || tries >= most) throw error;
      await pause(seconds, reasonOf(error), tell);
    }
  }
}

/**
 * Return the seconds to wait before the next attempt; null if it would end the same way.
 * @param {unknown} error
 * @param {number} tries
 */
function pauseAfter(error, tries) {
  const own = Math.min(FIRST_PAUSE_S * 2 ** (tries - 1), LONGEST_PAUSE_S);
  if (error instanceof NoAnswer) return own;
  if (!(error instanceof Problem)) return null;
  const passes = error.status === 503 || error.code === "too_many_requests";
  // A patient's own limits ask for hours; nobody watches a page so long.
  const asked = error.retryAfter ?? own;
  return passes && asked <= LONGEST_PAUSE_S ? Math.max(asked, own) : null;
}

/** @param {unknown} error @returns {Why} */
function reasonOf(error) {
  if (error instanceof Problem) return "busy";
  return navigator.onLine ? "unreachable" : "offline";
}

/**
 * Wait, or until the network is back, or until the visitor wants no more waiting.
 * @param {number} seconds
 * @param {Why} why
 * @param {(waiting: Waiting | null) => void} tell
 */
async function pause(seconds, why, tell) {
  /** @type {() => void} */
  let now = () => {};
  const over = new Promise((resolve) => {
    now = () => resolve(undefined);
  });
  tell({ why, seconds, now });
  const timer = setTimeout(now, seconds * 1000);
  addEventListener("online", now, { once: true });
  await over;
  clearTimeout(timer);
  removeEventListener("online", now);
  tell(null);
}

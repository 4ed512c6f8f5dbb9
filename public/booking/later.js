// What the first view does not need is loaded after it is shown, and asked for until it is there.

import { NoAnswer } from "../scripts/api.js";
import { patiently } from "./searching.js";

export const actions = later(() => import("./actions.js"));
export const mine = later(() => import("./my_appointments.js"));
export const entrance = later(() => import("./entrance.js"));

/** @template T @param {() => Promise<T>} load */
function later(load) {
  /** @type {Promise<T> | null} */
  let loading = null;
  return async () => {
    loading ??= patiently(() => load().catch(lost));
    try {
      return await loading;
    } catch (error) {
      loading = null;
      throw error;
    }
  };
}

/** A file that was lost is a TypeError, as if it were a mistake; its text alone tells. @param {unknown} error @returns {never} */
function lost(error) {
  const isLost = error instanceof TypeError && /\bmodule\b/.test(error.message);
  throw isLost ? new NoAnswer(error.message) : error;
}

// What the first view does not need is loaded after it is shown, and asked for until it is there.

import { NoAnswer } from "../scripts/api.js";
import { patiently } from "./searching.js";

/** @typedef {typeof import("./entrance.js")} Entrance */

/** @type {Promise<Entrance> | null} */
let loading = null;

/** Return all views, and what is done in them. */
export function entrance() {
  loading ??= patiently(load);
  return loading;
}

async function load() {
  try {
    return await import("./entrance.js");
  } catch (error) {
    // A file that was lost is a TypeError, as if it were a mistake; it differs by its text alone.
    throw /\bmodule\b/.test(String(error)) ? new NoAnswer(String(error)) : error;
  }
}

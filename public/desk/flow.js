// What becomes of errors.

import { NoAnswer, Problem } from "../scripts/api.js";
import { update } from "./state.js";

/**
 * Do something, and show why it failed.
 * @param {() => Promise<unknown>} act
 */
export async function attempt(act) {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof Problem || error instanceof NoAnswer)) throw error;
    if (error instanceof Problem && error.status === 401) update({ access: "sign_in" });
    else update({ problem: error });
  }
}

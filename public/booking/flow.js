// From view to view, and what becomes of errors.

import { NoAnswer, Problem } from "../scripts/api.js";
import { release } from "./holding.js";
import { state, update } from "./state.js";

/** @typedef {import("./state.js").View} View */
/** @typedef {{ view?: View, isMove?: boolean } | null} Place in the browser's history */

/**
 * Show a view, as a place that the Back button leads away from.
 * @param {View} view
 */
export function go(view) {
  const isThere = placeOf(history.state) === view && isMoveAt(history.state) === isMove();
  if (!isThere) history.pushState({ view, isMove: isMove() }, "");
  enter(view);
}

/**
 * Show a view in the place of this one, so that the Back button does not lead here.
 * @param {View} view
 */
export function goInstead(view) {
  history.replaceState({ view, isMove: isMove() }, "");
  enter(view);
}

/**
 * Return the view of a place in the browser's history.
 * @param {Place} place
 * @returns {View}
 */
export function placeOf(place) {
  return place?.view ?? "choose";
}

/**
 * Whether an appointment was being moved at a place in the browser's history.
 * @param {Place} place
 */
export function isMoveAt(place) {
  return place?.isMove ?? false;
}

function isMove() {
  return state.moving !== null;
}

/** @param {View} view */
function enter(view) {
  if ((view === "choose" || view === "mine") && state.request === null) release();
  update({ view, problem: null, notice: null });
}

/**
 * Do something, and show why it failed. Who must sign in for it comes back to it.
 * @param {() => Promise<unknown>} act
 */
export async function attempt(act) {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof Problem || error instanceof NoAnswer)) throw error;
    if (error instanceof Problem && error.status === 401) signInFor(act);
    else update({ problem: error });
  }
}

/** @param {() => Promise<unknown>} act */
function signInFor(act) {
  const { view } = state;
  const afterSignIn = () => {
    goInstead(view);
    return attempt(act);
  };
  go("sign_in");
  update({ afterSignIn, person: null });
}

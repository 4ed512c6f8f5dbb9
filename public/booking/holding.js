// A time is kept for the visitor while they fill in the form.

import { NoAnswer, Problem, post } from "../scripts/api.js";
import { untilAnswered } from "../scripts/patience.js";
import { isOfTheTime } from "../scripts/problems.js";
import { searchAnew, wanted } from "./searching.js";
import { saveDraft, state, update } from "./state.js";

/** @typedef {import("./state.js").Schemas} Schemas */

const SECONDS = 300;
const ATTEMPTS = 3;

/** @type {number | undefined} */
let timer;

/** The call under way; a booking that overtakes it would meet the visitor's own hold. */
let asking = Promise.resolve();
/** @type {Promise<unknown>} */
let givingUp = Promise.resolve();

/**
 * Keep the chosen time, or ask once more for its hold: the key is the same. Throws what the visitor
 * must know of; anything else only keeps nothing.
 */
export async function holdOn() {
  update({ hold: null, holding: "asked", holdKey: state.holdKey ?? crypto.randomUUID() });
  saveDraft();
  const asked = ask();
  asking = asked.catch(() => {});
  await asked;
}

/** Keep the time again whose hold has ended. */
export async function holdAnew() {
  update({ holdKey: crypto.randomUUID() });
  await holdOn();
}

/** Wait for the hold that is under way, and ask again for one whose answer was lost. */
export async function settled() {
  await asking;
  if (state.holding === "not_held") await ask().catch(() => {});
}

async function ask() {
  const { time } = state;
  const key = state.holdKey ?? "";
  if (time === null) return;
  // Counted from before the call, on the clock of this machine: it never ends too late.
  const until = Date.now() + SECONDS * 1000;
  const { doctor_id, start } = time;
  const asked = { doctor_id, start, ...wanted(), seconds: SECONDS };
  try {
    /** @type {Schemas["Hold"]} */
    const held = await untilAnswered(
      () => post("hold_time", asked, { key }),
      () => {},
      ATTEMPTS,
    );
    // Somebody who went back meanwhile wants it no more.
    if (state.time !== time || state.view !== "details") return giveUp(held.hold_id);
    update({ hold: { hold_id: held.hold_id, until } });
    keepOn();
    saveDraft();
  } catch (error) {
    if (state.time !== time) return; // It says nothing about what is chosen by now.
    update({ holding: isMissed(error) ? "not_held" : "gone" });
    if (isMissed(error)) return;
    if (error instanceof Problem && isOfTheTime(error.code)) searchAnew();
    throw error;
  }
}

/**
 * Whether there is no hold for a reason that says nothing about the time.
 * @param {unknown} error
 */
function isMissed(error) {
  if (error instanceof Problem) return error.status >= 500 || error.status === 429;
  return error instanceof NoAnswer;
}

/** Count a hold down that began before; whether there is one. */
export function keepOn() {
  const left = (state.hold?.until ?? 0) - Date.now();
  if (left <= 0) return false;
  update({ holding: "held" });
  timer = setTimeout(end, left);
  return true;
}

/** Let the time go that is kept. */
export function release() {
  if (state.hold) giveUp(state.hold.hold_id);
  forget();
  update({ holding: "gone" });
}

/** Forget the hold: it was booked, or is no more. */
export function forget() {
  clearTimeout(timer);
  update({ hold: null });
}

function end() {
  // It is sent all the same: whose clock is fast still has it.
  update({ holding: "over" });
}

/** @param {string} hold_id */
function giveUp(hold_id) {
  // It ends by itself if this gets lost.
  givingUp = post("release_hold", { hold_id }, { keepalive: true }).catch(() => {});
}

/** Wait until the time that was let go can be found again. */
export function freed() {
  return givingUp;
}

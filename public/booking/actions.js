// What the visitor does: choose a time, and book it or move an appointment to it.

import { get, Problem, post } from "../scripts/api.js";
import { focusWrong } from "../scripts/frame.js";
import { untilAnswered } from "../scripts/patience.js";
import { isOfTheTime, saysNothing } from "../scripts/problems.js";
import { t } from "../scripts/texts.js";
import { dateOf } from "../scripts/times.js";
import { attempt, go, goInstead, placeOf } from "./flow.js";
import { forget, freed, holdAnew, holdOn, keepOn, release, settled } from "./holding.js";
import { offering, outdate, refresh, search, searchAnew, thisMonth, wanted } from "./searching.js";
import { rememberBooked, saveBooked, saveDraft, savedDraft, state, update } from "./state.js";

/** @typedef {import("./state.js").Appointment} Appointment */
/** @typedef {import("./state.js").Request} Request */

/**
 * Choose a time: it is kept while the form is filled in.
 * @param {import("./state.js").Time} time
 */
export async function chooseTime({ start, doctor_id, time_zone }) {
  if (state.request !== null) return go("details"); // It may have booked: that is settled first.
  if (isChosen(start, doctor_id)) return; // It was clicked twice.
  release();
  update({ time: { start, doctor_id, time_zone }, holdKey: crypto.randomUUID() });
  go("details");
  saveDraft();
  // Who must sign in first asks again with the same key, wherever they come back to.
  if (state.moving === null) await attempt(holdOn);
}

/** @param {string} start @param {string} doctorId */
function isChosen(start, doctorId) {
  const { time, view } = state;
  const isSame = time?.start === start && time.doctor_id === doctorId;
  return isSame && view === "details" && state.problem === null;
}

/** Book, or move, as the form says. What is still without an answer is sent first. */
export async function submit() {
  await attempt(async () => {
    update({ isSending: true, problem: null });
    try {
      await sendForm();
    } finally {
      update({ isSending: false });
    }
  });
  if (state.problem) focusWrong("main");
}

async function sendForm() {
  if (state.moving === null && state.request === null) await settled();
  const request = state.request ?? (state.moving ? moveOf(state.moving) : booking());
  update({ request });
  saveDraft();
  await send(request);
}

/**
 * Go on with what was begun before the page was loaded again; whether there was anything.
 * @param {boolean} isByLink whether the page was loaded to sign in for it
 */
export async function resume(isByLink) {
  const kept = savedDraft();
  const wasThere = isByLink || /^(details|sign_in)$/.test(placeOf(history.state));
  if (kept === null || !(kept.request || wasThere)) return false;
  update(kept);
  goInstead("details");
  if (state.request) await submit();
  else if (state.moving === null && !keepOn()) await attempt(holdOn);
  return true;
}

/**
 * Search for another time of an appointment.
 * @param {Appointment} moving
 */
export async function startMove(moving) {
  if (state.request !== null) return go("details");
  const month = dateOf(moving.start, state.zone).slice(0, 7);
  update({ moving, month, day: null });
  const isOffered = offering().some(({ id }) => id === moving.doctor_id);
  update({ doctorId: isOffered ? moving.doctor_id : "" });
  go("choose");
  await search();
}

/** Go back to what is free by now. */
export async function chooseAnother() {
  go("choose");
  await freed();
  await refresh();
}

/** Stop a move. */
export async function keepAsItIs() {
  update({ moving: null });
  goInstead("choose");
  await search();
}

/** Begin anew. */
export async function bookAnother() {
  if (state.request !== null) return go("details");
  update({ moving: null, time: null, month: thisMonth(), day: null });
  go("choose");
  await search();
}

/** Keep the time again whose hold has ended. */
export async function keepAgain() {
  await attempt(holdAnew);
}

/** @returns {Request} */
function booking() {
  const { name, email, phone, reason } = state.draft;
  const body = {
    doctor_id: state.time?.doctor_id,
    start: state.time?.start,
    ...wanted(),
    patient: { name, email: email || undefined, phone: phone || undefined },
    reason: reason || undefined,
    hold_id: state.hold?.hold_id,
  };
  return { name: "create_appointment", key: crypto.randomUUID(), body };
}

/** @param {Appointment} moving @returns {Request} */
function moveOf({ id, version }) {
  const body = { appointment_id: id, start: state.time?.start, doctor_id: state.time?.doctor_id };
  return { name: "reschedule_appointment", key: crypto.randomUUID(), body, version };
}

/**
 * Send a request until it is answered, always with its own key: so it happens once.
 * @param {Request} request
 */
async function send({ name, body, key, version }) {
  const attemptOnce = () => post(name, body, { key, version });
  try {
    /** @type {Appointment} */
    const appointment = await untilAnswered(attemptOnce, (waiting) => update({ waiting }));
    finish(appointment);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (!saysNothing(error)) await settle(error);
    if (error.code !== "unknown_hold") throw error;
    // The hold has ended; the time may be free all the same.
    const request = { name, body: { ...body, hold_id: undefined }, key: crypto.randomUUID() };
    update({ request });
    saveDraft();
    await send(request);
  }
}

/**
 * Nothing happened, for sure: the next request is another one.
 * @param {Problem} problem
 */
async function settle({ code }) {
  update({ request: null });
  if (code === "unknown_hold") forget();
  else if (isOfTheTime(code)) {
    release();
    searchAnew();
  }
  if (code === "version_mismatch" && state.moving)
    update({ moving: await get("get_appointment", { appointment_id: state.moving.id }) });
  saveDraft();
}

/** @param {Appointment} appointment */
function finish(appointment) {
  const notice = t(state.moving ? "done.moved" : "done.booked");
  forget();
  if (state.person === null) rememberBooked(appointment.id);
  const draft = { ...state.draft, reason: "" };
  update({ request: null, time: null, moving: null, day: null, draft, appointment });
  saveDraft();
  saveBooked(appointment.id);
  goInstead("done");
  update({ notice });
  outdate();
}

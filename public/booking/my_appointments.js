// The visitor's appointments: those of the account or, where nobody signs in, those that were
// booked in this browser.

import { get, getAll, Problem, post } from "../scripts/api.js";
import { saveCalendarFile } from "../scripts/calendar_file.js";
import { seemsSignedIn } from "../scripts/sign_in.js";
import { t } from "../scripts/texts.js";
import { addDays, dateOf } from "../scripts/times.js";
import { attempt, go } from "./flow.js";
import { outdate, refresh } from "./searching.js";
import { idsBookedHere, state, update } from "./state.js";
import { whenText } from "./when.js";

/** @typedef {import("./state.js").Appointment} Appointment */

const YEAR = 366; // The longest window of days that the functions list.

/** Show them. */
export async function openMine() {
  go("mine");
  await loadMine();
}

/** Load them again. */
export async function loadMine() {
  update({ mine: null });
  await attempt(async () => {
    const own = seemsSignedIn() ? await ofAccount() : null;
    const mine = own ?? (await bookedHere());
    mine.sort((a, b) => Date.parse(a.start) - Date.parse(b.start));
    update({ mine });
  });
}

/**
 * Show one, such as the one that a mail tells of.
 * @param {string} id
 */
export async function openOne(id) {
  go("mine");
  await attempt(async () => {
    /** @type {Appointment} */
    const appointment = await get("get_appointment", { appointment_id: id });
    update({ mine: [appointment], named: id });
    if (appointment.status === "cancelled") tellCancelled(appointment);
  });
}

/**
 * Cancel an appointment. To cancel it again changes nothing.
 * @param {Appointment} appointment
 * @param {string} reason
 */
export async function cancel({ id, version }, reason) {
  await attempt(async () => {
    const body = { appointment_id: id, reason: reason || undefined };
    try {
      const cancelled = await post("cancel_appointment", body, { version });
      replace(cancelled);
      tellCancelled(cancelled);
      outdate();
      await refresh(); // The visitor may have gone on meanwhile.
    } catch (error) {
      if (!(error instanceof Problem && error.code === "version_mismatch")) throw error;
      /** @type {Appointment} */
      const now = await get("get_appointment", { appointment_id: id });
      replace(now);
      if (now.status !== "cancelled") throw error; // Else an answer was lost, and it is done.
    }
  });
}

/** @param {Appointment} cancelled */
function tellCancelled(cancelled) {
  update({ notice: t("mine.cancelled", { when: whenText(cancelled) }), problem: null });
}

/**
 * Save an appointment as a file that calendars read.
 * @param {Appointment} appointment
 */
export async function saveFile({ id }) {
  await attempt(() => saveCalendarFile(id));
}

/** Return those of who is signed in; null where the functions know no accounts. */
async function ofAccount() {
  const today = dateOf(Date.now(), state.zone);
  const others = [addDays(today, -YEAR), addDays(today, YEAR)];
  try {
    const coming = await ofYear(today);
    const lists = [coming, ...(await Promise.all(others.map(ofYear)))];
    // What runs at midnight is in the list of the day before, too.
    return [...new Map(lists.flat().map((each) => [each.id, each])).values()];
  } catch (error) {
    if (error instanceof Problem && error.code === "invalid_request") return null;
    throw error;
  }
}

/** @param {string} start @returns {Promise<Appointment[]>} */
function ofYear(start) {
  const window = { start, end: addDays(start, YEAR - 1) };
  return getAll("list_appointments", "appointments", {
    patient_id: "me",
    ...window,
    status: "all",
  });
}

/** Return those of this browser; where appointments are accounts', this is refused: sign in. */
async function bookedHere() {
  const ids = idsBookedHere();
  // A hold that is not there is let go by everybody who may hold a time, and nothing happens.
  if (ids.length === 0) await post("release_hold", { hold_id: "none" });
  const found = await Promise.all(ids.map(ifThere));
  return found.filter((appointment) => appointment !== null);
}

/** @param {string} id @returns {Promise<Appointment | null>} */
async function ifThere(id) {
  try {
    return await get("get_appointment", { appointment_id: id });
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

/** @param {Appointment} changed */
function replace(changed) {
  const mine = state.mine?.map((each) => (each.id === changed.id ? changed : each)) ?? null;
  const appointment = state.appointment?.id === changed.id ? changed : state.appointment;
  update({ mine, appointment });
}

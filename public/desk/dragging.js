// What dragging and pointing in the grid does. What is refused goes back, and is said where it was dropped.

import { move } from "./changes.js";
import { beginBooking } from "./dialog_state.js";
import { wallSpan } from "./shown.js";
import { state, update } from "./state.js";
import { addMinutes, minutesBetween } from "./wall.js";

/** @typedef {import("./state.js").Appointment} Appointment */
/** @typedef {import("./state.js").Draft} Draft */

const STEP = 15;

/** An appointment was dragged to another time, day or doctor. @param {any} info */
export async function dropped({ event, delta, newResource, jsEvent, revert }) {
  /** @type {Appointment} */
  const appointment = event.extendedProps.appointment;
  const { from, to } = wallSpan(appointment);
  const start = addMinutes(from, minutesIn(delta));
  const doctor_id = newResource?.id ?? appointment.doctor_id;
  await tryMove(
    appointment,
    wantedFrom(doctor_id, start, minutesBetween(from, to)),
    jsEvent,
    revert,
  );
}

/** The length of an appointment was dragged. @param {any} info */
export async function resized({ event, endDelta, jsEvent, revert }) {
  /** @type {Appointment} */
  const appointment = event.extendedProps.appointment;
  const { from, to } = wallSpan(appointment);
  const minutes = minutesBetween(from, to) + minutesIn(endDelta);
  await tryMove(appointment, wantedFrom(appointment.doctor_id, from, minutes), jsEvent, revert);
}

/** Free time was dragged over. @param {any} info */
export function selected({ startStr, endStr, resource }) {
  const doctor_id = resource?.id ?? state.doctorId;
  beginBooking(wantedFrom(doctor_id, startStr, minutesBetween(startStr, endStr)));
}

/** A time was clicked. @param {any} info */
export function pointed({ dateStr, resource }) {
  const past = Number(dateStr.slice(14, 16)) % STEP;
  const { doctor_id, date, time } = wantedFrom(
    resource?.id ?? state.doctorId,
    addMinutes(dateStr, -past),
    0,
  );
  beginBooking({ doctor_id, date, time });
}

/** Break the rule that was in the way. @param {string} rule */
export async function moveAnyway(rule) {
  const { refusal } = state;
  if (refusal === null) return;
  const { appointment, wanted, allow, place } = refusal;
  await tryMove(appointment, wanted, place, () => {}, [...allow, rule]);
}

/**
 * @param {Appointment} appointment
 * @param {Partial<Draft>} wanted
 * @param {{ x: number, y: number }} place
 * @param {() => void} revert
 * @param {string[]} [allow]
 */
async function tryMove(appointment, wanted, { x, y }, revert, allow = []) {
  if (state.isSending) return revert();
  update({ refusal: null });
  await move(appointment, wanted, allow);
  const { problem } = state;
  if (problem === null) return;
  revert();
  update({ refusal: { problem, appointment, wanted, allow, place: { x, y } }, problem: null });
}

/**
 * @param {string} doctor_id
 * @param {string} start
 * @param {number} minutes
 */
function wantedFrom(doctor_id, start, minutes) {
  const [date, time] = start.split("T");
  return { doctor_id, date, time: time.slice(0, 5), minutes: String(minutes) };
}

/** @param {{ days: number, seconds: number }} duration as EventCalendar has it */
function minutesIn({ days, seconds }) {
  return days * 1440 + seconds / 60;
}
